import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { asRelayError, RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { acknowledge } from './acknowledge.ts';
import type { AdminServer } from './admin.ts';
import { isAuthorized, type TokenSettings } from './bearer.ts';
import { copy } from './copy.ts';
import { limitConnections } from './connections.ts';
import { isHostAllowed } from './host-check.ts';
import { answerPost, type Posted } from './json-post.ts';
import { TEXT, type Page } from './page.ts';
import { createPages, type PageSources } from './pages.ts';

export interface AdminAddress extends TokenSettings {
  readonly host: string;
  /** 0: one that the system chooses. */
  readonly port: number;
  /** See isHostAllowed. */
  readonly hosts: readonly string[];
}

export interface AdminOptions extends PageSources {
  readonly logger: Logger;
}

/** What a program shows. */
export interface Site {
  /** Undefined for a path that is none. */
  readonly pageOf: (path: string) => Promise<Page | undefined>;
  /** What takes a POST to the path; undefined where nothing does. */
  readonly postedTo: (path: string) => Posted | undefined;
}

/**
 * Bounds of what clients can hold, slow or hostile ones included: each connection gets one answer and little time for
 * it.
 */
export interface AdminLimits {
  /** See limitConnections. */
  readonly connections: number;
  readonly headerBytes: number;
  /** From the start of a request to the end of its headers, and of the whole request. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long a connection may stand still, before its request or while it is answered. */
  readonly idleMs: number;
  /** How often the first two times are looked at. */
  readonly checkIntervalMs: number;
}

const LIMITS: AdminLimits = {
  connections: 32,
  headerBytes: 8 * 1024,
  headersMs: 3_000,
  requestMs: 5_000,
  idleMs: 5_000,
  checkIntervalMs: 1_000,
};

/** The pages of the relay. Listens until it is closed. Throws ADMIN_PORT_IN_USE or ADMIN_CANNOT_LISTEN. */
export function startAdmin(
  address: AdminAddress,
  options: AdminOptions,
  limits: AdminLimits = LIMITS,
): Promise<AdminServer> {
  const site: Site = { pageOf: createPages(options), postedTo: (path) => postedTo(path, options) };
  return startSite(address, site, options.logger, limits);
}

/** Likewise, for any pages. */
export async function startSite(
  { host, port, hosts, ...secret }: AdminAddress,
  site: Site,
  logger: Logger,
  limits: AdminLimits = LIMITS,
): Promise<AdminServer> {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    },
    (request, response) => {
      if (!isHostAllowed(request.headers.host, hosts)) {
        send(response, text(421, MISDIRECTED));
        return;
      }
      respond(request, response, site, secret).catch((thrown: unknown) => {
        const { code, message, remedy } = asRelayError(thrown);
        logger.error({ path: pathOf(request), code, error: message, remedy }, 'an admin request failed');
        if (response.headersSent) response.destroy();
        else
          send(response, code === 'ADMIN_TOKEN_UNREADABLE' ? text(503, TOKEN_UNREADABLE) : text(500, 'internal error'));
      });
    },
  );
  limitConnections(server, limits.connections);
  server.setTimeout(limits.idleMs);
  const boundPort = await listen(server, host, port);
  server.on('error', (error) => logger.warn({ error: error.message }, 'the admin server could not take a connection'));
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`;

  let closed: Promise<void> | undefined;
  return {
    address,
    close: () => (closed ??= close(server)),
  };
}

const MISDIRECTED =
  'this server is asked for by an address, a name without a dot, or a name that admin.hosts lists; see admin.hosts in docs/configuration.md';

const UNAUTHORIZED = 'this server is asked with Authorization: Bearer and the token that admin.token holds';

/** To anybody: it tells neither the token nor where it stands. Commands know the code again. */
const TOKEN_UNREADABLE =
  'ADMIN_TOKEN_UNREADABLE: this server cannot read the file of admin.token at the moment, so it answers nobody; its log names the file';

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  site: Site,
  secret: TokenSettings,
): Promise<void> {
  const path = pathOf(request);
  if (!isAuthorized(request.headers.authorization, path, secret)) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    send(response, text(401, UNAUTHORIZED));
    return;
  }
  const posted = site.postedTo(path);
  if (posted !== undefined) {
    if (request.method === 'POST') send(response, await answerPost(request, posted));
    else refuse(response, 'POST');
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(response, 'GET, HEAD');
    return;
  }
  send(response, (await site.pageOf(path)) ?? text(404, 'not found; see /'));
}

/** Far more than the ids of all notices. */
const IDS_BYTES = 8 << 10;
/** More than all the keys that one copy takes, each of them with what JSON needs around it. */
const KEYS_BYTES = 4 << 20;

function postedTo(path: string, options: AdminOptions): Posted | undefined {
  if (path === '/acknowledge') return { maxBytes: IDS_BYTES, take: (body) => acknowledge(body, options.acknowledge) };
  return path === '/copy' ? { maxBytes: KEYS_BYTES, take: (body) => copy(body, options.copy) } : undefined;
}

function refuse(response: ServerResponse, allowed: string): void {
  response.setHeader('Allow', allowed);
  send(response, text(405, `only ${allowed.replace(', ', ' and ')}`));
}

function send(response: ServerResponse, { code, contentType, body }: Page): void {
  response.writeHead(code, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(body);
}

function text(code: number, line: string): Page {
  return { code, contentType: TEXT, body: `${line}\n` };
}

/** Without the query, which means nothing here and may be anything. */
function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : port);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): RelayError {
  const details = { host, port, error: error.code ?? error.message };
  if (error.code === 'EADDRINUSE')
    return new RelayError('ADMIN_PORT_IN_USE', `admin.port: port ${port} of ${host} is in use.`, {
      details,
      cause: error,
    });
  const message = `admin.host, admin.port: cannot listen on port ${port} of ${host}: ${error.code ?? error.message}.`;
  return new RelayError('ADMIN_CANNOT_LISTEN', message, { details, cause: error });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

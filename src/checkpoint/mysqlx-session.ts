/**
 * One session of the X Protocol for each use: a checkpoint a second costs less than 1 % of a core that way, and no
 * session has to be watched.
 *
 * The package is loaded only when a checkpoint is kept through it: it is optional, and its license is GPL-2.0.
 */
import { connect, type Socket } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { Collection, getSession as GetSession, Session } from '@mysql/xdevapi';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RelayError } from '../base/errors.ts';
import { currentSecret } from '../config/config.ts';
import { locationOf, mysqlxError, protocolError, type MysqlxPlace } from './mysqlx-errors.ts';

export interface MysqlxAccess extends MysqlxPlace {
  readonly password: string;
  /** Where it stands, when it was read from a file. */
  readonly passwordFile?: string | undefined;
  /** `required`: the certificate is not looked at; the others need `ca`, the path of a PEM file. */
  readonly tls: {
    readonly mode: 'required' | 'verify-ca' | 'verify-identity';
    readonly ca?: string | undefined;
  };
}

/** For everything that one load or save does. */
const DEADLINE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

export class MysqlxSessions {
  readonly #access: MysqlxAccess;
  readonly #clock: Clock;
  #speaksXProtocol = false;

  constructor(access: MysqlxAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /**
   * The result of `work`, which is broken off after 10 s. Whether the server did what was broken off is then not known:
   * it may do it later. Throws CHECKPOINT_STORE_MISSING, CHECKPOINT_REFUSED, CHECKPOINT_UNREACHABLE, and the
   * RelayErrors of `work`.
   */
  async use<T>(work: (session: Session, collection: Collection) => Promise<T>): Promise<T> {
    const { schema, collection } = this.#access;
    const getSession = await loadPackage();
    const over = new AbortController();
    const attempt = async (): Promise<T> => {
      await this.#requireXProtocol();
      const { host, port, user } = this.#access;
      const password = currentSecret(
        this.#access.password,
        this.#access.passwordFile,
        'checkpoint.password',
        'CHECKPOINT_REFUSED',
      );
      const tls = tlsOptions(this.#access);
      const session = await getSession({ host, port, user, password, tls, connectTimeout: CONNECT_TIMEOUT_MS });
      const end = (): void => {
        breakOff(session);
      };
      over.signal.addEventListener('abort', end);
      try {
        over.signal.throwIfAborted();
        const result = await work(session, session.getSchema(schema).getCollection(collection));
        // What was asked for is done: how the session ends does not matter any more.
        await session.close().catch(() => undefined);
        return result;
      } finally {
        end();
      }
    };
    try {
      return await withDeadline(this.#clock, DEADLINE_MS, attempt(), () => this.#tooLate());
    } catch (error) {
      throw mysqlxError(error, this.#access);
    } finally {
      over.abort();
    }
  }

  #tooLate(): RelayError {
    return new RelayError(
      'CHECKPOINT_UNREACHABLE',
      `${locationOf(this.#access)}: no answer within ${DEADLINE_MS / 1000} s`,
    );
  }

  /**
   * The package throws where nobody can catch it when something else answers, such as the port of the classic protocol:
   * the process would end.
   */
  async #requireXProtocol(): Promise<void> {
    if (this.#speaksXProtocol) return;
    const reply = await firstReply(this.#access);
    if (!REPLIES.has(reply[4] ?? 0)) throw protocolError(this.#access);
    this.#speaksXProtocol = true;
  }
}

async function loadPackage(): Promise<typeof GetSession> {
  try {
    const { getSession } = await import('@mysql/xdevapi');
    return getSession;
  } catch (cause) {
    throw new RelayError('CHECKPOINT_STORE_MISSING', 'checkpoint.type is mysqlx, and @mysql/xdevapi cannot be loaded', {
      cause,
    });
  }
}

/**
 * With `ca` the package verifies who signed the certificate; it does not know for which host, and would compare with
 * `localhost`.
 */
function tlsOptions({
  host,
  tls: { mode, ca },
}: MysqlxAccess): NonNullable<Exclude<Parameters<typeof GetSession>[0], string>['tls']> {
  if (mode === 'required' || ca === undefined) return {};
  return mode === 'verify-ca'
    ? { ca }
    : { ca, checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) };
}

/**
 * Frames of the X Protocol: length (4 bytes, little-endian, what follows), type (1 byte). mysqlx.proto:
 * ClientMessages.Type, ServerMessages.Type.
 */
const CAPABILITIES_GET = Buffer.from([1, 0, 0, 0, 1]);
/** ERROR, CONN_CAPABILITIES, NOTICE. In this place the classic protocol has its version, 10. */
const REPLIES: ReadonlySet<number> = new Set([1, 2, 11]);

/** The beginning of what the server says first; empty when it hangs up. */
function firstReply({ host, port }: MysqlxPlace): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    socket
      .once('connect', () => socket.write(CAPABILITIES_GET))
      .once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
      })
      .once('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)))
      .once('error', reject)
      .once('close', () => {
        reject(new Error('the server closed the connection'));
      });
  });
}

/**
 * What session.js and Connection.js of the package have beside their types. Its version is pinned, and there will be no
 * later one.
 */
interface Internals {
  getConnection_(): { getClient(): { getConnection(): Socket } | null };
}

/** `close` waits for the server; this does not, and lets go of the socket, which would keep the process alive. */
function breakOff(session: Session): void {
  (session as Session & Internals).getConnection_().getClient()?.getConnection().destroy();
}

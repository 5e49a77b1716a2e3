/** What commands ask of the admin server of a running relay. */
import { RelayError } from '../base/errors.ts';
import type { Arguments } from './command.ts';
import { currentSecret } from '../config/config.ts';
import { readConfig } from './read-config.ts';

/** Where a relay is asked. */
export interface AdminTarget {
  readonly address: string;
  /** Undefined: it wants none. */
  readonly token: string | undefined;
}

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

/** Of the options of a command that asks. */
export const ADMIN_OPTIONS = { config: { type: 'string' }, url: { type: 'string' } } as const;

/** The one that --url names, with the token of the environment; or else that of the configuration. */
export function adminTarget(args: Arguments): AdminTarget {
  const url = args.text('url');
  if (url !== undefined) return { address: url, token: process.env['ADMIN_TOKEN'] };
  const { enabled, host, port, token, tokenFile } = readConfig(args).admin;
  if (!enabled || port === 0) {
    throw new RelayError(
      'ADMIN_UNREACHABLE',
      enabled ? 'admin.port is 0: the system has chosen one' : 'admin.enabled is false',
      { remedy: 'Name the address with --url; the log of the relay has it, at its start.' },
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return {
    address: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`,
    token: currentToken(token, tokenFile, 'admin.token'),
  };
}

/** `key` names it in the configuration. Throws ADMIN_TOKEN_UNREADABLE. */
export const currentToken = (token: string | undefined, file: string | undefined, key: string): string | undefined =>
  token === undefined ? undefined : currentSecret(token, file, key, 'ADMIN_TOKEN_UNREADABLE');

export const get = (target: AdminTarget, path: string): Promise<Answer> => ask(target, path, undefined);

export const post = (target: AdminTarget, path: string, body: object): Promise<Answer> => ask(target, path, body);

/** A GET; with `body` a POST of it. Throws ADMIN_REFUSED, ADMIN_TOKEN_UNREADABLE, ADMIN_UNREACHABLE. */
async function ask({ address, token }: AdminTarget, path: string, body: object | undefined): Promise<Answer> {
  const response = await reach({ address, token }, path, body);
  if (response.status === 401) {
    const why = token === undefined ? 'wants a token' : 'wants another token';
    throw new RelayError('ADMIN_REFUSED', `${address} ${why}`);
  }
  const text = await response.text().catch((cause: unknown) => {
    throw new RelayError('ADMIN_UNREACHABLE', `${address} broke off its answer: ${reasonOf(cause)}`, { cause });
  });
  if (response.status === 503 && text.startsWith('ADMIN_TOKEN_UNREADABLE'))
    throw new RelayError('ADMIN_TOKEN_UNREADABLE', `${address} cannot read the file of its admin.token`, {
      remedy: 'The log of the relay there names the file: put it back, and let the user of the relay read it.',
    });
  // Asked for by a name that it does not take: it says which setting that is.
  if (response.status === 421) throw new RelayError('ADMIN_UNREACHABLE', `${address} says: ${text.trim()}`);
  try {
    return { code: response.status, body: JSON.parse(text) as unknown };
  } catch (cause) {
    const message = `${address} does not answer as the admin server of a relay (HTTP ${response.status})`;
    throw new RelayError('ADMIN_UNREACHABLE', message, { cause });
  }
}

async function reach({ address, token }: AdminTarget, path: string, body: object | undefined): Promise<Response> {
  try {
    return await fetch(`${address}${path}`, {
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      // Sent on to another address, the token would be told there.
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (cause) {
    throw new RelayError('ADMIN_UNREACHABLE', `${address} cannot be asked: ${reasonOf(cause)}`, { cause });
  }
}

/** Fetch says only that it failed, and why in the cause: `connect ECONNREFUSED 127.0.0.1:8686`. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
  return thrown.cause instanceof Error && thrown.cause.message !== '' ? thrown.cause.message : thrown.message;
}

const ANSWER_MS = 5_000;

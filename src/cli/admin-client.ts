/** What commands ask of the admin server of a running relay. */
import { RelayError } from '../base/errors.ts';
import type { Arguments } from './command.ts';
import { readConfig } from './read-config.ts';

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

/** Of the options of a command that asks. */
export const ADMIN_OPTIONS = { config: { type: 'string' }, url: { type: 'string' } } as const;

/** The one that --url names, or else the configuration. */
export function adminAddress(args: Arguments): string {
  const url = args.text('url');
  if (url !== undefined) return url;
  const { enabled, host, port } = readConfig(args).admin;
  if (!enabled || port === 0) {
    throw new RelayError(
      'ADMIN_UNREACHABLE',
      enabled ? 'admin.port is 0: the system has chosen one' : 'admin.enabled is false',
      { remedy: 'Name the address with --url; the log of the relay has it, at its start.' },
    );
  }
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

export const get = (address: string, path: string): Promise<Answer> => ask(address, path, { method: 'GET' });

export const post = (address: string, path: string, body: object): Promise<Answer> =>
  ask(address, path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

async function ask(address: string, path: string, request: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(`${address}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_MS) });
    return { code: response.status, body: await response.json() };
  } catch (cause) {
    throw new RelayError('ADMIN_UNREACHABLE', `${address} does not answer as the admin server of a relay`, { cause });
  }
}

const ANSWER_MS = 5_000;

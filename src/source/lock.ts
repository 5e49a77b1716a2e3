import { createHash } from 'node:crypto';
import { RelayError } from '../base/errors.ts';
import { SESSION_TIMEOUT_SECONDS, type ControlSession } from './control-session.ts';
import { serverErrorNumber } from './mysql-errors.ts';

export interface LockWaits {
  /** At the start: the server frees the lock of a killed process within moments, once it sees the connection end. A restart at once must not fail. */
  readonly firstSeconds: number;
  /** After a lost connection: the server may still hold the lock for our own old one, until that times out. */
  readonly regainSeconds: number;
}

export const LOCK_WAITS: LockWaits = { firstSeconds: 10, regainSeconds: SESSION_TIMEOUT_SECONDS + 10 };

/** Names of GET_LOCK are at most 64 characters and know no case; an identity may be any text. */
export function lockNameOf(identity: string): string {
  return `binlog-relay.${createHash('sha256').update(identity).digest('hex').slice(0, 40)}`;
}

/**
 * Takes the exclusive lock for as long as the connection lives. Throws SOURCE_LOCKED, naming who holds it as far as the account may see that.
 */
export async function takeLock(session: ControlSession, name: string, waitSeconds: number): Promise<void> {
  const timeoutMs = (waitSeconds + 20) * 1000;
  const [row] = await session.query(`SELECT GET_LOCK(?, ${waitSeconds}) AS taken`, [name], timeoutMs);
  if (row?.['taken'] === '1') return;
  const holder = await holderOf(session, name);
  throw new RelayError('SOURCE_LOCKED', `another relay works on this checkpoint and destination: ${holder}`, {
    details: { lock: name },
    remedy: `Stop one of them. SELECT IS_USED_LOCK('${name}') gives the connection that holds the lock; if its host died, MySQL frees it within ${SESSION_TIMEOUT_SECONDS} s.`,
  });
}

async function holderOf(session: ControlSession, name: string): Promise<string> {
  const [row] = await session.query('SELECT IS_USED_LOCK(?) AS id', [name]);
  const id = row?.['id'];
  if (id === undefined || id === null) return 'it has just ended';
  const host = await hostOf(session, id);
  return host === undefined ? `connection ${id} of the server` : `connection ${id} of the server, from ${host}`;
}

/** An account sees its own connections, and those of others only with PROCESS. */
async function hostOf(session: ControlSession, id: string): Promise<string | undefined> {
  try {
    const rows = await session.query('SHOW PROCESSLIST');
    return rows.find((row) => row['Id'] === id)?.['Host'] ?? undefined;
  } catch (error) {
    if (serverErrorNumber(error) === undefined) throw error;
    return undefined;
  }
}

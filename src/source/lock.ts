import { createHash } from 'node:crypto';
import { RelayError } from '../base/errors.ts';
import { SESSION_TIMEOUT_SECONDS, type ControlSession } from './control-session.ts';
import { serverErrorNumber } from './mysql-errors.ts';

export interface LockWaits {
  /**
   * For another relay: the server frees the lock of a killed process within moments, once it sees the connection end. A
   * restart at once must not fail.
   */
  readonly othersSeconds: number;
  /** For our own session before, should the server not end it when asked to. */
  readonly ownSeconds: number;
}

export const LOCK_WAITS: LockWaits = { othersSeconds: 10, ownSeconds: SESSION_TIMEOUT_SECONDS + 10 };

export interface Lock {
  /** What keeps other relays out. */
  readonly name: string;
  /** Held by the sessions of this process alone: whoever has it is one of ours. */
  readonly own: string;
}

/** Names of GET_LOCK are at most 64 characters and know no case; an identity may be any text. */
export function lockNameOf(identity: string): string {
  return `binlog-relay.${createHash('sha256').update(identity).digest('hex').slice(0, 40)}`;
}

/**
 * Takes the exclusive lock for as long as the connection lives. Our own session before is ended first: the server may
 * not have noticed that it is over. Throws SOURCE_LOCKED, naming who holds it as far as the account may see that.
 */
export async function takeLock(session: ControlSession, { name, own }: Lock, waits: LockWaits): Promise<void> {
  await endPrevious(session, own);
  if (!(await getLock(session, own, waits.ownSeconds))) {
    throw new RelayError('SOURCE_UNREACHABLE', 'the server has not yet ended the connection that was lost');
  }
  if (await getLock(session, name, waits.othersSeconds)) return;
  const holder = await holderOf(session, name);
  throw new RelayError('SOURCE_LOCKED', `another relay works on this checkpoint and destination: ${holder}`, {
    details: { lock: name },
    remedy: `Stop one of them. SELECT IS_USED_LOCK('${name}') gives the connection that holds the lock; if its host died, MySQL frees it within ${SESSION_TIMEOUT_SECONDS} s.`,
  });
}

async function getLock(session: ControlSession, name: string, seconds: number): Promise<boolean> {
  const [row] = await session.query(`SELECT GET_LOCK(?, ${seconds}) AS taken`, [name], (seconds + 20) * 1000);
  return row?.['taken'] === '1';
}

/** An account may end its own connections. */
async function endPrevious(session: ControlSession, own: string): Promise<void> {
  const [row] = await session.query('SELECT IS_USED_LOCK(?) AS id, CONNECTION_ID() AS ours', [own]);
  const id = row?.['id'] ?? undefined;
  if (id === undefined || id === row?.['ours']) return;
  try {
    await session.query(`KILL CONNECTION ${id}`);
  } catch (error) {
    // It has ended meanwhile; or it must not be ended, and then it is waited for.
    if (serverErrorNumber(error) === undefined) throw error;
  }
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

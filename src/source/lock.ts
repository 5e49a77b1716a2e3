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

/**
 * How long what keeps quiet. What was sent while the lock was certain has arrived, or was given up, before the server
 * frees the lock unheard.
 */
export interface LockTimes {
  /** So long after its last word the server frees the lock of a session: of a host that died, or is cut off. */
  readonly sessionSeconds: number;
  /** So long after the newest statement that was answered the lock is certain. */
  readonly certainSeconds: number;
  /** How often it is confirmed: a few chances while it is certain. */
  readonly pingSeconds: number;
}

/** Nobody waits to take over: patient. */
export const LOCK_TIMES: LockTimes = {
  sessionSeconds: SESSION_TIMEOUT_SECONDS,
  certainSeconds: SESSION_TIMEOUT_SECONDS - 10,
  pingSeconds: SESSION_TIMEOUT_SECONDS / 3,
};

const STANDBY_CERTAIN_SECONDS = 10;
const MIN_MARGIN_SECONDS = 5;

/** Others wait to take over: as short as it may be where a send takes at most `sendMs`. */
export const standbyLockTimes = (sendMs: number): LockTimes => ({
  sessionSeconds: STANDBY_CERTAIN_SECONDS + Math.max(MIN_MARGIN_SECONDS, Math.ceil(sendMs / 1000)),
  certainSeconds: STANDBY_CERTAIN_SECONDS,
  pingSeconds: 3,
});

/** Of a relay that stands by and had the lock before: whoever waits has it at once. */
export const standbyLockWaits = ({ sessionSeconds }: LockTimes): LockWaits => ({
  othersSeconds: 2,
  ownSeconds: sessionSeconds + 10,
});

/** One wait of a relay that stands by: a statement that is never answered is noticed soon after. */
const STANDBY_WAIT_SECONDS = 5;
/** Beyond its wait, until the server or the line is taken for dead. */
const ANSWER_SECONDS = 20;
const STANDBY_ANSWER_SECONDS = 5;

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
  await replacePrevious(session, own, waits);
  if (await getLock(session, name, waits.othersSeconds)) return;
  const holder = await describe(session, await holderOf(session, name));
  throw new RelayError('SOURCE_LOCKED', `another relay works on this checkpoint and destination: ${holder}`, {
    details: { lock: name },
    remedy: `Stop one of them, or set ha: standby in both, so that one waits to take over. SELECT IS_USED_LOCK('${name}') gives the connection that holds the lock; if its host died, MySQL frees it within ${SESSION_TIMEOUT_SECONDS} s.`,
  });
}

/**
 * Waits for the lock without end, in turns, so that it is had the moment that the server frees it. `onHolder` is told
 * who has it, at first and whenever that is another connection.
 */
export async function awaitLock(
  session: ControlSession,
  { name, own }: Lock,
  waits: LockWaits,
  onHolder: (holder: string) => void,
): Promise<void> {
  await replacePrevious(session, own, waits);
  let known: string | undefined;
  const isFree = (seconds: number): Promise<boolean> => getLock(session, name, seconds, STANDBY_ANSWER_SECONDS);
  for (let seconds = 0; !(await isFree(seconds)); seconds = STANDBY_WAIT_SECONDS) {
    const id = await holderOf(session, name);
    if (id === undefined || id === known) continue;
    known = id;
    onHolder(await describe(session, id));
  }
}

/** Whether the server says so now; false, too, when it says nothing soon. */
export async function hasLock(session: ControlSession, { name }: Lock): Promise<boolean> {
  try {
    const [row] = await session.query(
      'SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS ours',
      [name],
      STANDBY_ANSWER_SECONDS * 1000,
    );
    return row?.['ours'] === '1';
  } catch {
    return false;
  }
}

async function getLock(
  session: ControlSession,
  name: string,
  seconds: number,
  answerSeconds = ANSWER_SECONDS,
): Promise<boolean> {
  const timeoutMs = (seconds + answerSeconds) * 1000;
  const [row] = await session.query(`SELECT GET_LOCK(?, ${seconds}) AS taken`, [name], timeoutMs);
  return row?.['taken'] === '1';
}

async function replacePrevious(session: ControlSession, own: string, { ownSeconds }: LockWaits): Promise<void> {
  await endPrevious(session, own);
  if (await getLock(session, own, ownSeconds)) return;
  throw new RelayError('SOURCE_UNREACHABLE', 'the server has not yet ended the connection that was lost');
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

/** Id of the connection that has the lock; undefined when none has. */
export async function holderOf(session: ControlSession, name: string): Promise<string | undefined> {
  const [row] = await session.query('SELECT IS_USED_LOCK(?) AS id', [name]);
  return row?.['id'] ?? undefined;
}

async function describe(session: ControlSession, id: string | undefined): Promise<string> {
  if (id === undefined) return 'it has just ended';
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

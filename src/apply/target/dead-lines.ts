import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { lineError } from '../../mysql/thrown.ts';
import type { AnswerRow, Session, Wait } from './target.ts';

/** An answer that comes sooner is not asked about. */
const PATIENCE_MS = 5000;
/**
 * A line may be bringing the statement still, this many bytes in a second. When another session has lost one, this is
 * not waited for: a large one that was on its way is sent again then.
 */
const SLOWEST_BYTES_PER_S = 32_768;
/** For connecting, the list and the ending of sessions. */
const LOOK_MS = 10_000;

const LIST = 'SHOW PROCESSLIST';
const UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'";
/** It is told in whole seconds. */
const UPTIME_STEP_MS = 1000;

/** What was seen of a session that the server does nothing for. */
interface Seen {
  readonly wait: Wait;
  readonly heardBytes: number;
  readonly said: Said;
}

/** What a server has answered. */
export interface Answer {
  readonly list: readonly AnswerRow[];
  /** How long it has been running. */
  readonly uptimeMs: number;
}

/** What that says of a session. */
export type Said =
  /** It says nothing of it: another server, or a proxy that numbers connections in its own way. */
  | 'nothing'
  | 'works'
  /** It waits for a statement. */
  | 'idle'
  /** It has no such session. */
  | 'gone';

/**
 * Gives up sessions whose line is dead. A half-open line tells nobody: here the answer is waited for, there the
 * statement, and the locks of its transaction stay. So the server is asked on another connection what the session
 * does. Where it does nothing at two looks, while nothing is heard of it, the statement or its answer was lost.
 *
 * SHOW PROCESSLIST shows an account its own sessions without any grant, and it may KILL them.
 */
export class DeadLines {
  readonly #open: () => Promise<Session>;
  readonly #clock: Clock;
  #idle: ReadonlyMap<Session, Seen> = new Map();
  /** Statements that have come to the server: only the answer can be on its way. */
  readonly #arrived = new WeakSet<Wait>();
  #looks = false;
  #asked: Session | undefined;

  constructor(open: () => Promise<Session>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /** Whether it has given up any. Never throws: a server that cannot be asked says nothing of its sessions. */
  async look(sessions: Iterable<Session>): Promise<boolean> {
    if (this.#looks) return false;
    this.#looks = true;
    const late = [...sessions].filter(({ waits }) => waits !== undefined && this.#waitedMs(waits) >= PATIENCE_MS);
    try {
      this.#idle = late.length === 0 ? new Map() : await this.#ask(late);
    } catch {
      this.#idle = new Map();
    } finally {
      this.#looks = false;
    }
    return late.some(({ isOver }) => isOver);
  }

  /** Ends a look that is under way. */
  close(): void {
    this.#asked?.destroy();
  }

  #waitedMs({ sinceMs }: Wait): number {
    return this.#clock.monotonic() - sinceMs;
  }

  async #ask(late: readonly Session[]): Promise<ReadonlyMap<Session, Seen>> {
    let isTooLate = false;
    const opening = this.#open();
    const work = opening.then((asked) => {
      if (isTooLate) return new Map<Session, Seen>();
      this.#asked = asked;
      return this.#lookFrom(asked, late);
    });
    try {
      return await withDeadline(this.#clock, LOOK_MS, work, () => lineError(`not asked within ${LOOK_MS / 1000} s`));
    } finally {
      isTooLate = true;
      opening.then(
        (asked) => asked.destroy(),
        () => undefined,
      );
    }
  }

  /** Those that are idle, and were not given up. */
  async #lookFrom(asked: Session, late: readonly Session[]): Promise<ReadonlyMap<Session, Seen>> {
    const idle = await this.#idleOf(asked, late);
    const lost = [...idle].filter(([session, seen]) => isSame(this.#idle.get(session), seen));
    if (lost.every(([, { wait }]) => this.#mayCome(wait))) return idle;
    for (const [session, seen] of lost) await this.#giveUp(asked, session, seen);
    return new Map([...idle].filter(([session]) => !session.isOver));
  }

  async #idleOf(asked: Session, late: readonly Session[]): Promise<ReadonlyMap<Session, Seen>> {
    const before = late.map((session) => ({ session, wait: session.waits, heardBytes: session.heardBytes }));
    const [uptime] = await asked.query(UPTIME);
    const answer = { list: await asked.query(LIST), uptimeMs: Number(uptime?.['Value'] ?? 0) * 1000 };
    const idle = new Map<Session, Seen>();
    for (const { session, wait, heardBytes } of before) {
      // It was answered before this look, or meanwhile.
      if (wait === undefined || session.waits !== wait) continue;
      const said = saidOf(answer, asked, session, this.#clock.monotonic() - session.beganMs);
      if (said === 'works') this.#arrived.add(wait);
      if (said === 'idle' || said === 'gone') idle.set(session, { wait, heardBytes, said });
    }
    return idle;
  }

  #mayCome(wait: Wait): boolean {
    const ms = this.#arrived.has(wait) ? 0 : (wait.bytes / SLOWEST_BYTES_PER_S) * 1000;
    return this.#waitedMs(wait) < PATIENCE_MS + ms;
  }

  /** First in the server, so that what comes next need not wait for its locks. */
  async #giveUp(asked: Session, session: Session, { wait, said }: Seen): Promise<void> {
    // Others were ended before it: its answer may have come.
    if (session.waits !== wait) return;
    // It may have ended by itself.
    if (said === 'idle') await asked.query(`KILL ${session.server.connectionId}`).catch(() => undefined);
    if (asked.isOver || session.waits !== wait) return;
    const seconds = Math.floor(this.#waitedMs(wait) / 1000);
    session.destroy(`no answer to a statement for ${seconds} s, and the server is at none: it was lost, or its answer`);
  }
}

const isSame = (before: Seen | undefined, now: Seen): boolean =>
  before?.wait === now.wait && before.heardBytes === now.heardBytes;

/** `asked`: the session that has asked; `ageMs`: since the other one has begun. */
export function saidOf({ list, uptimeMs }: Answer, asked: Session, session: Session, ageMs: number): Said {
  if (asked.server.instance !== session.server.instance) return 'nothing';
  const rowOf = ({ server }: Session): AnswerRow | undefined => list.find((row) => row['Id'] === server.connectionId);
  if (rowOf(asked)?.['Info'] !== LIST) return 'nothing';
  const row = rowOf(session);
  // A server that was started since counts from the beginning: the number is that of another session.
  if (row === undefined || uptimeMs + UPTIME_STEP_MS < ageMs) return 'gone';
  return row['Command'] === 'Sleep' ? 'idle' : 'works';
}

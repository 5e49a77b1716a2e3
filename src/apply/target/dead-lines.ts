import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { RelayError } from '../../base/errors.ts';
import type { AnswerRow, Session, Wait } from './target.ts';

/** An answer that comes sooner is not asked about. */
const PATIENCE_MS = 5000;
/** A line may be bringing the statement still, this many bytes in a second, unless another one was lost as well. */
const SLOWEST_BYTES_PER_S = 8192;
/** For connecting, the list and the ending of sessions. */
const LOOK_MS = 10_000;

const LIST = 'SHOW PROCESSLIST';

/** What was seen of a session that the server has nothing to do for. */
interface Seen {
  readonly wait: Wait;
  readonly heardBytes: number;
}

/**
 * Gives up sessions whose line is dead. A half-open line tells nobody: here the answer is waited for, there the
 * statement, and the locks of its transaction stay. So the server is asked on another connection what the session
 * does. Where it waits for a statement twice, while nothing is heard of it, the statement or its answer was lost.
 *
 * SHOW PROCESSLIST shows an account its own sessions without any grant, and it may KILL them.
 */
export class DeadLines {
  readonly #open: () => Promise<Session>;
  readonly #clock: Clock;
  #idle: ReadonlyMap<Session, Seen> = new Map();
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
    try {
      const late = [...sessions].filter(({ waits }) => waits !== undefined && this.#waitedMs(waits) >= PATIENCE_MS);
      this.#idle = late.length === 0 ? new Map() : await this.#ask(late);
      return late.some(({ isOver }) => isOver);
    } catch {
      this.#idle = new Map();
      return false;
    } finally {
      this.#looks = false;
    }
  }

  /** Ends a look that is under way. */
  close(): void {
    this.#asked?.destroy();
  }

  #waitedMs({ sinceMs }: Wait): number {
    return this.#clock.monotonic() - sinceMs;
  }

  #mayCome(wait: Wait): boolean {
    return this.#waitedMs(wait) < PATIENCE_MS + (wait.bytes / SLOWEST_BYTES_PER_S) * 1000;
  }

  async #ask(late: readonly Session[]): Promise<ReadonlyMap<Session, Seen>> {
    const opening = this.#open();
    const work = opening.then((asked) => this.#lookFrom((this.#asked = asked), late));
    const tooLate = (): Error => new RelayError('TARGET_UNREACHABLE', `not asked within ${LOOK_MS / 1000} s`);
    try {
      return await withDeadline(this.#clock, LOOK_MS, work, tooLate);
    } finally {
      opening.then(
        (asked) => asked.destroy(),
        () => undefined,
      );
    }
  }

  async #lookFrom(asked: Session, late: readonly Session[]): Promise<ReadonlyMap<Session, Seen>> {
    const before = new Map(late.map((session) => [session, seenOf(session)]));
    const list = await asked.query(LIST);
    const idle = new Map<Session, Seen>();
    for (const [session, seen] of before) {
      // Otherwise it was answered in the meantime, or is at the next statement.
      if (seen !== undefined && session.waits === seen.wait && isIdle(list, asked, session)) idle.set(session, seen);
    }
    const lost = [...idle].filter(([session, seen]) => isSame(this.#idle.get(session), seen));
    if (lost.every(([, { wait }]) => this.#mayCome(wait))) return idle;
    for (const [session, seen] of lost) await this.#giveUp(asked, session, seen);
    return new Map([...idle].filter(([session]) => !session.isOver));
  }

  async #giveUp(asked: Session, session: Session, { wait }: Seen): Promise<void> {
    const seconds = Math.floor(this.#waitedMs(wait) / 1000);
    session.destroy(
      `no answer to a statement for ${seconds} s, and the server waits for one: the line has lost it, or its answer`,
    );
    // What it has locked is free again at once. Where the server has ended it, there is nothing to do.
    await asked.query(`KILL ${session.server.connectionId}`).catch(() => undefined);
  }
}

function seenOf({ waits, heardBytes }: Session): Seen | undefined {
  return waits === undefined ? undefined : { wait: waits, heardBytes };
}

const isSame = (before: Seen | undefined, now: Seen): boolean =>
  before?.wait === now.wait && before.heardBytes === now.heardBytes;

/** Whether the server that was asked has nothing to do for the session, or does not know it any more. */
export function isIdle(list: readonly AnswerRow[], asked: Session, session: Session): boolean {
  // Behind one address there may be several servers, or a proxy that numbers connections in its own way.
  if (asked.server.instance !== session.server.instance) return false;
  const rowOf = ({ server }: Session): AnswerRow | undefined => list.find((row) => row['Id'] === server.connectionId);
  if (rowOf(asked)?.['Info'] !== LIST) return false;
  const row = rowOf(session);
  return row === undefined || row['Command'] === 'Sleep';
}

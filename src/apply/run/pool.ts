import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import type { Session } from '../target/target.ts';

/**
 * What a session has from its beginning may be the cause: when the operator has set it otherwise for all, only another
 * session has it.
 */
const OF_SESSION: ReadonlySet<string> = new Set([
  'TARGET_UNSUITABLE',
  'TARGET_READ_ONLY',
  'TARGET_GRANT_MISSING',
  'TARGET_ERROR',
]);

/**
 * When a machine or a line dies between the rows and their COMMIT, the server does not hear of it: it rolls back, and
 * lets go of the locks, after this long. Its own default is 8 hours.
 */
const SERVER_WAITS_S = 120;
/** A session that was not used for so long is not used again: the server might be ending it. */
const KEPT_IDLE_MS = 60_000;

/** So many sessions as there may be at the same time, each made when it is needed first. */
export class SessionPool {
  readonly #open: () => Promise<Session>;
  readonly #clock: Clock;
  readonly #idle: { readonly session: Session; readonly sinceMs: number }[] = [];
  readonly #all = new Set<Session>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(size: number, open: () => Promise<Session>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    this.#free = size;
  }

  /** What `task` gives with a session of its own. Throws what opening it, or the task, throws. */
  async with<T>(task: (session: Session) => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#run(task);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #run<T>(task: (session: Session) => Promise<T>): Promise<T> {
    const kept = this.#kept();
    const session = kept ?? (await this.#open());
    this.#all.add(session);
    try {
      if (kept === undefined) await session.query(`SET SESSION wait_timeout = ${SERVER_WAITS_S}`);
      return await task(session);
    } catch (thrown) {
      if (thrown instanceof RelayError && OF_SESSION.has(thrown.code)) session.destroy();
      throw thrown;
    } finally {
      if (session.isOver) this.#all.delete(session);
      else this.#idle.push({ session, sinceMs: this.#clock.monotonic() });
    }
  }

  /** The one that was used last, and last in the list. */
  #kept(): Session | undefined {
    const oldestMs = this.#clock.monotonic() - KEPT_IDLE_MS;
    for (let [oldest] = this.#idle; oldest !== undefined && oldest.sinceMs <= oldestMs; [oldest] = this.#idle) {
      this.#idle.shift();
      this.#end(oldest.session);
    }
    let last = this.#idle.pop()?.session;
    for (; last?.isOver === true; last = this.#idle.pop()?.session) this.#all.delete(last);
    return last;
  }

  #end(session: Session): void {
    this.#all.delete(session);
    session.destroy();
  }

  /** Ends those that are not in use: what has happened to others may have happened to them. */
  endIdle(): void {
    for (const { session } of this.#idle.splice(0)) this.#end(session);
  }

  /** All that are open, in use or not. */
  sessions(): Iterable<Session> {
    return this.#all;
  }

  /** Since when the statement that has waited for longest has had no answer, on the monotonic clock. */
  waitsSinceMs(): number | undefined {
    const waits = [...this.#all].flatMap(({ waits }) => waits?.sinceMs ?? []);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Ends all of them at once; what is under way fails. */
  close(): void {
    for (const session of this.#all) session.destroy();
    this.#all.clear();
    this.#idle.length = 0;
  }
}

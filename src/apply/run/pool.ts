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

/** So many sessions as there may be at the same time, each made when it is needed first. */
export class SessionPool {
  readonly #open: () => Promise<Session>;
  readonly #idle: Session[] = [];
  readonly #all = new Set<Session>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(size: number, open: () => Promise<Session>) {
    this.#open = open;
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
    let session = this.#idle.pop();
    while (session?.isOver === true) {
      this.#all.delete(session);
      session = this.#idle.pop();
    }
    session ??= await this.#open();
    this.#all.add(session);
    try {
      return await task(session);
    } catch (thrown) {
      if (thrown instanceof RelayError && OF_SESSION.has(thrown.code)) session.destroy();
      throw thrown;
    } finally {
      if (session.isOver) this.#all.delete(session);
      else this.#idle.push(session);
    }
  }

  /** Since when the statement that has waited for longest has had no answer, on the monotonic clock. */
  waitsSinceMs(): number | undefined {
    const waits = [...this.#all].flatMap(({ waitsSinceMs }) => waitsSinceMs ?? []);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Ends all of them at once; what is under way fails. */
  close(): void {
    for (const session of this.#all) session.destroy();
    this.#all.clear();
    this.#idle.length = 0;
  }
}

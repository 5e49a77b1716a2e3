import type { Clock } from '../../../src/base/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told: sleeps end when `advance` passes them. */
export class ManualClock implements Clock {
  readonly #beginsMs: number;
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** `beginsMs`: since 1970. Not given: before every recorded binlog, so that none of them is a backlog. */
  constructor(beginsMs = 1_700_000_000_000) {
    this.#beginsMs = beginsMs;
  }

  now(): number {
    return this.#beginsMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { atMs: this.#nowMs + ms, wake };
      this.#sleepers.add(sleeper);
      if (signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  every(): () => void {
    throw new Error('not used here');
  }

  /** Sleeps that have not ended. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves on and lets everything run that was waiting for it. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.atMs > this.#nowMs) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await settled();
  }
}

/** Everything that can go on without time or I/O has gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

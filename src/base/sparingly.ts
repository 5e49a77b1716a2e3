import type { Clock } from './clock.ts';

/**
 * Lets something happen at once, and then at most once per `intervalMs`: eight lanes that retry for an hour are one
 * line in ten seconds.
 */
export class Sparingly {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #lastMs: number | undefined;
  #suppressed = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Calls `task` if it is time, with how often it was not called since the last time. */
  do(task: (suppressed: number) => void): void {
    const nowMs = this.#clock.monotonic();
    if (this.#lastMs !== undefined && nowMs - this.#lastMs < this.#intervalMs) {
      this.#suppressed += 1;
      return;
    }
    this.#lastMs = nowMs;
    task(this.#suppressed);
    this.#suppressed = 0;
  }
}

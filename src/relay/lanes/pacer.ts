import type { Clock } from '../../base/clock.ts';

/** Turns that are at hand after a time of rest. */
const BURST = 32;

/**
 * Gives at most `requestsPerSecond` turns to send a second, in the order in which they are asked for. A request costs
 * client, broker and reader the same whether it carries one row or a thousand: while a lane waits for its turn, rows
 * gather in its messages.
 */
export class Pacer {
  readonly #intervalMs: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** When the next turn would be, were there no bursts. */
  #nextMs = 0;

  /** `requestsPerSecond`: Infinity for no limit. */
  constructor(requestsPerSecond: number, clock: Pick<Clock, 'monotonic'>) {
    this.#intervalMs = 1000 / requestsPerSecond;
    this.#clock = clock;
  }

  /** Takes the next turn; returns the milliseconds until it comes. */
  takeTurn(): number {
    const nowMs = this.#clock.monotonic();
    this.#nextMs = Math.max(this.#nextMs, nowMs);
    const waitMs = this.#nextMs - nowMs - BURST * this.#intervalMs;
    this.#nextMs += this.#intervalMs;
    return Math.max(waitMs, 0);
  }
}

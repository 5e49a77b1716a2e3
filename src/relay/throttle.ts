import type { HeldBytes } from '../base/growing-bytes.ts';
import type { Tap } from '../source/source.ts';

/** Reading goes on when no more than this share of the budget is held: neither a stop at every message, nor an empty outbox. */
const RESUME_SHARE = 0.75;

/**
 * Stops reading while too much is held, or while a statement waits to be acknowledged. Invariant 3: what is held stays below the budget and one event. Invariant 11: by pausing the socket, never by
 * closing it.
 */
export class Throttle {
  isPaused = false;
  readonly #held: HeldBytes;
  readonly #heldBytesLimit: number;
  readonly #isBlocked: () => boolean;
  readonly #takeUp: () => void;
  #tap: Tap | undefined;
  #announceRoom: () => void = () => undefined;

  /** `isBlocked`: nothing more may be read, however much room there is; tell `released` when that is over. `takeUp` goes on with an event that was left half-way for want of room. It may call `added`. */
  constructor(held: HeldBytes, heldBytesLimit: number, isBlocked: () => boolean, takeUp: () => void) {
    this.#held = held;
    this.#heldBytesLimit = heldBytesLimit;
    this.#isBlocked = isBlocked;
    this.#takeUp = takeUp;
  }

  get hasRoom(): boolean {
    return this.#held.bytes < this.#heldBytesLimit && !this.#isBlocked();
  }

  /** `tap` is the one of the session that is read from now; undefined: none. */
  attach(tap: Tap | undefined): void {
    this.#tap = tap;
    if (this.isPaused) tap?.pause();
  }

  /** More is held. */
  added(): void {
    if (this.isPaused || this.hasRoom) return;
    this.isPaused = true;
    this.#tap?.pause();
  }

  /** Less is held. */
  released(): void {
    if (!this.isPaused || this.#isBlocked() || this.#held.bytes > this.#heldBytesLimit * RESUME_SHARE) return;
    this.#takeUp();
    if (!this.hasRoom) return;
    this.isPaused = false;
    this.#tap?.resume();
    this.#announceRoom();
  }

  /** Resolves when there is room to read, or `signal` aborts: a new connection brings events before it can be paused. */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.isPaused || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#announceRoom = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

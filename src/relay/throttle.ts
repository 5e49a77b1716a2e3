import type { HeldBytes } from '../base/growing-bytes.ts';
import type { Session } from '../source/source.ts';

/** Reading goes on when no more than this share of the budget is held: neither a stop at every message, nor an empty outbox. */
const RESUME_SHARE = 0.75;

/**
 * Stops reading while too much is held. Invariant 3: what is held stays below the budget and one event. Invariant 11: by pausing the socket, never by
 * closing it.
 */
export class Throttle {
  isPaused = false;
  readonly #held: HeldBytes;
  readonly #heldBytesLimit: number;
  #session: Session | undefined;
  #announceRoom: () => void = () => undefined;

  constructor(held: HeldBytes, heldBytesLimit: number) {
    this.#held = held;
    this.#heldBytesLimit = heldBytesLimit;
  }

  /** `session` is the one that is read from now; undefined: none. */
  attach(session: Session | undefined): void {
    this.#session = session;
    if (this.isPaused) session?.pause();
  }

  /** More is held. */
  added(): void {
    if (this.isPaused || this.#held.bytes < this.#heldBytesLimit) return;
    this.isPaused = true;
    this.#session?.pause();
  }

  /** Less is held. */
  released(): void {
    if (!this.isPaused || this.#held.bytes > this.#heldBytesLimit * RESUME_SHARE) return;
    this.isPaused = false;
    this.#session?.resume();
    this.#announceRoom();
  }

  /** Resolves when there is room to read, or `signal` aborts: a new connection brings events before it can be paused. */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.isPaused || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#announceRoom = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

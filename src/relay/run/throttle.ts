import type { HeldBytes } from '../../base/growing-bytes.ts';
import type { Tap } from '../../source/source.ts';

/**
 * Reading goes on when no more than this share of the budget is held: neither a stop at every message, nor an empty
 * outbox.
 */
const RESUME_SHARE = 0.75;

/** What was read and is not taken yet, see Intake. */
export interface Untaken {
  readonly isBusy: boolean;
  /** False when nothing will be taken any more. */
  takeUp(): boolean;
}

/**
 * Stops reading while too much is held, while a statement waits to be acknowledged, and while a transaction that was
 * read is not taken whole. Invariant 3: what is held stays below the budget and one event or one small transaction.
 * Invariant 11: by pausing the socket, never by closing it.
 */
export class Throttle {
  isPaused = false;
  readonly #messages: HeldBytes;
  readonly #events: HeldBytes;
  readonly #heldBytesLimit: number;
  readonly #isBlocked: () => boolean;
  readonly #untaken: Untaken;
  #isTurnScheduled = false;
  #tap: Tap | undefined;
  #announceRoom: () => void = () => undefined;

  /**
   * `messages` and `events` are what is held of each. `isBlocked`: nothing more may be read, however much room there
   * is; tell `released` when that is over.
   */
  constructor(
    messages: HeldBytes,
    events: HeldBytes,
    heldBytesLimit: number,
    isBlocked: () => boolean,
    untaken: Untaken,
  ) {
    this.#messages = messages;
    this.#events = events;
    this.#heldBytesLimit = heldBytesLimit;
    this.#isBlocked = isBlocked;
    this.#untaken = untaken;
  }

  get hasRoom(): boolean {
    return this.#isBelow(this.#heldBytesLimit) && !this.#isBlocked();
  }

  /** As much is held as may be. */
  get isFull(): boolean {
    return !this.#isBelow(this.#heldBytesLimit);
  }

  /** `tap` is the one of the session that is read from now; undefined: none. */
  attach(tap: Tap | undefined): void {
    this.#tap = tap;
    if (this.isPaused) tap?.pause();
  }

  /** An event was read: more may be held. */
  added(): void {
    if (this.isPaused || (this.hasRoom && !this.#untaken.isBusy)) return;
    this.isPaused = true;
    this.#tap?.pause();
    this.#takeUpNextTurn();
  }

  /** Less is held. */
  released(): void {
    if (!this.isPaused || this.#isBlocked() || !this.#isBelow(this.#heldBytesLimit * RESUME_SHARE)) return;
    if (!this.#untaken.takeUp()) return;
    if (this.#untaken.isBusy) this.#takeUpNextTurn();
    else if (this.hasRoom) {
      this.isPaused = false;
      this.#tap?.resume();
      this.#announceRoom();
    }
  }

  /**
   * Without messages nobody would say when to go on, and the end of a transaction has to be read before its events can
   * go.
   */
  #isBelow(bytes: number): boolean {
    return this.#messages.bytes === 0 || this.#messages.bytes + this.#events.bytes < bytes;
  }

  /**
   * While there is room but more was read than one turn of the event loop should take, nobody else would say when to go
   * on.
   */
  #takeUpNextTurn(): void {
    if (this.#isTurnScheduled || !this.hasRoom) return;
    this.#isTurnScheduled = true;
    setImmediate(() => {
      this.#isTurnScheduled = false;
      this.released();
    });
  }

  /**
   * Resolves when there is room to read, or `signal` aborts: a new connection brings events before it can be paused.
   */
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

import type { StartPosition } from '../../source/source.ts';
import { hasReached } from '../progress/reached.ts';

interface SeenHead {
  readonly head: StartPosition;
  /** Monotonic. */
  readonly seenMs: number;
}

/** Behind for longer than this: catching up. */
const BEHIND_MS = 10_000;
/** And until it is less than this. The server is asked every 5 s. */
const CLOSE_MS = 5_000;
/** Of more the older half is thinned out: a relay may be behind for days. */
const MAX_HEADS = 64;

/**
 * How long ago the server was where the relay has come to: the age of the oldest of the server's newest positions that
 * is not reached yet. It is taken with the relay's own clock, so that no clock of a server can shift it.
 *
 * With two thresholds, so that a busy source does not alternate: something is always on its way there.
 */
export class Distance {
  #isBehind = true;
  /** Since the session was opened. */
  #hasReachedOne = false;
  #unreached: readonly SeenHead[] = [];
  #newest: SeenHead | undefined;

  /** A session was opened. Until the server's newest position is known and reached, the relay counts as behind. */
  sessionOpened(): void {
    this.#isBehind = true;
    this.#hasReachedOne = false;
    this.#unreached = this.#newest === undefined ? [] : [this.#newest];
  }

  /** `head`: undefined when the server could not be asked. */
  headSeen(head: StartPosition | undefined, nowMs: number): void {
    this.#newest = head === undefined ? undefined : { head, seenMs: nowMs };
    if (this.#newest === undefined) return;
    if (this.#unreached.length === MAX_HEADS) this.#unreached = this.#unreached.filter((_, n) => n % 2 === 0);
    this.#unreached = [...this.#unreached, this.#newest];
  }

  /** In words, undefined when the relay is not behind; `reached`: everything before it is acknowledged. */
  behind(reached: StartPosition, nowMs: number): string | undefined {
    const behindMs = this.#behindMs(reached, nowMs);
    if (this.#isBehind) this.#isBehind = !this.#hasReachedOne || behindMs > CLOSE_MS;
    else this.#isBehind = behindMs > BEHIND_MS;
    if (!this.#isBehind) return undefined;
    if (this.#hasReachedOne) return `behind the server by ${Math.round(behindMs / 1000)} s`;
    return this.#unreached.length === 0
      ? 'how far the server is, is not known yet'
      : 'has not reached yet what the server had when the session was opened';
  }

  #behindMs(reached: StartPosition, nowMs: number): number {
    for (;;) {
      const [oldest] = this.#unreached;
      if (oldest === undefined) return 0;
      if (!hasReached(reached, oldest.head)) return nowMs - oldest.seenMs;
      this.#hasReachedOne = true;
      this.#unreached = this.#unreached.slice(1);
    }
  }
}

/** What moves while the relay gets on. */
export interface Movement {
  /** Changes with whatever is read. */
  readonly readTo: string;
  readonly acknowledgedMessages: number;
  /** Of each lane the number of the message that is on its way, undefined when none is. */
  readonly inFlight: readonly (number | undefined)[];
}

/** Long enough for a large transaction to be written to disk by a slow server, and for a broker to be elected. */
const STUCK_MS = 30_000;

/**
 * Notices when the relay stands still: for half a minute nothing was read and nothing acknowledged, or one lane has
 * waited all that time for the same message, whatever the others do. The low-water mark says nothing of this: it stays
 * where it is during one large transaction.
 *
 * To be told every few seconds while there is something to do, and `reset` when there is not.
 */
export class StandStill {
  #moved = '';
  #movedMs = 0;
  #lanes: { readonly message: number; readonly sinceMs: number }[] = [];

  reset(): void {
    this.#moved = '';
    this.#lanes = [];
  }

  /** `nowMs`: monotonic. */
  isStuck({ readTo, acknowledgedMessages, inFlight }: Movement, nowMs: number): boolean {
    const moved = `${readTo} ${acknowledgedMessages}`;
    if (moved !== this.#moved) {
      this.#moved = moved;
      this.#movedMs = nowMs;
    }
    this.#lanes = inFlight.map((message = 0, lane) => {
      const before = this.#lanes[lane];
      return message !== 0 && before?.message === message ? before : { message, sinceMs: nowMs };
    });
    return [this.#movedMs, ...this.#lanes.map(({ sinceMs }) => sinceMs)].some((sinceMs) => nowMs - sinceMs > STUCK_MS);
  }
}

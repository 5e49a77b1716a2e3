import type { Clock } from '../../base/clock.ts';
import { isAborted } from '../../base/retry.ts';
import type { Progress } from '../../format/format.ts';
import type { Head, StartPosition } from '../../source/source.ts';
import { hasReached } from './reached.ts';

export interface ProgressMessagesOptions {
  /** Undefined: there are none. */
  readonly intervalMs: number | undefined;
  readonly epoch: number;
  /** See Intake. */
  readonly intake: {
    readonly isBusy: boolean;
    readonly position: StartPosition;
    readonly lastCommitMs: number;
  };
  /** The lanes; see Outbox. */
  readonly outbox: {
    readonly isBlocked: boolean;
    say(progress: Progress): void;
    flush(): void;
  };
  /** As much is held as may be. */
  readonly isFull: () => boolean;
  readonly clock: Clock;
}

/**
 * Says in every lane, every few seconds, how far the stream is: that everything up to a transaction boundary that
 * belongs to the lane is before the message, and nothing that comes after the boundary.
 *
 * What the lanes have been given then ends at that boundary, so it needs neither a barrier nor a wait. While a
 * transaction is taken in several steps it does not: the message is due, and said when the transaction is taken whole.
 * What was read of a transaction that has not ended is in no lane, and in the way of nothing. A message that is due
 * while a statement waits or the budget is full is said later, once. Invariant 21.
 */
export class ProgressMessages {
  readonly #options: ProgressMessagesOptions;
  #isDue = false;
  #said = 0;
  /** When nothing had been committed that was not read, on the clock of the source; 0 before it was known. */
  #caughtUpMs = 0;

  constructor(options: ProgressMessagesOptions) {
    this.#options = options;
  }

  /** Until `ended` aborts; nothing is said after that. */
  async run(ended: AbortSignal): Promise<void> {
    const { intervalMs, clock } = this.#options;
    if (intervalMs === undefined) return;
    ended.addEventListener('abort', () => (this.#isDue = false), { once: true });
    for (;;) {
      await clock.sleep(intervalMs, ended);
      if (isAborted(ended)) return;
      this.#isDue = true;
      this.#sayIfStill();
    }
  }

  /** To be called at every boundary of the stream. */
  boundary(): void {
    if (this.#isDue) this.#say();
  }

  /** A statement is acknowledged, which nothing may pass. */
  passable(): void {
    if (this.#isDue) this.#sayIfStill();
  }

  /** The newest position of the source, which it was asked for just now. */
  headSeen(head: Head): void {
    const { intervalMs, intake } = this.#options;
    if (intervalMs === undefined || head.asOfMs === undefined || !hasReached(intake.position, head)) return;
    this.#caughtUpMs = Math.max(this.#caughtUpMs, head.asOfMs);
  }

  /** Between two reads: an idle stream may be at its boundary for hours. */
  #sayIfStill(): void {
    const { intake, outbox } = this.#options;
    if (intake.isBusy) return;
    this.#say();
    outbox.flush();
  }

  #say(): void {
    const { intake, outbox, isFull, epoch } = this.#options;
    const asOfMs = Math.max(intake.lastCommitMs, this.#caughtUpMs);
    if (outbox.isBlocked || isFull() || asOfMs === 0) return;
    this.#isDue = false;
    this.#said += 1;
    const { file, offset, gtidSet = '' } = intake.position;
    const source = `progress/${epoch}`;
    outbox.say({ source, change: `${this.#said}#0`, position: `${file}:${offset}`, gtidSet, asOfMs });
  }
}

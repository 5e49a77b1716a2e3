import type { Clock } from '../base/clock.ts';
import { asRelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import type { StartPosition } from '../source/source.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import type { NoticeBoard } from './notices.ts';
import { isAborted } from './retry.ts';
import type { StatusBoard } from './status.ts';

export interface CheckpointKeeperOptions {
  readonly store: CheckpointStore;
  /** The checkpoint that this run has stored before its first send. */
  readonly base: Checkpoint;
  readonly mark: LowWaterMark;
  readonly notices: NoticeBoard;
  readonly intervalMs: number;
  readonly status: StatusBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Stores the low-water mark and the notices of a run whenever they have changed. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  #stored: StartPosition;
  #storedNotices: number;
  #wake: () => void = () => undefined;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#stored = options.base;
    this.#storedNotices = options.notices.version;
  }

  /** Stores every `intervalMs` until `ended`, trying again what can be tried again. Throws the RelayError that can not. */
  async keep(ended: AbortSignal): Promise<void> {
    const { intervalMs, status, logger } = this.#options;
    for (;;) {
      await this.#sleep(intervalMs, ended);
      if (isAborted(ended)) return;
      try {
        await this.store();
      } catch (thrown) {
        const error = asRelayError(thrown);
        status.checkpointFailed(error);
        if (!error.retryable) throw error;
        logger.error(
          { code: error.code, error: error.message, remedy: error.remedy },
          'the checkpoint could not be stored; trying again',
        );
      }
    }
  }

  /** Does not wait for the interval to end. */
  storeSoon(): void {
    this.#wake();
  }

  /** Stores the mark and the notices as they are now. Throws a RelayError. */
  async store(): Promise<void> {
    const { store, base, mark, notices, status, clock } = this.#options;
    const position = mark.position();
    const { version, stored } = notices;
    if (isSamePosition(position, this.#stored) && version === this.#storedNotices) return;
    const checkpoint = {
      ...base,
      ...position,
      storedAt: new Date(clock.now()).toISOString(),
      ...(stored !== undefined && { notices: stored }),
    };
    await store.save(checkpoint);
    this.#stored = position;
    this.#storedNotices = version;
    status.checkpointStored(checkpoint);
  }

  async #sleep(ms: number, ended: AbortSignal): Promise<void> {
    const sleep = new AbortController();
    this.#wake = () => {
      sleep.abort();
    };
    ended.addEventListener('abort', this.#wake, { once: true });
    if (isAborted(ended)) this.#wake();
    await this.#options.clock.sleep(ms, sleep.signal);
    ended.removeEventListener('abort', this.#wake);
  }
}

function isSamePosition(a: StartPosition, b: StartPosition): boolean {
  return a.file === b.file && a.offset === b.offset && a.gtidSet === b.gtidSet;
}

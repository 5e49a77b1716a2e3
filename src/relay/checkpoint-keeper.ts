import type { Clock } from '../base/clock.ts';
import { asRelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import type { StartPosition } from '../source/source.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import { isAborted } from './retry.ts';
import type { StatusBoard } from './status.ts';

export interface CheckpointKeeperOptions {
  readonly store: CheckpointStore;
  /** The checkpoint that this run has stored before its first send. */
  readonly base: Checkpoint;
  readonly mark: LowWaterMark;
  readonly intervalMs: number;
  readonly status: StatusBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Stores the low-water mark of a run whenever it has moved. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  #stored: StartPosition;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#stored = options.base;
  }

  /** Stores every `intervalMs` until `ended`, trying again what can be tried again. Throws the RelayError that can not. */
  async keep(ended: AbortSignal): Promise<void> {
    const { clock, intervalMs, status, logger } = this.#options;
    for (;;) {
      await clock.sleep(intervalMs, ended);
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

  /** Stores the mark as it is now. Throws a RelayError. */
  async store(): Promise<void> {
    const { store, base, mark, status, clock } = this.#options;
    const position = mark.position();
    if (isSamePosition(position, this.#stored)) return;
    const checkpoint = { ...base, ...position, storedAt: new Date(clock.now()).toISOString() };
    await store.save(checkpoint);
    this.#stored = position;
    status.checkpointStored(checkpoint);
  }
}

function isSamePosition(a: StartPosition, b: StartPosition): boolean {
  return a.file === b.file && a.offset === b.offset && a.gtidSet === b.gtidSet;
}

import type { Clock } from '../../base/clock.ts';
import { asRelayError, RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { CheckpointStore } from '../../checkpoint/checkpoint.ts';
import type { Source } from '../../source/source.ts';

export interface RightOptions {
  readonly source: Pick<Source, 'lockTerm'>;
  readonly store: Pick<CheckpointStore, 'confirm'>;
  /** The term of the lock in which this run has stored its first checkpoint. */
  readonly term: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waiting. */
  readonly giveUp: AbortSignal;
  /** The lock is held, and the checkpoint cannot be asked. */
  readonly onFailure: (error: RelayError) => void;
}

const LOOK_MS = 100;

/**
 * The right to send and to store, which whoever uses it asks for at that moment. The lock may be lost with its
 * connection and taken again: then another relay may have come and gone meanwhile, so the right is back only when the
 * checkpoint says that none has.
 */
export class Right {
  readonly #options: RightOptions;
  #term: number | undefined;
  #regaining: Promise<void> | undefined;

  constructor(options: RightOptions) {
    this.#options = options;
    this.#term = options.term;
  }

  get isHeld(): boolean {
    const { lockTerm } = this.#options.source;
    return lockTerm !== undefined && lockTerm === this.#term;
  }

  /**
   * Resolves when it is held. Throws CHECKPOINT_TAKEN when another relay has it for good, and a retryable error when
   * waiting has to end.
   */
  async held(): Promise<void> {
    while (!this.isHeld) {
      this.#regaining ??= this.#regain().finally(() => (this.#regaining = undefined));
      await this.#regaining;
    }
  }

  async #regain(): Promise<void> {
    const { source, clock, logger, giveUp } = this.#options;
    logger.warn('the lock is not confirmed: nothing is sent or stored until it is');
    while (!giveUp.aborted) {
      const { lockTerm } = source;
      if (lockTerm !== undefined && (lockTerm === this.#term || (await this.#isConfirmed()))) {
        this.#term = lockTerm;
        logger.info('the lock is confirmed: sending and storing go on');
        return;
      }
      await clock.sleep(LOOK_MS, giveUp);
    }
    throw new RelayError('SOURCE_UNREACHABLE', 'the run ended before the lock was confirmed');
  }

  async #isConfirmed(): Promise<boolean> {
    try {
      await this.#options.store.confirm();
      return true;
    } catch (thrown) {
      const error = asRelayError(thrown);
      // The checkpoint was stored in this place before.
      if (!error.isRetried(true)) throw error;
      this.#options.onFailure(error);
      return false;
    }
  }
}

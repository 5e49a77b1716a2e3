import { asRelayError } from '../base/errors.ts';
import type { RelayOptions } from './relay-options.ts';
import type { PartName } from './relay.ts';
import { isAborted, retried, unlessAborted, type Backoff } from './retry.ts';
import type { StatusBoard } from './status.ts';

const RECONNECT: Backoff = { firstMs: 200, lastMs: 10_000 };

const NOT_AVAILABLE: Readonly<Record<PartName, string>> = {
  source: 'the source is not available; trying again',
  sink: 'the sink is not available; trying again',
  checkpoint: 'the checkpoint is not available; trying again',
};

/** Asks the parts of a run until they can answer, and says so meanwhile. */
export class Attempts {
  readonly #options: Pick<RelayOptions, 'clock' | 'random' | 'logger'>;
  readonly #status: StatusBoard;
  readonly #ended: AbortSignal;

  constructor(options: Pick<RelayOptions, 'clock' | 'random' | 'logger'>, status: StatusBoard, ended: AbortSignal) {
    this.#options = options;
    this.#status = status;
    this.#ended = ended;
  }

  /**
   * The result of `attempt`, tried again while its errors are retryable; undefined when `ended` came first. It does not wait for an attempt that
   * is under way then: closing the part ends it, and `late` gets what it gave all the same.
   */
  async untilItWorks<T>(
    part: PartName,
    attempt: () => Promise<T>,
    late: (result: T) => void = () => undefined,
  ): Promise<T | undefined> {
    const { clock, random, logger } = this.#options;
    const ended = this.#ended;
    try {
      return await retried(() => unlessAborted(ended, attempt(), late), {
        backoff: RECONNECT,
        clock,
        random,
        signal: ended,
        onFailure: (error, failures) => {
          this.#status.partFailed(part, error);
          logger[failures > 5 ? 'error' : 'warn'](
            { code: error.code, error: error.message, remedy: error.remedy, failures },
            NOT_AVAILABLE[part],
          );
        },
      });
    } catch (error) {
      if (isAborted(ended) && asRelayError(error).retryable) return undefined;
      throw error;
    }
  }
}

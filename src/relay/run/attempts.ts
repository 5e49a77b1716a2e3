import { asRelayError, type RelayError } from '../../base/errors.ts';
import type { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import type { PartName } from '../relay.ts';
import { isAborted, retried, unlessAborted, type Backoff } from '../../base/retry.ts';
import type { StatusBoard } from './status.ts';

export const RECONNECT: Backoff = { firstMs: 200, lastMs: 10_000 };

/**
 * So long the name server may not know the topics of a broker that has just started, and the proxy may remember that it
 * did not.
 */
const REGISTRATION_MS = 30_000;
/** A short outage is over by then. */
const MANY_FAILURES = 6;

const NOT_AVAILABLE: Readonly<Record<PartName, string>> = {
  source: 'the source is not available; trying again',
  sink: 'the sink is not available; trying again',
  checkpoint: 'the checkpoint is not available; trying again',
};

/** Asks the parts of a run until they can answer, and says so meanwhile. */
export class Attempts {
  readonly #options: Pick<RelayOptions, 'clock' | 'random' | 'logger'>;
  readonly #status: StatusBoard;
  readonly #proven: Proven;
  readonly #ended: AbortSignal;

  constructor(
    options: Pick<RelayOptions, 'clock' | 'random' | 'logger'>,
    status: StatusBoard,
    proven: Proven,
    ended: AbortSignal,
  ) {
    this.#options = options;
    this.#status = status;
    this.#proven = proven;
    this.#ended = ended;
  }

  /**
   * The result of `attempt`, tried again while its errors may pass; undefined when `ended` came first. It does not wait
   * for an attempt that is under way then: closing the part ends it, and `late` gets what it gave all the same.
   */
  async untilItWorks<T>(
    part: PartName,
    attempt: () => Promise<T>,
    late: (result: T) => void = () => undefined,
  ): Promise<T | undefined> {
    const { clock, random, logger } = this.#options;
    const ended = this.#ended;
    const startedMs = clock.monotonic();
    let told = '';
    const isRetried = (error: RelayError): boolean =>
      error.isRetried(this.#proven.has(part)) ||
      (error.code === 'SINK_TOPIC_MISSING' && clock.monotonic() - startedMs < REGISTRATION_MS);
    this.#status.asks(part);
    try {
      const result = await retried(() => unlessAborted(ended, attempt(), late), {
        backoff: RECONNECT,
        clock,
        random,
        signal: ended,
        isRetried,
        onFailure: (error, failures) => {
          this.#status.partFailed(part, error);
          // Of several hosts it is long, and would hide when it changed.
          const isNews = error.code !== 'SOURCE_NO_HOST_FIT' || error.message !== told || failures === MANY_FAILURES;
          told = error.message;
          logger[!isNews ? 'debug' : failures < MANY_FAILURES ? 'warn' : 'error'](
            { code: error.code, error: error.message, remedy: error.remedy, failures },
            NOT_AVAILABLE[part],
          );
        },
      });
      if (result !== undefined) this.#status.answered(part);
      return result;
    } catch (error) {
      if (isAborted(ended) && isRetried(asRelayError(error))) return undefined;
      throw error;
    }
  }
}

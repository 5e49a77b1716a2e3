import type { Clock } from '../../base/clock.ts';
import { asRelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { delayMs, isAborted } from '../../base/retry.ts';
import type { RelayStatus } from '../relay.ts';
import { RECONNECT } from './attempts.ts';
import type { Relay } from './run.ts';

export interface StandbyRelayOptions {
  /** A relay that stands by, of parts of its own; `isFirst`: with what the operator has asked of this start. */
  readonly create: (isFirst: boolean) => Relay;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** A run that lasted so long did not fail at once. */
const LASTING_MS = 60_000;

/**
 * One relay after the other: whenever a run ends because another relay is active, the next one stands by. Nothing is
 * carried over from run to run but the reason why the one before has ended: each begins from the checkpoint, in a new
 * epoch, as a new process would.
 */
export class StandbyRelay implements Pick<Relay, 'status' | 'acknowledge' | 'copy' | 'run'> {
  readonly #options: StandbyRelayOptions;
  #relay: Relay;
  #lastError: RelayStatus['lastError'];

  constructor(options: StandbyRelayOptions) {
    this.#options = options;
    this.#relay = options.create(true);
  }

  status(): RelayStatus {
    const status = this.#relay.status();
    return { ...status, lastError: status.lastError ?? this.#lastError };
  }

  acknowledge(ids: readonly string[] | 'all'): ReturnType<Relay['acknowledge']> {
    return this.#relay.acknowledge(ids);
  }

  copy(request: Parameters<Relay['copy']>[0]): ReturnType<Relay['copy']> {
    return this.#relay.copy(request);
  }

  /** As Relay's; but does not end because another relay is active. */
  async run(stop: AbortSignal): Promise<void> {
    const { create, clock, random, logger } = this.#options;
    for (let fruitless = 0; ;) {
      const beganMs = clock.monotonic();
      try {
        await this.#relay.run(stop);
        return;
      } catch (thrown) {
        if (!this.#relay.isSucceeded) throw thrown;
        const { code, message } = asRelayError(thrown);
        logger.warn({ code, error: message }, 'another relay is active: this one sends nothing more, and stands by');
      }
      this.#lastError = this.#relay.status().lastError;
      this.#relay = create(false);
      fruitless = clock.monotonic() - beganMs < LASTING_MS ? fruitless + 1 : 1;
      await clock.sleep(delayMs(RECONNECT, fruitless, random), stop);
      if (isAborted(stop)) return;
    }
  }
}

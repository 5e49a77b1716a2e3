import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import { isAborted } from '../../base/retry.ts';
import type { Asked, Ends, Place, Reached } from '../verify.ts';
import { executed, holds, lacking } from './places.ts';

export interface MomentOptions {
  readonly ends: Ends;
  /** What the ledger says; undefined until all lanes have said how far they are. */
  readonly reached: (target: Asked) => Promise<Reached | undefined>;
  /** Without news from the ledger for so long it is given up. */
  readonly patienceMs: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

const LOOK_MS = 100;

/** Takes moments of the source, and waits until the target has come to them. */
export class Moments {
  /** Why it waits at the moment. */
  waitsFor: string | undefined;
  readonly #options: MomentOptions;

  constructor(options: MomentOptions) {
    this.#options = options;
  }

  async now(): Promise<Place> {
    return executed(await this.#options.ends.source());
  }

  /**
   * Resolves with true when the target has everything that `wanted` holds; `meanwhile` is called again and again
   * before. False: it was stopped. Throws VERIFY_NO_PROGRESS.
   */
  async until(wanted: Place, meanwhile: () => Promise<void>): Promise<boolean> {
    const { ends, reached, patienceMs, clock, stop } = this.#options;
    let newest: Reached | undefined;
    let newsMs = clock.monotonic();
    while (!isAborted(stop)) {
      const now = await reached(await ends.target());
      const source = await ends.source();
      if (now !== undefined && holds(source, now, wanted)) break;
      // A set that does not move brings nothing nearer, however often it is said.
      if (now !== undefined && !isSame(now, newest)) {
        newest = now;
        newsMs = clock.monotonic();
      } else if (clock.monotonic() - newsMs > patienceMs) {
        throw await this.#noProgress(source, now, wanted);
      }
      this.waitsFor = now === undefined ? 'the first progress messages' : 'apply';
      await clock.sleep(LOOK_MS, stop);
      await meanwhile();
    }
    this.waitsFor = undefined;
    return !isAborted(stop);
  }

  /**
   * What `read` gives in one view of the target that holds `wanted`; undefined: the view does not, as after a restart
   * of the relay, whose first messages say less than its last ones.
   */
  async view<T>(wanted: Place, read: (target: Asked) => Promise<T>): Promise<T | undefined> {
    const { ends, reached } = this.#options;
    const target = await ends.target();
    await target.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    const now = await reached(target);
    const isThere = now !== undefined && holds(await ends.source(), now, wanted);
    const found = isThere ? await read(target) : undefined;
    await target.query('COMMIT');
    return found;
  }

  async #noProgress(source: Asked, now: Reached | undefined, wanted: Place): Promise<RelayError> {
    const since = `for ${Math.round(this.#options.patienceMs / 1000)} s`;
    const what =
      now === undefined
        ? `${since} no progress message has come in all lanes of the target`
        : `${since} the target has not come further than ${new Date(now.asOfMs).toISOString()}, and lacks ${await lacking(source, now, wanted)}`;
    return new RelayError('VERIFY_NO_PROGRESS', what);
  }
}

const isSame = (one: Reached, other: Reached | undefined): boolean =>
  one.gtidSet === other?.gtidSet && one.position === other.position;

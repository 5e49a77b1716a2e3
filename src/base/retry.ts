import type { Clock } from './clock.ts';
import { asRelayError, type RelayError } from './errors.ts';

/**
 * Waits between tries, in ms: doubling from the first to the last, with up to a fifth taken off so that lanes do not
 * knock in step.
 */
export interface Backoff {
  readonly firstMs: number;
  readonly lastMs: number;
}

export function delayMs({ firstMs, lastMs }: Backoff, failures: number, random: () => number): number {
  const full = Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (1 - random() / 5);
}

export interface RetryOptions {
  readonly backoff: Backoff;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ends the waiting; the last error is thrown then. */
  readonly signal: AbortSignal;
  readonly isRetried: (error: RelayError) => boolean;
  readonly onFailure: (error: RelayError, failures: number) => void;
}

/**
 * Calls `attempt` until it succeeds. Throws at once what is not to be retried, and the last error when `signal` aborts.
 */
export async function retried<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { backoff, clock, random, signal, isRetried, onFailure } = options;
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = asRelayError(thrown);
      if (!isRetried(error) || isAborted(signal)) throw error;
      onFailure(error, failures);
      await clock.sleep(delayMs(backoff, failures, random), signal);
      // The wait ended early: what is not acknowledged by now stays with the checkpoint, and is sent again by the next
      // run.
      if (isAborted(signal)) throw error;
    }
  }
}

/** A signal changes while somebody waits, which the compiler does not know of a property it has just read. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** What `work` gives; undefined as soon as `signal` aborts: `late` gets it then, and a late error is ignored. */
export function unlessAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  late: (result: T) => void = () => undefined,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const abort = (): void => {
      isLate = true;
      resolve(undefined);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(
      (result) => {
        signal.removeEventListener('abort', abort);
        if (isLate) late(result);
        else resolve(result);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abort);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

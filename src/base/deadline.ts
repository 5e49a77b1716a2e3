import type { Clock } from './clock.ts';

/**
 * What `work` gives, or what `onLate` throws when `work` has not settled after `ms`. The work itself goes on; what it
 * gives later is ignored.
 */
export async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>, onLate: () => Error): Promise<T> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then(() => {
    // Ended by the settling below: the race is over, its loser needs no error.
    if (settled.signal.aborted) return work;
    throw onLate();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort(SETTLED);
  }
}

/** Any reason will do, and none would make an error with its stack for every message. */
const SETTLED = 'settled';

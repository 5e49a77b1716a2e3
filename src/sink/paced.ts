import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.ts';
import type { Sink } from './sink.ts';

/** Sends that may begin at once after a time of rest. */
const BURST = 32;

/**
 * `sink`, which begins at most `requestsPerSecond` sends a second: a request costs client and broker the same whether it carries one row or a
 * thousand, and while one waits for its turn the rows of its lane gather in the next message. Sends begin in the order in which they came.
 */
export function paced(sink: Sink, requestsPerSecond: number, clock: Clock): Sink {
  const intervalMs = 1000 / requestsPerSecond;
  const closing = new AbortController();
  // Each lane that waits for its turn listens.
  setMaxListeners(0, closing.signal);
  /** When the next send may begin, were there no bursts. */
  let nextMs = 0;
  return {
    open: () => sink.open(),
    send: async (message) => {
      const nowMs = clock.monotonic();
      nextMs = Math.max(nextMs, nowMs);
      const waitMs = nextMs - nowMs - BURST * intervalMs;
      nextMs += intervalMs;
      if (waitMs > 0) await clock.sleep(waitMs, closing.signal);
      await sink.send(message);
    },
    close: () => {
      closing.abort(CLOSED);
      return sink.close();
    },
  };
}

const CLOSED = 'closed';

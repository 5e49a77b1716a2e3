import type { Clock } from '../../base/clock.ts';
import { isAborted } from '../../base/retry.ts';
import type { Ends } from '../verify.ts';

export interface PaceOptions {
  readonly ends: Pick<Ends, 'source'>;
  /** With more threads running on the source than this the comparison waits. */
  readonly maxThreadsRunning: number;
  /** After its work the comparison rests for so many times as long. */
  readonly rest: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

const LOOK_MS = 1_000;

/** How gently the servers are asked: they have others to serve. */
export class Pace {
  /** Why it waits at the moment. */
  waitsFor: string | undefined;
  readonly #options: PaceOptions;
  #workedMs = 0;
  #lookedMs = -Infinity;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** What `work` gives; its time counts. */
  async working<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const begunMs = clock.monotonic();
    try {
      return await work();
    } finally {
      this.#workedMs += clock.monotonic() - begunMs;
    }
  }

  /** Resolves when the servers may be asked again. */
  async wait(): Promise<void> {
    const { clock, rest, maxThreadsRunning, ends, stop } = this.#options;
    const restMs = this.#workedMs * rest;
    this.#workedMs = 0;
    if (restMs >= 1) await clock.sleep(restMs, stop);
    while (!isAborted(stop) && clock.monotonic() - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = clock.monotonic();
      const source = await ends.source();
      const [row] = await source.query("SHOW GLOBAL STATUS LIKE 'Threads_running'");
      const running = Number(row?.['Value'] ?? 0);
      if (running <= maxThreadsRunning) break;
      this.waitsFor = `${running} threads run on the source`;
      await clock.sleep(LOOK_MS, stop);
    }
    this.waitsFor = undefined;
  }
}

import type { Clock } from '../../base/clock.ts';
import { isAborted } from '../../base/retry.ts';
import type { BinlogEnd, TableReader } from '../../source/source.ts';

export interface CopyPaceOptions {
  readonly reader: Pick<TableReader, 'load'>;
  /** Resolves when the stream has come to this place. */
  readonly reached: (end: BinlogEnd, ended: AbortSignal) => Promise<void>;
  /** With more threads running than this the copy waits. */
  readonly maxThreadsRunning: number;
  /** With a longer history list the copy waits. */
  readonly maxHistoryList: number;
  /** After a chunk the copy rests for so many times as long as it worked on it. */
  readonly rest: number;
  readonly clock: Clock;
}

const LOOK_MS = 1_000;

/**
 * How fast the copy goes, and why it waits: the server has others to serve, and what is read while the stream is far
 * behind would have to be kept until it has come there.
 */
export class CopyPace {
  /** Why the copy waits at the moment. */
  waitsFor: string | undefined;
  readonly #options: CopyPaceOptions;
  #workedMs = 0;
  #lookedMs = -Infinity;

  constructor(options: CopyPaceOptions) {
    this.#options = options;
  }

  /** A chunk took so long to read and to publish. What it waited for the stream meanwhile is no work. */
  worked(ms: number): void {
    this.#workedMs += ms;
  }

  /** Before each chunk: resolves when the next one may be read. */
  async wait(ended: AbortSignal): Promise<void> {
    const { clock, rest, reader, reached } = this.#options;
    const restMs = this.#workedMs * rest;
    this.#workedMs = 0;
    if (restMs >= 1) await clock.sleep(restMs, ended);
    while (!isAborted(ended) && clock.monotonic() - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = clock.monotonic();
      const { threadsRunning, historyList, ...end } = await reader.load();
      this.waitsFor = this.#busyWith(threadsRunning, historyList);
      if (this.waitsFor !== undefined) {
        await clock.sleep(LOOK_MS, ended);
        continue;
      }
      this.waitsFor = 'the stream is behind';
      await reached(end, ended);
      break;
    }
    this.waitsFor = undefined;
  }

  #busyWith(threadsRunning: number, historyList = 0): string | undefined {
    const { maxThreadsRunning, maxHistoryList } = this.#options;
    if (threadsRunning > maxThreadsRunning) return `${threadsRunning} threads run on the server`;
    if (historyList <= maxHistoryList) return undefined;
    return `the history list of InnoDB is ${historyList.toLocaleString('en-US')} long`;
  }
}

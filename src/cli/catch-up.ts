import type { RelayStatus } from '../relay/relay.ts';

/** How a relay that is behind is getting on. */
export interface CatchUpProgress {
  /** Acknowledged rows per second, over the last samples. */
  readonly rowsPerSecond: number;
  /** How old the newest acknowledged transaction is. */
  readonly behindSeconds: number;
  /** Until the relay is up to date, if it goes on like this; undefined while it does not come closer. */
  readonly remainingSeconds: number | undefined;
}

/** A relay that was behind, and is so no more. */
export interface CaughtUp {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
}

/** Behind by more than this: worth a line. */
const BEHIND_SECONDS = 10;
/** Behind by less than this: caught up. */
const UP_TO_DATE_SECONDS = 2;
/** Figures are over so many samples, so that they do not jump. */
const MAX_SAMPLES = 15;

/** Looks at a relay from time to time, and says how far behind it is and when that will end. Pure. */
export class CatchUp {
  readonly #samples: Sample[] = [];
  #began: Sample | undefined;

  /**
   * One look at monotonic time `atMs` and wall-clock time `nowMs`. Undefined while the relay is not behind, or not yet
   * known to move.
   */
  look(status: RelayStatus, atMs: number, nowMs: number): CatchUpProgress | CaughtUp | undefined {
    const { lastLagSeconds, lastAcknowledgedMs, progress, counters } = status;
    if (lastLagSeconds === undefined || lastAcknowledgedMs === undefined) return undefined;
    const behindSeconds = lastLagSeconds + Math.max(0, nowMs - lastAcknowledgedMs) / 1000;
    const sample = { atMs, behindSeconds, rows: counters.changesAcknowledged };
    // An idle relay acknowledged its last row long ago, and is up to date all the same.
    if (progress === 'idle' || behindSeconds < UP_TO_DATE_SECONDS) return this.#caughtUp(sample);
    if (this.#began === undefined && behindSeconds <= BEHIND_SECONDS) return undefined;
    this.#began ??= sample;
    return this.#progress(sample);
  }

  #progress(sample: Sample): CatchUpProgress | undefined {
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    const [oldest = sample] = this.#samples;
    const seconds = (sample.atMs - oldest.atMs) / 1000;
    if (seconds <= 0) return undefined;
    const closer = (oldest.behindSeconds - sample.behindSeconds) / seconds;
    return {
      rowsPerSecond: Math.round((sample.rows - oldest.rows) / seconds),
      behindSeconds: Math.round(sample.behindSeconds),
      remainingSeconds: closer > 0 ? Math.ceil(sample.behindSeconds / closer) : undefined,
    };
  }

  #caughtUp(sample: Sample): CaughtUp | undefined {
    const began = this.#began;
    this.#began = undefined;
    this.#samples.length = 0;
    if (began === undefined) return undefined;
    const rows = sample.rows - began.rows;
    const seconds = Math.max(1, Math.round((sample.atMs - began.atMs) / 1000));
    return { rows, seconds, rowsPerSecond: Math.round(rows / seconds) };
  }
}

interface Sample {
  readonly atMs: number;
  readonly behindSeconds: number;
  /** Acknowledged since the start of the process. */
  readonly rows: number;
}

/** `412,000 rows/s, 1 h 12 min behind, about 3 min left` */
export function progressText({ rowsPerSecond, behindSeconds, remainingSeconds }: CatchUpProgress): string {
  const left = remainingSeconds === undefined ? 'not coming closer' : `about ${durationText(remainingSeconds)} left`;
  return `${rowsPerSecond.toLocaleString('en-US')} rows/s, ${durationText(behindSeconds)} behind, ${left}`;
}

/** The two largest units are enough. */
export function durationText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

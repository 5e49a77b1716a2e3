import type { BinlogFile } from '../../source/source.ts';

/** The server's binlog at one moment. */
export interface BinlogSample {
  readonly serverUuid: string;
  /** Oldest first. */
  readonly files: readonly BinlogFile[];
  /** The server's clock before it was asked, ms since 1970. */
  readonly asOfMs: number;
}

/** The growth is that of so long. */
const WINDOW_MS = 3_600_000;
/** A shorter one would take every burst for the rule. */
const LEAST_WINDOW_MS = 60_000;

/**
 * What can be said of binlog files from looking at them now and then: not later than when each was changed last, and
 * how fast all of them grow. Pure.
 *
 * A file that is the newest will be changed once more: its end is written when the next one begins. So it was changed
 * after every moment at which it was the newest, and every later file as well.
 */
export class BinlogHistory {
  #serverUuid: string | undefined;
  #files: readonly BinlogFile[] = [];
  readonly #changedMs = new Map<string, number>();
  #writtenBytes = 0n;
  #samples: { readonly asOfMs: number; readonly writtenBytes: bigint }[] = [];

  /** The server was asked. `read`: the newest transaction that was read, in `file` or in one before it. */
  add({ serverUuid, files, asOfMs }: BinlogSample, read?: { readonly file: string; readonly commitMs: number }): void {
    if (serverUuid !== this.#serverUuid) this.#forget(serverUuid);
    // Whoever commits may have set a clock of his own.
    if (read !== undefined && read.commitMs > 0) this.#changed(read.file, Math.min(read.commitMs, asOfMs));
    const newest = files.at(-1);
    if (newest !== undefined) this.#changed(newest.name, asOfMs);
    this.#drop(files);
    this.#grow(files, asOfMs);
    this.#files = files;
  }

  /** Not after the last change of the file, ms since 1970 by the server's clock; undefined: nothing is known of it. */
  changedMs(file: string): number | undefined {
    let newestMs: number | undefined;
    for (const { name } of this.#files) {
      const changedMs = this.#changedMs.get(name);
      if (changedMs !== undefined && changedMs > (newestMs ?? -Infinity)) newestMs = changedMs;
      if (name === file) return newestMs;
    }
    return undefined;
  }

  /** Bytes a second, of the last hour; undefined before it was watched for a minute. */
  get growth(): number | undefined {
    const [oldest] = this.#samples;
    const newest = this.#samples.at(-1);
    if (oldest === undefined || newest === undefined || newest.asOfMs - oldest.asOfMs < LEAST_WINDOW_MS)
      return undefined;
    return (Number(newest.writtenBytes - oldest.writtenBytes) * 1000) / (newest.asOfMs - oldest.asOfMs);
  }

  #changed(file: string, atMs: number): void {
    this.#changedMs.set(file, Math.max(atMs, this.#changedMs.get(file) ?? -Infinity));
  }

  /** Forgets files that are gone; what is left was changed after them. */
  #drop(files: readonly BinlogFile[]): void {
    const [oldest] = files;
    const names = new Set(files.map(({ name }) => name));
    const before = new Set(this.#files.map(({ name }) => name));
    for (const [name, changedMs] of [...this.#changedMs]) {
      if (names.has(name)) continue;
      this.#changedMs.delete(name);
      if (oldest !== undefined && before.has(name)) this.#changed(oldest.name, changedMs);
    }
  }

  #grow(files: readonly BinlogFile[], asOfMs: number): void {
    const before = new Map(this.#files.map(({ name, sizeBytes }) => [name, sizeBytes]));
    if (this.#samples.length > 0)
      for (const { name, sizeBytes } of files)
        this.#writtenBytes += BigInt(Math.max(0, sizeBytes - (before.get(name) ?? 0)));
    // A clock that was put back measures nothing.
    this.#samples = this.#samples.filter((sample) => sample.asOfMs <= asOfMs && asOfMs - sample.asOfMs <= WINDOW_MS);
    this.#samples.push({ asOfMs, writtenBytes: this.#writtenBytes });
  }

  /** Another server has other files, by the same names. */
  #forget(serverUuid: string): void {
    this.#serverUuid = serverUuid;
    this.#files = [];
    this.#changedMs.clear();
    this.#samples = [];
  }
}

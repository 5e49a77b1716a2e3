import { RelayError } from '../../base/errors.ts';
import { isAborted } from '../../base/retry.ts';
import type { BinlogEnd, TableView } from '../../source/source.ts';
import { nameOf, type Reading, type TableCopier } from './table-copier.ts';
import type { TableProgress } from './table-progress.ts';

const NO_KEYS: ReadonlySet<string> = new Set();
/** The longest pause between two tries, which are not to be in step with whoever writes to the table. */
const MAX_PAUSE_MS = 1000;
const LOOK_MS = 50;
/** So long a view stays open before its rows are given; how long that takes is the broker's business. */
const MAX_WAIT_MS = 60_000;

/** Why no rows of a view are of use: somebody wrote to the table, or the copy was paused or cancelled. */
type Useless = 'changed' | 'stopped';

/**
 * Copies a table whole: one without a primary key, and every table of an exact copy. A view that the stream does not
 * touch until it has come to the end of the binlog after it is the table at that place. Then the stream waits until all
 * rows are published.
 */
export class KeylessCopier {
  readonly #of: TableCopier;
  readonly #shown: TableProgress;
  #reading: Reading;

  constructor(of: TableCopier, reading: Reading) {
    this.#of = of;
    this.#shown = of.show(reading.definition.estimatedRows);
    this.#reading = reading;
  }

  /** Until the table is copied, may be gone, or its copy was paused or cancelled. */
  async run(): Promise<void> {
    const { options, watched, ended, id, table } = this.#of;
    const { pace, clock, random, logger, withheld } = options;
    withheld.begins(id);
    this.#of.update('copying', 0);
    for (let tries = 1; ; tries += 1) {
      await pace.wait(ended);
      if (!this.#of.isActive) return;
      if (watched.isRedefined) {
        const redefined = await this.#of.define();
        if (redefined === undefined) return;
        this.#reading = redefined;
      }
      const rows = await this.#view();
      if (rows === 'stopped') return;
      if (rows !== 'changed') {
        this.#of.update('copied', rows);
        logger.info({ copy: id, table: nameOf(table), rows, tries }, 'a table is copied whole');
        return;
      }
      await clock.sleep(random() * Math.min(MAX_PAUSE_MS, tries * 10), ended);
    }
  }

  /** How many rows were published. */
  async #view(): Promise<number | Useless> {
    const { options, watched, ended } = this.#of;
    const { reader, stream, pace } = options;
    const seen = await this.#of.open();
    const view = await reader.view(this.#reading.definition, seen);
    let rows: number | Useless;
    let { place } = stream;
    pace.waitsFor = 'the stream is not yet where the table was read';
    try {
      rows = await this.#withPatience(
        stream.during(
          view,
          () => {
            place = stream.place;
            pace.waitsFor = undefined;
            return this.#give(view);
          },
          ended,
        ),
      );
    } finally {
      pace.waitsFor = undefined;
      watched.close();
      await view.close();
    }
    if (typeof rows !== 'number') return rows;
    await stream.acknowledged(ended);
    if (this.#of.isExact) await this.#untilBehindUs(place);
    return rows;
  }

  /**
   * A run that begins anew before the place of the copy, with the copy at its end, would publish what was withheld
   * there. Without open XA branches everything before it is acknowledged by now.
   */
  async #untilBehindUs(place: BinlogEnd): Promise<void> {
    const { options, ended } = this.#of;
    const { stream, pace, clock } = options;
    while (!stream.isBehindUs(place)) {
      pace.waitsFor = 'an XA branch is prepared: the checkpoint is before the place of the copy';
      await clock.sleep(LOOK_MS, ended);
      ended.throwIfAborted();
    }
    pace.waitsFor = undefined;
  }

  /** A view that stays open keeps the server from cleaning up after all of its tables. */
  async #withPatience<T>(work: Promise<T>): Promise<T> {
    const { clock, stream } = this.#of.options;
    const done = new AbortController();
    void clock.sleep(MAX_WAIT_MS, done.signal).then(() => {
      if (!isAborted(done.signal)) stream.giveUp(tooLate());
    });
    return work.finally(() => {
      done.abort();
    });
  }

  /** While the stream is held where the view belongs. */
  async #give(view: TableView): Promise<number | Useless> {
    const { options, watched, ended } = this.#of;
    const { stream, limits } = options;
    if (!this.#of.isActive) return 'stopped';
    if (watched.isTouched || watched.isRedefined) return 'changed';
    const { definition, rows } = this.#reading;
    await stream.markNow(this.#of.begin(definition, true), ended);
    let given = 0;
    const isWhole = await view.rows(limits.chunkBytes / 4, async (images, read) => {
      if (!this.#of.isActive) return false;
      given += await rows.give(images, this.#of.nextChunk(), NO_KEYS);
      this.#shown.copied(read, given);
      this.#of.update('copying', given);
      return true;
    });
    if (!isWhole) return 'stopped';
    await stream.markNow(this.#of.end(given, true), ended);
    if (this.#of.isExact) options.withheld.given(this.#of.id, this.#of.table);
    return given;
  }
}

const tooLate = (): RelayError =>
  new RelayError(
    'COPY_STREAM_BEHIND',
    `the stream has not come within ${MAX_WAIT_MS / 1000} s to where a table was read`,
  );

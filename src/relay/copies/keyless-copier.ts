import type { TableView } from '../../source/source.ts';
import { nameOf, type Reading, type TableCopier } from './table-copier.ts';
import type { TableProgress } from './table-progress.ts';

const NO_KEYS: ReadonlySet<string> = new Set();
/** The longest pause between two tries, which are not to be in step with whoever writes to the table. */
const MAX_PAUSE_MS = 1000;

/**
 * Copies a table without a primary key, whole. A view that the stream does not touch until it has come to the end of
 * the binlog after it is the table at that place. Then the stream waits until all rows are published.
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

  /** Until the table is copied or gone, or its copy was paused or cancelled. */
  async run(): Promise<void> {
    const { options, watched, ended, id, table } = this.#of;
    const { pace, clock, random, logger } = options;
    this.#of.update('copying', 0);
    for (let tries = 1; ; tries += 1) {
      await pace.wait(ended);
      if (!this.#of.isActive) return;
      if (watched.isRedefined) {
        const redefined = await this.#of.define();
        if (redefined === undefined) {
          this.#of.update('gone', 0);
          return;
        }
        this.#reading = redefined;
      }
      const rows = await this.#view();
      if (rows !== undefined) {
        this.#of.update('copied', rows);
        logger.info({ copy: id, table: nameOf(table), rows, tries }, 'a table without a primary key is copied');
        return;
      }
      await clock.sleep(random() * Math.min(MAX_PAUSE_MS, tries * 10), ended);
    }
  }

  /** How many rows were published; undefined when somebody wrote to the table meanwhile. */
  async #view(): Promise<number | undefined> {
    const { options, watched, ended } = this.#of;
    const { reader, stream } = options;
    const seen = await this.#of.open();
    const view = await reader.view(this.#reading.definition, seen);
    let rows: number | undefined;
    try {
      rows = await stream.during(view, () => this.#give(view), ended);
    } finally {
      watched.close();
      await view.close();
    }
    if (rows !== undefined) await stream.acknowledged(ended);
    return rows;
  }

  /** While the stream is held where the view belongs. */
  async #give(view: TableView): Promise<number | undefined> {
    const { options, watched, ended } = this.#of;
    const { stream, limits } = options;
    if (watched.isTouched || watched.isRedefined) return undefined;
    const { definition, rows } = this.#reading;
    await stream.markNow(this.#of.begin(definition, true), ended);
    let given = 0;
    await view.rows(limits.chunkBytes / 4, async (images, read) => {
      given += await rows.give(images, this.#of.nextChunk(), NO_KEYS);
      this.#shown.copied(read, given);
      this.#of.update('copying', given);
    });
    await stream.markNow(this.#of.end(given, true), ended);
    return given;
  }
}

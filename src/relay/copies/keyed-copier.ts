import type { Chunk, KeyRange } from '../../source/source.ts';
import { ChunkSize } from './chunk-size.ts';
import type { ChunkIdentity } from './copied-rows.ts';
import { boundsOf } from './copy-part.ts';
import { afterOf, keyOf, placeOf } from './copy-place.ts';
import { nameOf, type Reading, type TableCopier } from './table-copier.ts';
import type { TableProgress } from './table-progress.ts';

/** So often a row alone is read again that is updated meanwhile, and of which the stream brings only some columns. */
const MAX_PARTIAL = 40;
/** So often in a row a chunk is read in whose time more rows change than are remembered. */
const MAX_OVERFLOWN = 20;
/** The longest pause between two tries for a row that is updated. */
const MAX_PAUSE_MS = 1000;

/** Copies a table, or a range of it, by its primary key, chunk by chunk; see Copier. */
export class KeyedCopier {
  readonly #of: TableCopier;
  readonly #size: ChunkSize;
  readonly #shown: TableProgress;
  #reading: Reading;
  /** One after the other, without a chunk that was published between them. */
  #redefinitions = 0;
  /** Reads one after the other of a chunk of one row that was of no use. */
  #partial = 0;
  /** Reads one after the other, in whose time too much has changed. */
  #overflown = 0;
  /** Key of the last row that was copied. */
  #after: readonly Buffer[] | undefined;
  #rows: number;
  #range: KeyRange = {};

  constructor(of: TableCopier, reading: Reading) {
    this.#of = of;
    this.#size = new ChunkSize(of.options.limits);
    this.#shown = of.show(reading.definition.estimatedRows);
    this.#reading = reading;
    this.#after = afterOf(of.table, reading.definition);
    this.#rows = this.#after === undefined ? 0 : of.table.rows;
  }

  /** Until the table is copied or gone, has another key, or its copy was paused or cancelled. */
  async run(): Promise<void> {
    const { options, watched, ended } = this.#of;
    const { stream, pace, logger } = options;
    const isWhole = this.#of.part === undefined;
    this.#range = await this.#rangeOf();
    if (this.#after === undefined) {
      if (isWhole) await stream.mark(this.#of.begin(this.#reading.definition), ended);
      this.#update('copying');
    }
    for (;;) {
      await pace.wait(ended);
      if (!this.#of.isActive) return;
      if (watched.isRedefined && !(await this.#redefine())) return;
      const isEnd = await this.#chunk();
      if (!isEnd) continue;
      if (isWhole) await stream.mark(this.#of.end(this.#rows), ended);
      this.#of.update('copied', this.#rows);
      logger.info(
        { copy: this.#of.id, table: nameOf(this.#of.table), rows: this.#rows },
        isWhole ? 'a table is copied' : 'a range of a table is copied',
      );
      return;
    }
  }

  async #rangeOf(): Promise<KeyRange> {
    const { options, part } = this.#of;
    if (part?.of !== 'range') return {};
    const bounds = boundsOf(part);
    const held = await options.reader.keys(this.#reading.definition, bounds);
    return Object.fromEntries(bounds.map(({ isLower }, i) => [isLower ? 'from' : 'to', held[i]]));
  }

  /** False when the table cannot be gone on with as it is now. */
  async #redefine(): Promise<boolean> {
    this.#redefinitions += 1;
    const redefined = await this.#of.redefine(this.#redefinitions);
    if (redefined === undefined) {
      this.#update('gone');
      return false;
    }
    if (this.#of.part !== undefined) this.#of.requireKey(redefined.definition, keyOf(this.#reading.definition));
    // Another key: the rows have another order, and what was copied says nothing about what is left.
    if (keyOf(redefined.definition) !== keyOf(this.#reading.definition)) return false;
    this.#reading = redefined;
    return true;
  }

  /** The next chunk, if what is read is of use. True when it was the last one. */
  async #chunk(): Promise<boolean> {
    const { options, ended } = this.#of;
    const { clock, stream } = options;
    const beganMs = clock.monotonic();
    const chunk = await this.#read();
    if (chunk === undefined) return false;
    const identity = this.#of.nextChunk();
    const { given, ms } = await this.#of.publish(chunk, beganMs, () => this.#give(chunk, identity));
    if (given === undefined) {
      await this.#pause();
      return false;
    }
    this.#partial = 0;
    this.#size.took(chunk.rows, chunk.images.length, ms);
    this.#redefinitions = 0;
    await stream.acknowledged(ended);
    this.#after = chunk.last ?? this.#after;
    this.#rows += given;
    this.#shown.copied(chunk.rows, this.#rows);
    options.onAdvanced();
    if (!chunk.isEnd) this.#update('copying');
    return chunk.isEnd;
  }

  /** Undefined: what was read is of no use, and is to be read again. */
  async #read(): Promise<Chunk | undefined> {
    const { options, watched } = this.#of;
    const { reader, limits } = options;
    const { definition, rows } = this.#reading;
    const chunk = await this.#of.read((seen) =>
      reader.read({
        definition,
        after: this.#after,
        range: this.#range,
        maxRows: this.#size.rows,
        maxBytes: limits.chunkBytes,
        seen,
      }),
    );
    if (chunk !== undefined) watched.changed.narrow(() => rows.keysOf(chunk.images));
    return chunk;
  }

  /** While the stream is held where the chunk belongs. Returns how many rows were given; undefined as `#read`. */
  async #give({ images }: Chunk, identity: ChunkIdentity): Promise<number | undefined> {
    const { watched } = this.#of;
    const { rows } = this.#reading;
    if (watched.isRedefined) return undefined;
    const { keys, partial, isOverflown } = watched.changed;
    if (isOverflown) {
      this.#overflown += 1;
      if (this.#overflown > MAX_OVERFLOWN) throw this.#of.neverStill();
      this.#size.halve();
      return undefined;
    }
    this.#overflown = 0;
    if (rows.hasOneOf(partial, images)) {
      if (this.#size.rows === 1) this.#partial += 1;
      this.#size.halve();
      return undefined;
    }
    return rows.give(images, identity, keys);
  }

  /** A row that is updated again and again may be read between two updates. */
  async #pause(): Promise<void> {
    if (this.#partial === 0) return;
    if (this.#partial > MAX_PARTIAL) throw this.#of.neverWhole();
    const { clock, random } = this.#of.options;
    await clock.sleep(random() * Math.min(MAX_PAUSE_MS, this.#partial * 50), this.#of.ended);
  }

  #update(state: 'copying' | 'gone'): void {
    const after = this.#after === undefined ? {} : { after: placeOf(this.#after) };
    this.#of.update(state, this.#rows, { key: keyOf(this.#reading.definition), ...after });
  }
}

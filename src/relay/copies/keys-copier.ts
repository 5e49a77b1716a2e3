import type { KeyBytes, KeysChunk } from '../../source/source.ts';
import { AbsentKeys, type KeyImage } from './absent-keys.ts';
import { ChunkSize } from './chunk-size.ts';
import { keyOf } from './copy-place.ts';
import { keysOf } from './copy-part.ts';
import { nameOf, type Reading, type TableCopier } from './table-copier.ts';
import type { TableProgress } from './table-progress.ts';

/** One statement asks for so many keys, and so many bytes of them. */
const MAX_KEYS = 500;
const MAX_KEY_BYTES = 64 << 10;
/** So often one key alone is read again, of which nobody knows what has become of it meanwhile. */
const MAX_UNCLEAR = 60;
/** The longest pause between two such reads. */
const MAX_PAUSE_MS = 1000;

/**
 * Copies single rows by their keys: an insert for each that is there, a delete for each that is not; see Copier. A key
 * that the server did not find is deleted only if no row was given a key meanwhile that the server may take as equal:
 * the delete of `ABC` removes `abc` where a reader's table has the collation of the source.
 */
export class KeysCopier {
  readonly #of: TableCopier;
  readonly #asked: readonly string[];
  readonly #size: ChunkSize;
  readonly #shown: TableProgress;
  #reading: Reading;
  #absent: AbsentKeys;
  #redefinitions = 0;
  /** Reads one after the other of one key that told nothing. */
  #unclear = 0;
  #done: number;
  #rows: number;

  constructor(of: TableCopier, reading: Reading, keys: readonly string[]) {
    this.#of = of;
    this.#asked = keys;
    this.#size = new ChunkSize({ ...of.options.limits, maxRows: Math.min(MAX_KEYS, of.options.limits.maxRows) });
    this.#shown = of.show(keys.length);
    this.#reading = reading;
    this.#absent = new AbsentKeys(reading.plan, of.options.stream.taker);
    this.#done = Math.min(of.table.keysDone ?? 0, keys.length);
    this.#rows = of.table.rows;
  }

  /** Until all keys are copied, the table is gone, or its copy was paused or cancelled. */
  async run(): Promise<void> {
    const { options, watched, ended, id, table } = this.#of;
    const { reader, pace, logger } = options;
    // All of them first: nothing is published of a request that has one which the table cannot hold.
    const keys = await reader.keys(this.#reading.definition, keysOf(this.#asked));
    this.#update('copying');
    while (this.#done < keys.length) {
      await pace.wait(ended);
      if (!this.#of.isActive) return;
      if (watched.isRedefined && !(await this.#redefine())) return;
      const batch = this.#batch(keys);
      if (await this.#copy(batch)) this.#update('copying');
      else await this.#again(batch);
    }
    this.#update('copied');
    logger.info(
      { copy: id, table: nameOf(table), keys: keys.length, rows: this.#rows },
      'the keys of a table are copied',
    );
  }

  #batch(keys: readonly KeyBytes[]): readonly KeyBytes[] {
    const batch: KeyBytes[] = [];
    let bytes = 0;
    for (const key of keys.slice(this.#done, this.#done + this.#size.rows)) {
      bytes += key.reduce((sum, part) => sum + part.length, 0);
      if (batch.length > 0 && bytes > MAX_KEY_BYTES) break;
      batch.push(key);
    }
    return batch;
  }

  /** False when the table is gone. */
  async #redefine(): Promise<boolean> {
    this.#redefinitions += 1;
    const redefined = await this.#of.redefine(this.#redefinitions);
    if (redefined === undefined) {
      this.#update('gone');
      return false;
    }
    this.#of.requireKey(redefined.definition, keyOf(this.#reading.definition));
    this.#reading = redefined;
    this.#absent = new AbsentKeys(redefined.plan, this.#of.options.stream.taker);
    return true;
  }

  /** False: what was read is of no use. */
  async #copy(keys: readonly KeyBytes[]): Promise<boolean> {
    const { options, ended } = this.#of;
    const { clock, stream } = options;
    const beganMs = clock.monotonic();
    const images = keys.map((key) => this.#absent.imageOf(key));
    const chunk = await this.#read(keys, images);
    if (chunk === undefined) return false;
    const { given, ms } = await this.#of.publish(chunk, beganMs, () => this.#give(chunk, images));
    if (given === undefined) return false;
    this.#unclear = 0;
    this.#redefinitions = 0;
    this.#size.took(keys.length, chunk.images.length, ms);
    await stream.acknowledged(ended);
    this.#done += keys.length;
    this.#rows += given;
    this.#shown.copied(keys.length, this.#done);
    options.onAdvanced();
    return true;
  }

  async #read(keys: readonly KeyBytes[], images: readonly KeyImage[]): Promise<KeysChunk | undefined> {
    const { options, watched } = this.#of;
    const { reader, limits } = options;
    const { definition, rows } = this.#reading;
    const chunk = await this.#of.read((seen) =>
      reader.readKeys({ definition, keys, maxBytes: limits.chunkBytes, seen }),
    );
    if (chunk !== undefined)
      watched.changed.narrow(() => new Set([...rows.keysOf(chunk.images), ...images.map(({ exact }) => exact)]));
    return chunk;
  }

  /** While the stream is held where the chunk belongs. Returns how many rows were given; undefined as `#read`. */
  async #give({ images, found }: KeysChunk, keys: readonly KeyImage[]): Promise<number | undefined> {
    const { watched } = this.#of;
    const { rows } = this.#reading;
    const { keys: dirty, partial, isOverflown } = watched.changed;
    if (watched.isRedefined || isOverflown || rows.hasOneOf(partial, images)) return undefined;
    // What the stream says of a key itself is all there is to say of it.
    const absent = keys.filter(({ exact }, i) => found[i] === false && (partial.has(exact) || !dirty.has(exact)));
    if (absent.some(({ identity }) => watched.given.has(identity))) return undefined;
    const identity = this.#of.nextChunk();
    const given = await rows.give(images, identity, dirty);
    this.#absent.give(absent, identity, given);
    return given + absent.length;
  }

  /** Fewer of them, and when it was one already after a pause: somebody may write to the table without end. */
  async #again(batch: readonly KeyBytes[]): Promise<void> {
    this.#of.watched.close();
    this.#size.halve();
    if (batch.length > 1 || this.#of.watched.isRedefined) return;
    this.#unclear += 1;
    if (this.#unclear > MAX_UNCLEAR) throw this.#of.neverStill();
    const { clock, random } = this.#of.options;
    await clock.sleep(random() * Math.min(MAX_PAUSE_MS, this.#unclear * 50), this.#of.ended);
  }

  #update(state: 'copying' | 'copied' | 'gone'): void {
    this.#of.update(state, this.#rows, { key: keyOf(this.#reading.definition), keysDone: this.#done });
  }
}

/**
 * Rows as they come in packets of MySQL's text protocol, packed as images that the row compiler reads: null bitmap, one
 * bit per column of the table, then the values that are not NULL, each after its length in four bytes. Source of the
 * packet's layout: "Text Resultset Row" in the source documentation of MySQL.
 */
import { RelayError } from '../../base/errors.ts';

/** How a value stands in a packed image. */
export const PACKED_SIZE = { kind: 'prefixed', prefix: 4 } as const;

const NULL_VALUE = 0xfb;
const LENGTH_2 = 0xfc;
const LENGTH_3 = 0xfd;
const LENGTH_8 = 0xfe;
const PREFIX_BYTES = 4;
/** Shorter values are copied byte by byte, which is quicker than a call. */
const SHORT_BYTES = 24;

/** The rows of one answer, one image after the other. */
export class PackedRows {
  rows = 0;
  #buffer: Buffer;
  #length = 0;
  /** Where the image of the newest row begins. */
  #last = 0;
  readonly #bitmapBytes: number;
  /** Which column of the table each value of a packet is. */
  readonly #places: readonly number[];
  readonly #emptyBitmap: Buffer;

  /** `columns`: of the table. `places`: the columns that are read, by index. */
  constructor(columns: number, places: readonly number[], sizeBytes: number) {
    this.#bitmapBytes = (columns + 7) >> 3;
    this.#places = places;
    this.#emptyBitmap = Buffer.alloc(this.#bitmapBytes);
    for (let column = 0; column < columns; column += 1)
      if (!places.includes(column)) setBit(this.#emptyBitmap, 0, column);
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
  }

  get sizeBytes(): number {
    return this.#length;
  }

  /** The images. Valid until the next row is added. */
  get images(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds the row of the packet in `b[from, end)`. */
  add(b: Buffer, from: number, end: number): void {
    this.#reserve(this.#bitmapBytes + (end - from) + this.#places.length * PREFIX_BYTES);
    const out = this.#buffer;
    const bitmap = this.#length;
    this.#last = bitmap;
    for (let i = 0; i < this.#bitmapBytes; i += 1) out[bitmap + i] = this.#emptyBitmap[i] ?? 0;
    let o = bitmap + this.#bitmapBytes;
    let p = from;
    for (let i = 0; i < this.#places.length; i += 1) {
      if (p >= end) throw cutPacket();
      let length = b[p] ?? 0;
      p += 1;
      if (length === NULL_VALUE) {
        setBit(out, bitmap, this.#places[i] ?? 0);
        continue;
      }
      if (length === LENGTH_2) {
        length = b.readUInt16LE(p);
        p += 2;
      } else if (length === LENGTH_3) {
        length = b.readUIntLE(p, 3);
        p += 3;
      } else if (length === LENGTH_8) {
        length = Number(b.readBigUInt64LE(p));
        p += 8;
      }
      if (p + length > end) throw cutPacket();
      out[o] = length;
      out[o + 1] = length >> 8;
      out[o + 2] = length >> 16;
      out[o + 3] = length >> 24;
      o += PREFIX_BYTES;
      if (length < SHORT_BYTES) for (let j = 0; j < length; j += 1) out[o + j] = b[p + j] ?? 0;
      else b.copy(out, o, p, p + length);
      o += length;
      p += length;
    }
    this.#length = o;
    this.rows += 1;
  }

  /** The values of columns of the newest row, by index; undefined before the first row, or where one is NULL. */
  lastValues(indexes: readonly number[]): readonly Buffer[] | undefined {
    if (this.rows === 0) return undefined;
    const values = new Map<number, Buffer>();
    let p = this.#last + this.#bitmapBytes;
    for (const place of this.#places) {
      if (((this.#buffer[this.#last + (place >> 3)] ?? 0) & (1 << (place & 7))) !== 0) continue;
      const length = this.#buffer.readUInt32LE(p);
      p += PREFIX_BYTES;
      if (indexes.includes(place)) values.set(place, Buffer.from(this.#buffer.subarray(p, p + length)));
      p += length;
    }
    const found = indexes.flatMap((index) => values.get(index) ?? []);
    return found.length === indexes.length ? found : undefined;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

const setBit = (b: Buffer, bitmap: number, bit: number): void => {
  b[bitmap + (bit >> 3)] = (b[bitmap + (bit >> 3)] ?? 0) | (1 << (bit & 7));
};

const cutPacket = (): RelayError =>
  new RelayError('SOURCE_ERROR', 'a row of a SELECT is shorter than its values', {
    remedy: 'Report it with the version of the server.',
  });

/**
 * Images that hold only some columns of their table: binlog_row_image=MINIMAL and NOBLOB. Source: pack_row of
 * sql/rpl_record.cc
 *
 * Such an image is what an image of a table with these columns alone would be: its null bits and values count the
 * columns present. In an update the image before holds the key (MINIMAL), or all but BLOBs (NOBLOB), and the image
 * after what was written. A column that is missing from the image after has not changed.
 */
import type { ValueSize } from '../binlog.ts';
import { u8 } from '../bytes/bytes.ts';
import { decodeError } from '../wire/decode-error.ts';

/** The columns, by index, whose bits are set in the bitmap at `b[at]` of a rows event. */
export function presentColumns(b: Buffer, at: number, columns: number): readonly number[] {
  return Array.from({ length: columns }, (_, index) => index).filter((index) => isBitSet(b, at, index));
}

/** The columns that either image of an update holds, in table order. */
export interface MergedColumns {
  readonly sizes: readonly ValueSize[];
  /** Which of them the image before holds, by place among them. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * The rows in `b[from, end)` of an update, image before and image after by turns, each with all merged columns. The
 * image after has from the one before what it does not hold itself; in the image before NULL stands for what is not
 * known. Throws BINLOG_DECODE.
 */
export function mergeUpdateImages(b: Buffer, from: number, end: number, columns: MergedColumns): Buffer {
  const { sizes } = columns;
  // Values of the image before are written twice at most, and the merged bits are no more than those of both images.
  const out = Buffer.alloc(2 * (end - from));
  const before = newImage(sizes.length);
  const after = newImage(sizes.length);
  let o = 0;
  for (let p = from; p < end; p = after.end) {
    readImage(b, p, end, columns.before, sizes, before);
    o = writeImage(b, before, before, out, o);
    readImage(b, before.end, end, columns.after, sizes, after);
    o = writeImage(b, after, before, out, o);
  }
  return out.subarray(0, o);
}

/** Where the values of an image stand, with their length prefixes, by place among the merged columns. */
interface Image {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Behind the image. */
  end: number;
}

const NULL = -1;
const MISSING = -2;

const newImage = (columns: number): Image => ({ from: new Int32Array(columns), to: new Int32Array(columns), end: 0 });

function readImage(
  b: Buffer,
  start: number,
  end: number,
  places: readonly number[],
  sizes: readonly ValueSize[],
  into: Image,
): void {
  into.from.fill(MISSING);
  let at = start + ((places.length + 7) >> 3);
  for (const [bit, place] of places.entries()) {
    const size = sizes[place];
    if (size === undefined || at > end) break;
    if (isBitSet(b, start, bit)) {
      into.from[place] = NULL;
      continue;
    }
    into.from[place] = at;
    if (size.kind === 'fixed') at += size.bytes;
    else if (at + size.prefix <= end) at += size.prefix + b.readUIntLE(at, size.prefix);
    else at = end + 1;
    into.to[place] = at;
  }
  if (at > end) throw decodeError('UPDATE_ROWS', 'row images that end inside the event', 0);
  into.end = at;
}

/** Writes the columns of `image`, and those that it does not hold from `otherwise`. */
function writeImage(b: Buffer, image: Image, otherwise: Image, out: Buffer, start: number): number {
  const columns = image.from.length;
  let o = start + ((columns + 7) >> 3);
  for (let place = 0; place < columns; place++) {
    const { from, to } = image.from[place] === MISSING ? otherwise : image;
    const first = from[place] ?? MISSING;
    if (first < 0) out[start + (place >> 3)] = u8(out, start + (place >> 3)) | (1 << (place & 7));
    else o += b.copy(out, o, first, to[place]);
  }
  return o;
}

const isBitSet = (b: Buffer, at: number, bit: number): boolean => ((u8(b, at + (bit >> 3)) >> (bit & 7)) & 1) === 1;

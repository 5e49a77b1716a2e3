/** Takes the row images out of a stream of events, with the checksum as the only check. */
import { isWhole } from './crc.ts';
import { packedAt, packedBytes } from './packed.ts';
import { writerOf, type WriteRow } from './row-writer.ts';

const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;
const TABLE_ID_BYTES = 6;
const FORMAT_DESCRIPTION = 15;
const TABLE_MAP = 19;
const WRITE_ROWS = 30;
const UPDATE_ROWS = 31;
const DELETE_ROWS = 32;

interface KnownTable {
  readonly bytes: Buffer;
  readonly write: WriteRow;
}

export class RowEvents {
  readonly #tables = new Map<number, KnownTable>();
  readonly #rows: (b: Buffer, p: number, end: number, write: WriteRow) => void;

  /** `rows` is given the images of one event: `b[p, end)`. */
  constructor(rows: (b: Buffer, p: number, end: number, write: WriteRow) => void) {
    this.#rows = rows;
  }

  event(b: Buffer, start: number, end: number): void {
    const type = b.readUInt8(start + 4);
    if (type !== FORMAT_DESCRIPTION && !isWhole(b, start, end)) throw new Error('a wrong checksum');
    const bodyEnd = end - CHECKSUM_BYTES;
    if (type === TABLE_MAP) this.#learn(b, start, bodyEnd);
    else if (type >= WRITE_ROWS && type <= DELETE_ROWS) this.#take(b, start, bodyEnd, type === UPDATE_ROWS);
  }

  #learn(b: Buffer, start: number, end: number): void {
    const from = start + HEADER_BYTES;
    const id = b.readUIntLE(from, TABLE_ID_BYTES);
    const known = this.#tables.get(id);
    if (known?.bytes.length === end - from && b.compare(known.bytes, 0, known.bytes.length, from, end) === 0) return;
    this.#tables.set(id, { bytes: Buffer.from(b.subarray(from, end)), write: writerOf(b, start, end) });
  }

  #take(b: Buffer, start: number, end: number, isUpdate: boolean): void {
    let p = start + HEADER_BYTES;
    const table = this.#tables.get(b.readUIntLE(p, TABLE_ID_BYTES));
    if (table === undefined) throw new Error('rows of an unknown table');
    p += TABLE_ID_BYTES + 2;
    p += b.readUInt16LE(p);
    const bitmapBytes = (packedAt(b, p) + 7) >> 3;
    this.#rows(b, p + packedBytes(b, p) + bitmapBytes * (isUpdate ? 2 : 1), end, table.write);
  }
}

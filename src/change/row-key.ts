import type { Column, Table, WriteText } from '../binlog/binlog.ts';
import { foldsAsAscii, isByteEqual } from '../binlog/rows/columns.ts';
import {
  compileLocate,
  hasColumn,
  type ColumnSet,
  type LocateValues,
  type RowColumn,
} from '../binlog/rows/row-compiler.ts';
import type { Ordering, RowIdentity } from './change.ts';

/**
 * The key of the rows of one table version: reads the identity of a row from its image.
 *
 * Equal keys must share a lane, and equality is the collation's, not that of bytes. So the lane is hashed over the
 * published text of those key columns whose equality is equality of text; a table without any is one lane. For packing,
 * text under a collation that is known to fold ASCII is compared folded and right-trimmed; any other text, a float, and
 * a part that is indexed by a prefix are taken as equal to everything.
 */
export class RowKey {
  /** True when keys of this table may be `isAnyKey`: its rows must be compared with such rows as well. */
  readonly mayBeAnyKey: boolean;
  /** Stands for the whole table. */
  readonly tableHash: number;
  readonly #parts: readonly Part[];
  readonly #isOrdered: boolean;
  readonly #locate: LocateValues;
  readonly #ranges: Int32Array;

  /**
   * Under `ordering: table` and `total` every row of the table, or every row, has the same identity, whatever its key.
   */
  constructor(table: Table, columns: readonly RowColumn[], ordering: Ordering) {
    this.tableHash = ordering === 'total' ? OFFSET_BASIS : hashText(`${table.database}\0${table.name}`);
    this.#parts = partsOf(table, columns);
    this.#isOrdered = ordering === 'key';
    this.mayBeAnyKey =
      this.#isOrdered && this.#parts.some(({ equality }) => equality === 'folded' || equality === 'any');
    this.#ranges = new Int32Array(this.#parts.length * 2);
    this.#locate = compileLocate(
      columns,
      this.#parts.map(({ column }) => column.index),
    );
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** True when an update of these columns moves the row to another place in the order, so that it is two changes. */
  isMovedBy(changed: ColumnSet): boolean {
    return this.#isOrdered && this.isChangedBy(changed);
  }

  /** True when an update of these columns gives the row another key. */
  isChangedBy(changed: ColumnSet): boolean {
    for (const { column } of this.#parts) if (hasColumn(changed, column.index)) return true;
    return false;
  }

  /** Fills `into` with the identity of the row whose image starts at `p`. */
  read(b: Buffer, p: number, into: RowIdentity): void {
    let lane = this.tableHash;
    let key = this.tableHash;
    let isAnyKey = false;
    if (this.#parts.length > 0) this.#locate(b, p, this.#ranges);
    for (let i = 0; this.#isOrdered && i < this.#parts.length; i += 1) {
      const part = this.#parts[i];
      if (part === undefined) break;
      if (part.equality === 'any') {
        isAnyKey = true;
        continue;
      }
      const start = this.#ranges[2 * i] ?? 0;
      let end = Math.min(SCRATCH_BYTES, part.text(SCRATCH, 0, b, start, this.#ranges[2 * i + 1] ?? 0));
      while (end > 0 && SCRATCH[end - 1] === SPACE) end -= 1;
      if (part.equality === 'folded' && !foldAscii(SCRATCH, end)) isAnyKey = true;
      else key = hashBytes(key, SCRATCH, end);
      if (part.equality === 'bytes') lane = hashBytes(lane, SCRATCH, end);
    }
    into.laneHash = scramble(lane);
    into.keyHash = scramble(key);
    into.isAnyKey = isAnyKey;
  }

  /**
   * The primary key of the row that was read last, its parts joined by commas: for the keys of a message, not for
   * comparing.
   */
  text(b: Buffer): string {
    return this.#parts
      .map(({ text }, i) => {
        const end = text(SCRATCH, 0, b, this.#ranges[2 * i] ?? 0, this.#ranges[2 * i + 1] ?? 0);
        return Buffer.from(SCRATCH.buffer, 0, Math.min(end, SCRATCH_BYTES)).toString();
      })
      .join(',');
  }
}

interface Part {
  readonly column: Column;
  readonly text: WriteText;
  readonly equality: 'bytes' | 'folded' | 'any';
}

/**
 * InnoDB's longest key has 3,072 bytes, its base64 4,096. What is longer (a prefix part) is compared by its beginning
 * only.
 */
const SCRATCH_BYTES = 8192;
const SCRATCH = new Uint8Array(SCRATCH_BYTES);
const SPACE = 0x20;

function partsOf(table: Table, columns: readonly RowColumn[]): readonly Part[] {
  const parts: Part[] = [];
  for (const { column, prefix } of table.primaryKey) {
    const codec = columns[column.index]?.codec;
    // A key that is not published whole identifies no row for the reader.
    if (codec === undefined) return [];
    parts.push({ column, text: codec.text, equality: equalityOf(column, prefix) });
  }
  return parts;
}

function equalityOf(column: Column, prefix: number): Part['equality'] {
  if (prefix > 0) return 'any';
  if (isByteEqual(column)) return 'bytes';
  return foldsAsAscii(column) ? 'folded' : 'any';
}

/** Folds upper to lower case in place; false when a byte is not printable ASCII. */
function foldAscii(bytes: Uint8Array, end: number): boolean {
  for (let i = 0; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte > 0x7e) return false;
    if (byte >= 0x41 && byte <= 0x5a) bytes[i] = byte | 0x20;
  }
  return true;
}

// FNV-1a, 32 bits, with the finalizer of MurmurHash3: lanes are a checkpoint's identity, so this must never change.
const OFFSET_BASIS = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

function hashBytes(seed: number, bytes: Uint8Array, end: number): number {
  let hash = Math.imul(seed ^ 0xff, PRIME);
  for (let i = 0; i < end; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), PRIME);
  return hash;
}

function hashText(text: string): number {
  const bytes = Buffer.from(text);
  return hashBytes(OFFSET_BASIS, bytes, bytes.length);
}

function scramble(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

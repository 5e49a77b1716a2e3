import { GrowingBytes, type HeldBytes } from '../base/growing-bytes.ts';
import { writeUnsigned } from '../binlog/columns/digits.ts';
import type { ColumnSet, Cursor } from '../binlog/row-compiler.ts';
import type { RowChange } from '../change/change.ts';
import type { Segment } from './low-water-mark.ts';
import type { MessageClass } from './message-class.ts';

/** What one send will carry, while its rows gather: rows of one class, in order. */
export class Message {
  readonly class: MessageClass;
  readonly number: number;
  /** Holds the low-water mark back until the message is acknowledged. */
  readonly segment: Segment;
  rows = 0;
  /** Commit time of the newest row's transaction, ms since 1970. */
  commitTimeMs = 0;
  hasGtid = false;
  /** Primary keys of the rows while message keys are wanted; undefined when they are not, or not any more. */
  keys: string[] | undefined;
  readonly data: GrowingBytes;
  readonly old: GrowingBytes;
  readonly changes: GrowingBytes;
  readonly #fullBytes: number;

  constructor(messageClass: MessageClass, number: number, segment: Segment, held: HeldBytes, fullBytes: number) {
    this.class = messageClass;
    this.number = number;
    this.segment = segment;
    this.#fullBytes = fullBytes;
    this.data = new GrowingBytes(held, messageClass.head.length + FIRST_ROWS_BYTES);
    this.old = new GrowingBytes(held, messageClass.kind === 'UPDATE' ? FIRST_ROWS_BYTES : 0);
    this.changes = new GrowingBytes(held, FIRST_CHANGES_BYTES);
    this.data.append(messageClass.head);
  }

  get isFull(): boolean {
    return this.data.length + this.old.length + this.changes.length >= this.#fullBytes;
  }

  /** Adds a row; `changed` are the changed columns of an update. */
  add(change: RowChange, changed: ColumnSet | undefined): void {
    this.#addRow(change);
    if (changed !== undefined) this.#addOld(change, changed);
    this.#addIdentity(change);
    this.rows += 1;
  }

  /** Whole change ids of the first and the last row. */
  firstAndLastChange(): [first: string, last: string] {
    const { buffer, length } = this.changes;
    const first = buffer.toString('latin1', 1, buffer.indexOf(QUOTE, 1));
    const last = buffer.toString('latin1', buffer.lastIndexOf(QUOTE, length - 2) + 1, length - 1);
    return [`${this.class.source}:${first}`, `${this.class.source}:${last}`];
  }

  /** Gives its bytes back to the budget. */
  release(): void {
    this.data.release();
    this.old.release();
    this.changes.release();
  }

  #addRow({ image, start, end }: RowChange): void {
    const { format } = this.class.plan;
    let out = this.data.reserve(format.room(end - start));
    let o = this.#writeRow(image, start, out);
    // A large row with more escapes than `room` foresaw: now its length is known.
    if (o > out.length) {
      out = this.data.reserve(o - this.data.length);
      o = this.#writeRow(image, start, out);
    }
    this.data.length = o;
  }

  #writeRow(image: Buffer, start: number, out: Buffer): number {
    CURSOR.p = start;
    CURSOR.o = this.data.length;
    if (this.rows > 0) out[CURSOR.o++] = COMMA;
    this.class.plan.format.writeRow(image, CURSOR, out);
    return CURSOR.o;
  }

  #addOld({ image, start, end, before }: RowChange, changed: ColumnSet): void {
    const { format } = this.class.plan;
    // The image before ends where the one after starts.
    let out = this.old.reserve(format.room(Math.max(start - before, end - start)));
    let o = this.#writeOld(image, before, out, changed);
    if (o > out.length) {
      out = this.old.reserve(o - this.old.length);
      o = this.#writeOld(image, before, out, changed);
    }
    this.old.length = o;
  }

  #writeOld(image: Buffer, before: number, out: Buffer, changed: ColumnSet): number {
    CURSOR.p = before;
    CURSOR.o = this.old.length;
    if (this.rows > 0) out[CURSOR.o++] = COMMA;
    this.class.plan.format.writeOld(image, CURSOR, out, changed);
    return CURSOR.o;
  }

  /** `"23#0"`: the part of the change id that differs from row to row. */
  #addIdentity({ transaction, n, isInsertHalf }: RowChange): void {
    const { number } = transaction;
    const out = this.changes.reserve(number.length + IDENTITY_BYTES);
    let o = this.changes.length;
    if (o > 0) out[o++] = COMMA;
    out[o++] = QUOTE;
    for (let i = 0; i < number.length; i += 1) out[o++] = number[i] ?? 0;
    out[o++] = HASH;
    o = writeUnsigned(out, o, n);
    if (isInsertHalf) out[o++] = PLUS;
    out[o++] = QUOTE;
    this.changes.length = o;
    this.commitTimeMs = transaction.commitTimeMs;
    this.hasGtid = transaction.gno !== undefined;
  }
}

const CURSOR: Cursor = { p: 0, o: 0 };
/** Small, so that thousands of live messages of one row stay small; they double as they grow. */
const FIRST_ROWS_BYTES = 1024;
const FIRST_CHANGES_BYTES = 64;
/** Comma, quotes, hash, plus and the digits of n. */
const IDENTITY_BYTES = 24;
const COMMA = 0x2c;
const QUOTE = 0x22;
const HASH = 0x23;
const PLUS = 0x2b;

import { GrowingBytes, type HeldBytes } from '../../base/growing-bytes.ts';
import { writeUnsigned } from '../../binlog/bytes/digits.ts';
import type { ColumnSet, RowCursor } from '../../binlog/rows/row-compiler.ts';
import type { RowChange } from '../../change/change.ts';
import type { Format } from '../../format/format.ts';
import type { Segment } from '../progress/low-water-mark.ts';
import type { MessageClass } from '../tables/table-plan.ts';
import type { MessageKeys } from './message-keys.ts';

/** What one send will carry, while its rows gather: rows of one class, in order. */
export class Message {
  readonly class: MessageClass;
  readonly number: number;
  /** Holds the low-water mark back until the message is acknowledged. */
  readonly segment: Segment;
  rows = 0;
  /** Commit time of the newest row's transaction, ms since 1970. */
  commitTimeMs = 0;
  /** Monotonic. */
  openedMs = 0;
  hasGtid = false;
  /** Primary keys of the rows while message keys are wanted; undefined when they are not, or not any more. */
  keys: MessageKeys | undefined;
  readonly data: GrowingBytes;
  readonly old: GrowingBytes;
  readonly changes: GrowingBytes;
  /** Which columns of which rows are in base64, because their bytes are no text: elements of a JSON array. */
  readonly invalidText: GrowingBytes;
  invalidTextRows = 0;
  readonly #sizes: MessageSizes;
  /** What it was before it took its first row of the transaction that it took rows of last. */
  readonly #before: Before = {
    serial: 0,
    rows: 0,
    commitTimeMs: 0,
    hasGtid: false,
    keys: 0,
    data: 0,
    old: 0,
    changes: 0,
    invalidText: 0,
    invalidTextRows: 0,
  };

  constructor(messageClass: MessageClass, number: number, segment: Segment, held: HeldBytes, sizes: MessageSizes) {
    this.class = messageClass;
    this.number = number;
    this.segment = segment;
    this.#sizes = sizes;
    this.data = new GrowingBytes(held, messageClass.head.length + FIRST_ROWS_BYTES);
    this.old = new GrowingBytes(held, messageClass.kind === 'UPDATE' ? FIRST_ROWS_BYTES : 0);
    this.changes = new GrowingBytes(held, FIRST_CHANGES_BYTES);
    this.invalidText = new GrowingBytes(held, 0);
    this.data.append(messageClass.head);
  }

  /**
   * A row that alone fills a message gets one of its own: together with others it could be more than the broker takes.
   */
  hasRoomFor(imageBytes: number): boolean {
    if (this.rows === 0) return true;
    const bytes = this.data.length + this.old.length + this.changes.length + this.invalidText.length;
    return bytes < this.#sizes.fullBytes && imageBytes < this.#sizes.fullBytes;
  }

  /**
   * Adds a row; `changed` are the changed columns of an update. With a row that makes the message larger than it may
   * be, it is as it was before, and the size that it would have is returned; undefined otherwise. A value that cannot
   * be written throws, and the message is as it was before, too.
   */
  add(change: RowChange, changed: ColumnSet | undefined): number | undefined {
    if (change.serial !== this.#before.serial) this.#beginTransaction(change.serial);
    const { invalidText } = this.class.plan;
    const dataEnd = this.#writeRow(change);
    const invalidData = invalidText.take();
    const oldEnd = changed === undefined ? this.old.length : this.#writeOld(change, changed);
    const invalidOld = invalidText.take();
    const isNoted = invalidData.length > 0 || invalidOld.length > 0;
    const note = isNoted ? this.#invalidTextNote(invalidData, invalidOld) : '';
    const bytes =
      dataEnd + oldEnd + this.changes.length + this.invalidText.length + note.length * MAX_UTF8 + TAIL_BYTES;
    if (bytes > this.#sizes.maxBytes) return bytes;
    if (note !== '') {
      this.invalidText.append(Buffer.from(note));
      this.invalidTextRows += 1;
    }
    this.data.length = dataEnd;
    this.old.length = oldEnd;
    this.#addIdentity(change);
    this.rows += 1;
    return undefined;
  }

  /** Takes out the rows of the transaction with this serial, if it is the last of which it took any. */
  takeBack(serial: number): void {
    const before = this.#before;
    if (before.serial !== serial) return;
    this.rows = before.rows;
    this.commitTimeMs = before.commitTimeMs;
    this.hasGtid = before.hasGtid;
    this.keys?.truncate(before.keys);
    this.data.length = before.data;
    this.old.length = before.old;
    this.changes.length = before.changes;
    this.invalidText.length = before.invalidText;
    this.invalidTextRows = before.invalidTextRows;
  }

  #beginTransaction(serial: number): void {
    const before = this.#before;
    before.serial = serial;
    before.rows = this.rows;
    before.commitTimeMs = this.commitTimeMs;
    before.hasGtid = this.hasGtid;
    before.keys = this.keys?.values.length ?? 0;
    before.data = this.data.length;
    before.old = this.old.length;
    before.changes = this.changes.length;
    before.invalidText = this.invalidText.length;
    before.invalidTextRows = this.invalidTextRows;
  }

  /** Whole change ids of the first and the last row. */
  firstAndLastChange(): [first: string, last: string] {
    const { buffer, length } = this.changes;
    const first = buffer.toString('latin1', 1, buffer.indexOf(QUOTE, 1));
    const last = buffer.toString('latin1', buffer.lastIndexOf(QUOTE, length - 2) + 1, length - 1);
    return [`${this.class.source}:${first}`, `${this.class.source}:${last}`];
  }

  /** What stands after the rows is in the body now, or not wanted: its bytes are free. */
  recycleNotes(): void {
    this.old.recycle();
    this.changes.recycle();
    this.invalidText.recycle();
  }

  #invalidTextNote(data: readonly string[], old: readonly string[]): string {
    const note = { row: this.rows, ...(data.length > 0 && { data }), ...(old.length > 0 && { old }) };
    return `${this.invalidTextRows === 0 ? '' : ','}${JSON.stringify(note)}`;
  }

  /** Returns where the row ends in `data`. */
  #writeRow({ image, start, end }: RowChange): number {
    const out = this.data.reserve(this.#room(this.data, end - start));
    const o = this.#tryRow(image, start, out);
    // A large row with more escapes than `room` foresaw: now its length is known. One that is too large is not written.
    if (o <= out.length || o > this.#sizes.maxBytes) return o;
    return this.#tryRow(image, start, this.data.reserve(o - this.data.length));
  }

  #tryRow(image: Buffer, start: number, out: Buffer): number {
    this.class.plan.invalidText.clear();
    CURSOR.p = start;
    CURSOR.o = this.data.length;
    if (this.rows > 0) out[CURSOR.o++] = COMMA;
    this.class.plan.format.writeRow(image, CURSOR, out);
    return CURSOR.o;
  }

  /** Returns where the previous values end in `old`. The image before ends where the one after starts. */
  #writeOld({ image, start, before }: RowChange, changed: ColumnSet): number {
    const out = this.old.reserve(this.#room(this.old, start - before));
    const o = this.#tryOld(image, before, out, changed);
    if (o <= out.length || o > this.#sizes.maxBytes) return o;
    return this.#tryOld(image, before, this.old.reserve(o - this.old.length), changed);
  }

  /** However large a row, no more memory is taken for it than a message may have. */
  #room(bytes: GrowingBytes, imageBytes: number): number {
    return Math.min(this.class.plan.format.room(imageBytes), Math.max(0, this.#sizes.maxBytes - bytes.length));
  }

  #tryOld(image: Buffer, before: number, out: Buffer, changed: ColumnSet): number {
    this.class.plan.invalidText.clear();
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
    for (let i = 0; i < number.length; i += 1) out[o++] = number.charCodeAt(i);
    out[o++] = HASH;
    o = writeUnsigned(out, o, n);
    if (isInsertHalf) out[o++] = PLUS;
    out[o++] = QUOTE;
    this.changes.length = o;
    this.commitTimeMs = transaction.commitTimeMs;
    this.hasGtid = transaction.gno !== undefined;
  }
}

/** Numbers and lengths of a message. */
interface Before {
  serial: number;
  rows: number;
  commitTimeMs: number;
  hasGtid: boolean;
  keys: number;
  data: number;
  old: number;
  changes: number;
  invalidText: number;
  invalidTextRows: number;
}

export interface MessageSizes {
  /** Size at which a message takes no more rows. */
  readonly fullBytes: number;
  /** The largest body that the sink takes. */
  readonly maxBytes: number;
}

/** A message of a format of one row is full with its first. */
export const messageSizes = (options: {
  readonly format: Pick<Format, 'isOneRow'>;
  /** Size at which a message takes no more rows. */
  readonly messageBytes: number;
  readonly maxBodyBytes: number;
}): MessageSizes => ({
  fullBytes: options.format.isOneRow ? 0 : options.messageBytes,
  maxBytes: options.maxBodyBytes,
});

/** Bytes that one unit of a text takes at most. */
const MAX_UTF8 = 3;
/** More than what stands after the rows takes, beside `old` and `changes`. */
const TAIL_BYTES = 1024;
const CURSOR: RowCursor = { p: 0, o: 0 };
/** Small, so that thousands of live messages of one row stay small; they double as they grow. */
const FIRST_ROWS_BYTES = 512;
const FIRST_CHANGES_BYTES = 64;
/** Comma, quotes, hash, plus and the digits of n. */
const IDENTITY_BYTES = 24;
const COMMA = 0x2c;
const QUOTE = 0x22;
const HASH = 0x23;
const PLUS = 0x2b;

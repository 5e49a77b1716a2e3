import type { RowIdentity } from '../../change/change.ts';
import { KeyIndex } from './key-index.ts';

/** What the packer needs to know of a message. */
export interface Packed {
  /** Place in its lane: 1, 2, 3 … */
  readonly number: number;
  /** False when a row whose images have so many bytes has to begin another message. */
  hasRoomFor(imageBytes: number): boolean;
}

/** What the packer needs to know of the table of a row; see RowKey. */
export interface PackedTable {
  readonly mayBeAnyKey: boolean;
  readonly tableHash: number;
}

/**
 * The messages of one lane that are not yet sent, and the rule that says which of them a row may join.
 *
 * A row joins the newest unsent message of its class, unless a message after that one holds a row that it must not
 * overtake: one of the same key. A key that may equal any other of its table must overtake no row of the table, and no
 * row of the table may overtake it.
 *
 * Only open messages can be joined, so the keys of a message count only while an older one is open: a lane that packs a
 * single class remembers nothing, and a row that joins the newest message asks nothing.
 *
 * Invariant 2: per row key, the order of messages and of rows in them is commit order. Pure.
 */
export class Packer<C extends object, M extends Packed> {
  readonly #unsent: M[] = [];
  /** The newest message of each class that is not sent, the oldest of them first. */
  readonly #open = new Map<C, M>();
  readonly #newestOfKey = new KeyIndex();
  #begun = 0;
  #taken = 0;
  /** Number of the oldest open message; infinite when none is. */
  #oldestOpen = Infinity;

  /** What `take` would take. */
  get first(): M | undefined {
    return this.#unsent[0];
  }

  /** Those that are not taken, in their order. */
  get messages(): readonly M[] {
    return this.#unsent;
  }

  get unsent(): number {
    return this.#unsent.length;
  }

  /** The message that the row may join; undefined when it has to begin one. */
  find(messageClass: C, row: RowIdentity, table: PackedTable, imageBytes: number): M | undefined {
    const open = this.#open.get(messageClass);
    return open !== undefined && this.#mayJoin(open, row, table, imageBytes) ? open : undefined;
  }

  /** Number of the newest message, sent or not; 0 before the first. */
  get newest(): number {
    return this.#begun;
  }

  /** Number of the message that is begun next. */
  get nextNumber(): number {
    return this.#begun + 1;
  }

  /** Puts a new message, of number `nextNumber`, after all others of the lane. */
  begin(messageClass: C, message: M): void {
    this.#begun = message.number;
    this.#unsent.push(message);
    this.#open.delete(messageClass);
    this.#open.set(messageClass, message);
    this.#findOldestOpen();
  }

  /** Nothing joins the messages any more that there are. */
  close(): void {
    this.#open.clear();
    this.#findOldestOpen();
  }

  /** The row has joined the message, which is the one that was found for it, or begun. */
  joined(message: M, row: RowIdentity, table: PackedTable): void {
    if (message.number > this.#oldestOpen) this.#remember(row, table, message.number);
  }

  /** Takes the first message out, to be sent. Nothing joins it any more. */
  take(): M | undefined {
    const message = this.#unsent.shift();
    if (message === undefined) return undefined;
    this.#taken = message.number;
    // Nothing is older, so if it is open it is the first.
    const [oldest] = this.#open;
    if (oldest?.[1] === message) this.#open.delete(oldest[0]);
    this.#findOldestOpen();
    return message;
  }

  #mayJoin(open: M, row: RowIdentity, table: PackedTable, imageBytes: number): boolean {
    if (!open.hasRoomFor(imageBytes)) return false;
    return open.number === this.#begun || open.number >= this.#newestToFollow(row, table);
  }

  #findOldestOpen(): void {
    const [oldest] = this.#open.values();
    this.#oldestOpen = oldest === undefined ? Infinity : oldest.number;
  }

  /** The number of the newest message that holds a row which this one must not overtake. */
  #newestToFollow(row: RowIdentity, table: PackedTable): number {
    if (row.isAnyKey) return this.#newestOfKey.newest(anyRow(table));
    const newest = this.#newestOfKey.newest(row.keyHash);
    return table.mayBeAnyKey ? Math.max(newest, this.#newestOfKey.newest(anyKey(table))) : newest;
  }

  #remember(row: RowIdentity, table: PackedTable, number: number): void {
    if (!row.isAnyKey) this.#newestOfKey.set(row.keyHash, number, this.#taken);
    if (!table.mayBeAnyKey) return;
    this.#raise(anyRow(table), number);
    if (row.isAnyKey) this.#raise(anyKey(table), number);
  }

  #raise(hash: number, number: number): void {
    if (this.#newestOfKey.newest(hash) < number) this.#newestOfKey.set(hash, number, this.#taken);
  }
}

/** Stands in the index for "any row of the table", and "a row of the table whose key may equal any other". */
const anyRow = ({ tableHash }: PackedTable): number => tableHash ^ 0x5bd1e995;
const anyKey = ({ tableHash }: PackedTable): number => tableHash ^ 0x1b873593;

import type { RowIdentity } from '../change/change.ts';
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
 * A row joins the newest unsent message of its class, unless a message behind that one holds a row that it must not overtake: one of the same
 * key. A key that may equal any other of its table must overtake no row of the table, and no row of the table may overtake it.
 *
 * Invariant 2: per row key, the order of messages and of rows in them is commit order. Pure.
 */
export class Packer<C extends object, M extends Packed> {
  readonly #create: (messageClass: C, number: number) => M;
  readonly #unsent: M[] = [];
  readonly #open = new Map<C, M>();
  readonly #newestOfKey = new KeyIndex();
  #created = 0;
  #taken = 0;

  constructor(create: (messageClass: C, number: number) => M) {
    this.#create = create;
  }

  get unsent(): number {
    return this.#unsent.length;
  }

  /** The message that the row joins: an open one, or a new one at the end of the lane. */
  messageFor(messageClass: C, row: RowIdentity, table: PackedTable, imageBytes: number): M {
    const newestToFollow = this.#newestToFollow(row, table);
    let message = this.#open.get(messageClass);
    if (message === undefined || !message.hasRoomFor(imageBytes) || message.number < newestToFollow) {
      this.#created += 1;
      message = this.#create(messageClass, this.#created);
      this.#unsent.push(message);
      this.#open.set(messageClass, message);
    }
    this.#remember(row, table, message.number);
    return message;
  }

  /** Takes the first message out, to be sent. Nothing joins it any more. */
  take(): M | undefined {
    const message = this.#unsent.shift();
    if (message === undefined) return undefined;
    this.#taken = message.number;
    for (const [messageClass, open] of this.#open) {
      if (open === message) this.#open.delete(messageClass);
    }
    return message;
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

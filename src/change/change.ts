/**
 * The room that says what a change is: which row of which table, in which transaction, and which rows it must not
 * overtake. Pure.
 */

/**
 * A transaction as the identity of its changes needs it. One record, filled again for each transaction.
 *
 * A change id is `<source>:<number>#<n>`: the n-th row change of its table in the transaction, `+` after it for the
 * insert half of an update that changed the key. Unique together with database and table, the same on every replica,
 * after every restart and under every table filter.
 */
export interface Transaction {
  /**
   * The server's part of its change ids: `uuid`, `uuid:tag`, MariaDB's `domain-server`, or `server uuid/file` without
   * GTIDs.
   */
  source: string;
  /** The GTID's number, or the offset of the transaction in its file, in digits. */
  number: string;
  /** `number` as a GTID's; undefined without GTIDs. */
  gno: bigint | undefined;
  /** When it was committed where it was first written, ms since 1970. */
  commitTimeMs: number;
}

/** Which rows a row must not overtake, and its lane. One record, filled again for each row. */
export interface RowIdentity {
  /** Rows that MySQL may hold equal have the same. 32 bits. */
  laneHash: number;
  /** Rows of equal key have the same; a false match only splits a message. 32 bits. */
  keyHash: number;
  /** True when the key may equal any other key of its table: it must not overtake any row of the table. */
  isAnyKey: boolean;
}

/** What is kept in commit order: the rows of a key, of a table, or everything. */
export type Ordering = 'key' | 'table' | 'total';

/**
 * One row change on its way from an event into a message. One record, filled again for each row; the images are valid
 * only while their event is.
 */
export interface RowChange {
  transaction: Transaction;
  /** Of the transaction in which it is taken; rises with each one. */
  serial: number;
  /** The change is the n-th of its table in the transaction, from 0. */
  n: number;
  /** True for the insert half of an update that changed the key. */
  isInsertHalf: boolean;
  readonly row: RowIdentity;
  /** Holds the images. */
  image: Buffer;
  /** Where the image with the row's values starts: after the change, for a delete before it. */
  start: number;
  /** Where it ends. */
  end: number;
  /** Where the image with the previous values of an update starts; unused otherwise. */
  before: number;
}

export const newRowChange = (): RowChange => ({
  transaction: { source: '', number: '', gno: undefined, commitTimeMs: 0 },
  serial: 0,
  n: 0,
  isInsertHalf: false,
  row: { laneHash: 0, keyHash: 0, isAnyKey: false },
  image: Buffer.alloc(0),
  start: 0,
  end: 0,
  before: 0,
});

/**
 * The room that says what a message looks like: its body, and the tag, keys and properties on it. Pure.
 *
 * A body is written in parts, so that a row costs one copy: a head when the message opens, one element of `data` (and
 * of `old` for an update) per row, and everything else when the message is sealed. A format of one row a message calls
 * `data` and `old` as its readers do.
 */
import type { Table } from '../binlog/binlog.ts';
import type { DdlObject, DdlType } from '../binlog/statements/ddl-statement.ts';
import type { ColumnSet, RowCursor, RowColumn } from '../binlog/rows/row-compiler.ts';

/** As `publish.format` and the property `format` have them. */
export type FormatName = 'canal-json' | 'debezium-json' | 'maxwell-json';

export type ChangeKind = 'INSERT' | 'UPDATE' | 'DELETE';

/** What sealing adds to the rows. */
export interface MessageFacts {
  readonly kind: ChangeKind;
  /** Whole change id of the first row. */
  readonly firstChange: string;
  /** The elements of `old`, comma-separated; empty unless an update. */
  readonly old: Buffer;
  /** The elements of `changes`, comma-separated. */
  readonly changes: Buffer;
  /** The elements of `invalidText`, comma-separated; empty when all values are text. */
  readonly invalidText: Buffer;
  /** GTID of the last row's transaction; empty without GTIDs. */
  readonly gtid: string;
  /** Commit time of the last row's transaction, ms since 1970. */
  readonly commitTimeMs: number;
  /** When the message was sealed, ms since 1970. */
  readonly packedAtMs: number;
  /** Number of the message in its lane and epoch, from 1. */
  readonly sequence: number;
}

/**
 * What a reader has to know of the rows of a message before it takes them for whole ones, written as usual; nothing of
 * it for ordinary rows.
 */
export interface Marks {
  /** Name of the time zone of TIMESTAMP texts that are not in UTC. */
  readonly timeZone?: string;
  /** Binary columns are not in base64, but each byte is the character of its number. */
  readonly binary?: 'latin1';
  /** Names of the columns that the binlog does not bring for these rows. */
  readonly absent?: readonly string[];
  /** Names of the columns of an update whose previous values the binlog does not bring. */
  readonly oldAbsent?: readonly string[];
  /** Names of the columns that are left out because the row with them is larger than a message may be. */
  readonly omitted?: readonly string[];
}

/** The kinds of row that carry marks, as the property `marks` of their messages names them. */
export type MarkName = 'oversize' | 'partial' | 'invalidText';

/** How rows of one table version are written. */
export interface TableFormat {
  /** Everything before the first row; `source` is the server's part of the change ids. */
  head(kind: ChangeKind, source: string): Buffer;
  /** Writes the image at `c.p` as one element of `data`. */
  writeRow(b: Buffer, c: RowCursor, out: Uint8Array): void;
  /** Writes what the body says of the before image at `c.p`, of which the columns `changed` have changed. */
  writeOld(b: Buffer, c: RowCursor, out: Uint8Array, changed: ColumnSet): void;
  /**
   * Room to reserve for an element made of `imageBytes` bytes. Enough for nearly every row; the caller checks `c.o` and
   * writes again where not.
   */
  room(imageBytes: number): number;
  /** Everything after the last row. */
  tail(facts: MessageFacts): Buffer;
}

/** A statement that is published. */
export interface PublishedDdl {
  readonly type: DdlType;
  /** Default database of its session; may be empty. */
  readonly database: string;
  /** Those that it names, published or not; empty when they are not clear. */
  readonly tables: readonly DdlObject[];
  readonly sql: string;
  /** As of changes: the server's part of its id. */
  readonly source: string;
  /** The rest of its id: `23#ddl0`. */
  readonly change: string;
  /** Empty without GTIDs. */
  readonly gtid: string;
  /** Where its transaction begins: file:position. */
  readonly position: string;
  /** ms since 1970. */
  readonly commitTimeMs: number;
}

export interface DdlMessageFacts extends PublishedDdl {
  /** ms since 1970. */
  readonly packedAtMs: number;
  readonly sequence: number;
}

/** Where the copy of a table begins or ends among the changes of the stream. */
export interface CopyMark {
  /** Id of the copy. */
  readonly copy: string;
  readonly what: 'begin' | 'end';
  readonly database: string;
  readonly table: string;
  /** At the beginning SHOW CREATE TABLE of the source; empty at the end. */
  readonly sql: string;
  /** Rows that the copy has published; 0 at the beginning. */
  readonly rows: number;
  /** What readers have of the table is to be removed first: it has no key by which a row could be written over. */
  readonly replaces: boolean;
  /** As of changes: `source` and the rest of the id of the mark. */
  readonly source: string;
  readonly change: string;
  /** Where the stream is: file:position, and with GTIDs everything that is before the mark. */
  readonly position: string;
  readonly gtidSet: string;
  /** ms since 1970. */
  readonly atMs: number;
}

export interface CopyMarkFacts extends CopyMark {
  /** ms since 1970. */
  readonly packedAtMs: number;
  readonly sequence: number;
}

/** How far the stream was when a message without rows was put into every lane. */
export interface Progress {
  /** As of changes: `source` and the rest of the id, the same in every lane. */
  readonly source: string;
  readonly change: string;
  /** The transaction boundary: file:position, and with GTIDs everything that is before it. */
  readonly position: string;
  readonly gtidSet: string;
  /**
   * On the clock of the source, ms since 1970: the commit of the newest transaction before the boundary or, when later,
   * the last time at which there was none after it.
   */
  readonly asOfMs: number;
}

export interface ProgressFacts extends Progress {
  /** ms since 1970. */
  readonly packedAtMs: number;
  readonly sequence: number;
}

export interface Format {
  /** Goes into the property `format` of every message. */
  readonly name: FormatName;
  /** Its readers take one change a body: every row is a message of its own. */
  readonly isOneRow: boolean;
  /** An update that changes the primary key is a delete and an insert, whatever the order that is kept. */
  readonly splitsKeyChanges: boolean;
  /** The body of the message of a statement. */
  ddl(facts: DdlMessageFacts): Buffer;
  /** The body of the message of a mark. Readers that know of no copies must pass over it. */
  copyMark(facts: CopyMarkFacts): Buffer;
  /** The body of a progress message. Readers that do not know it must pass over it. */
  progress(facts: ProgressFacts): Buffer;
  /** `marks` stand in every message. `copy`: id of the copy that the rows are of; undefined for those of the stream. */
  forTable(table: Table, columns: readonly RowColumn[], marks?: Marks, copy?: string): TableFormat;
}

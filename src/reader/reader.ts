/**
 * What a reader of the topic gets: messages and changes as values, nothing of their bytes. See docs/reader.md, and
 * docs/message-format.md for what every part means.
 */
import type { RelayError } from '../base/errors.ts';
import type { TopicOptions } from '../topic/topic.ts';

/** Values are MySQL's own text, or null. */
export type Row = Readonly<Record<string, string | null>>;

/** Where a change stands. */
export interface Place {
  readonly lane: string;
  readonly queue: number;
  readonly offset: bigint;
  readonly stream: string;
  readonly epoch: number;
  readonly sequence: number;
}

interface Common {
  /** The whole change id: unique together with database and table, the same however often the change comes. */
  readonly id: string;
  readonly database: string;
  /** Empty for a statement of a whole database. */
  readonly table: string;
  /** Of the transaction; empty without GTIDs, and for rows of a copy. */
  readonly gtid: string;
  /** When the last transaction of the message was committed, ms since 1970. */
  readonly committedMs: number;
  readonly at: Place;
}

interface OfRow extends Common {
  /** Names of the columns of the primary key, in its order; empty without one. */
  readonly key: readonly string[];
  /** Column → declared type. */
  readonly types: Readonly<Record<string, string>>;
  /** Id of the copy that the row is of: the reader may have it already. Not there for what the stream brings. */
  readonly copy?: string;
  /** Zone of the texts of TIMESTAMP columns; not there: UTC. */
  readonly timeZone?: string;
  /** Each byte of a binary column is the character of its number; not there: base64. */
  readonly binary?: 'latin1';
  /** Columns that are left out because the row is larger than a message may be: `row` has the key alone. */
  readonly omitted?: readonly string[];
  /** Columns that the binlog did not bring for this row. */
  readonly absent?: readonly string[];
  /** Columns in `row` whose values are base64, because their bytes are no text. */
  readonly invalidText?: readonly string[];
}

export interface InsertedRow extends OfRow {
  readonly kind: 'insert';
  readonly row: Row;
}

export interface UpdatedRow extends OfRow {
  readonly kind: 'update';
  /** After the update. */
  readonly row: Row;
  /** The previous values of the columns that changed, those of the key among them. */
  readonly before: Row;
  /** Columns in `row` whose previous values the binlog did not bring. */
  readonly beforeAbsent?: readonly string[];
  /** As `invalidText`, in `before`. */
  readonly beforeInvalidText?: readonly string[];
}

export interface DeletedRow extends OfRow {
  readonly kind: 'delete';
  /** Before it was deleted. */
  readonly row: Row;
}

export type RowChange = InsertedRow | UpdatedRow | DeletedRow;

/** A statement that changed tables without row events, where the relay publishes them (`ddl: inline`, or a topic). */
export interface Statement extends Common {
  readonly kind: 'statement';
  /** `CREATE`, `ALTER`, `ERASE`, `TRUNCATE`, `RENAME`, `CINDEX`, `DINDEX` or `QUERY`. */
  readonly type: string;
  readonly sql: string;
  /** Every table in it, `null` for all tables of a database. */
  readonly tables: readonly (readonly [database: string, table: string | null])[];
  /** In how many lanes it stands: it comes once in each. */
  readonly lanes: number;
}

/** Where the copy of a table begins or ends. */
export interface CopyMark extends Common {
  readonly kind: 'copy-begin' | 'copy-end';
  /** Id of the copy. */
  readonly copy: string;
  /** At the beginning SHOW CREATE TABLE of the source; empty at the end. */
  readonly sql: string;
  /** At the end, how many rows the copy has published. */
  readonly rows: number;
  /** The table has no key: what the reader has of it is to be removed at the beginning. */
  readonly replaces: boolean;
  /** In how many lanes it stands: it comes once in each. */
  readonly lanes: number;
}

/** Everything of this lane that was committed before is before it; only with `progress: true`. */
export interface Progress {
  readonly kind: 'progress';
  /** The body as it is. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: Place;
}

export type Change = RowChange | Statement | CopyMark | Progress;

/** The changes of one message that are new, at least one: neighbours of one lane, in order. */
export interface ChangeMessage {
  readonly changes: readonly Change[];
  /** How many of the message are not among them because they came before. */
  readonly repeated: number;
  readonly at: Place;
}

export type ReaderNotice =
  /** Nothing can be received; it is tried again until it works. */
  | { readonly what: 'away'; readonly error: RelayError }
  | { readonly what: 'back' }
  /** Other readers of the group may have got the batch as well, because the broker could not be told in time. */
  | { readonly what: 'lost'; readonly queue: number; readonly offset: bigint }
  /** The broker has a part of a message only, as when it was killed while it stored it: left out, it comes again. */
  | { readonly what: 'torn'; readonly place: string; readonly why: string }
  /** The relay was started again: this lane goes on from `resume`, and what came before is left out by its id. */
  | { readonly what: 'epoch'; readonly at: Place; readonly resume: string }
  /** Another relay, or one without its checkpoint, publishes in the lane: nothing tells whether changes are missing. */
  | { readonly what: 'stream'; readonly at: Place };

export interface ReaderOptions extends TopicOptions {
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Whether progress messages are delivered, too. Default false. */
  readonly progress?: boolean;
  /**
   * Whether other processes read with the same group. They share the lanes, so that no one of them sees all messages of
   * one: gaps are not errors then. Default false.
   */
  readonly shared?: boolean;
  /** How many change ids of each lane are remembered to leave out repeats. Default 50,000. */
  readonly remembered?: number;
  /** Default: warnings of Node.js, `process.emitWarning`, but for `epoch` and `back`. */
  readonly onNotice?: (notice: ReaderNotice) => void;
}

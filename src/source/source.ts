/**
 * The room where events come from. One session = one dump connection; after it ends, the relay opens the next one.
 */
import type { FilePosition } from '../binlog/binlog.ts';
import type { Flavour } from '../binlog/gtids/gtids.ts';
import type { TableDefinition } from './copy/definition.ts';

export type { TableDefinition };

/** As the server `serverUuid` has it: another one may have another. */
export interface DefinedTable extends TableDefinition {
  readonly serverUuid: string;
}

/** Where a session starts. With GTIDs the server finds the place by the set; the file position is then only shown. */
export interface StartPosition extends FilePosition {
  /**
   * Text of the GTID set, or MariaDB's GTID position, of everything before the position; undefined when the source runs
   * without GTIDs.
   */
  readonly gtidSet: string | undefined;
}

/** Stops and goes on with the reading. */
export interface Tap {
  /** Stops reading from the socket; what the socket has already brought is kept back. The connection stays open. */
  pause(): void;
  resume(): void;
}

/** What the relay gives to a session. All are called synchronously, in the order of the stream; none may throw. */
export interface EventReader {
  /** The server `serverUuid` begins to send; called before the first event. */
  begin(tap: Tap, serverUuid?: string): void;
  /** One event, from its header to its end. The bytes stay as they are until `endOfRead` has returned. */
  event(buffer: Buffer, start: number, end: number): void;
  /**
   * What the socket had in one turn of the event loop has been handed over. Comes soon after the last event, whatever
   * else happens.
   */
  endOfRead(): void;
}

export interface Session {
  /** Settles when the session is over: rejects with a RelayError that says why, resolves after `close`. */
  readonly ended: Promise<void>;
  /** Ends the dump on the server as well, so that no zombie dump thread remains. Idempotent. */
  close(): Promise<void>;
}

/** The newest position of the server, to tell "idle" from "stuck". */
export interface Head extends StartPosition {
  readonly serverUuid: string;
  /** The server's clock before it was asked, ms since 1970; not known unless given. */
  readonly asOfMs?: number;
}

export interface BinlogFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** What a server has of its binlog, and when it purges it by itself. */
export interface Retention {
  readonly serverUuid: string;
  /** The server's clock before it was asked, ms since 1970. */
  readonly asOfMs: number;
  /** Oldest first; never empty. */
  readonly files: readonly BinlogFile[];
  /** The oldest file that a start at the position would read; undefined: it cannot be told. It may be gone. */
  readonly needed: string | undefined;
  /** Files that were changed longer ago are purged; undefined: never for their age. */
  readonly expireSeconds: number | undefined;
  /** The oldest files are purged when all take more; undefined: they may take any space. */
  readonly spaceLimitBytes: bigint | undefined;
  /** What an operator does so that it keeps more, in the words of the server. */
  readonly remedies: { readonly expiry: string; readonly space: string };
}

/** What `prepare` found out. */
export interface Prepared {
  readonly start: StartPosition;
  readonly flavour: Flavour;
  readonly serverUuid: string;
  /** The server does not log the rows that foreign keys with ON DELETE and ON UPDATE change; false unless given. */
  readonly hidesCascades?: boolean;
  /**
   * What an operator should know of where the run starts, and of what makes the copy less than exact; logged as
   * warnings.
   */
  readonly warnings: readonly string[];
}

/** What a stored checkpoint says of the source. */
export interface StoredPosition extends StartPosition {
  readonly serverUuid: string;
  readonly rolledBack?: RolledBack | undefined;
}

/** A server lacked transactions that were published. It may have as many again by now, but not the same. */
export interface RolledBack {
  readonly serverUuid: string;
  /** When it was seen, ISO 8601 in UTC. */
  readonly at: string;
}

export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** What the relay has read of the binlog of server `serverUuid`. */
export interface Seen extends StartPosition {
  readonly serverUuid: string | undefined;
}

/** Of a primary key, each part as SELECT shows it (selectedExpression). */
export type KeyBytes = readonly Buffer[];

/** Inclusive; a bound may be absent, and may have fewer parts than the key. */
export interface KeyRange {
  readonly from?: KeyBytes;
  readonly to?: KeyBytes;
}

/** A part of a key as somebody wrote it: text in UTF-8, or the bytes as SELECT shows them. */
export interface KeyValue {
  readonly form: 'text' | 'bytes';
  readonly bytes: Buffer;
}

/** A key, or a bound of keys, as somebody wrote it. */
export interface WrittenKey {
  /** What it is called in an error: `keys[3]`. */
  readonly name: string;
  readonly values: readonly KeyValue[];
  /** It may have fewer parts than the key. */
  readonly isBound: boolean;
}

export interface KeysRequest {
  readonly definition: DefinedTable;
  readonly keys: readonly KeyBytes[];
  /** More bytes than this are read of one key only. */
  readonly maxBytes: number;
  /** The read sees all of it. */
  readonly seen: Seen;
}

/** The rows of some keys, as they were at one moment. */
export interface KeysChunk extends BinlogEnd {
  /** See Chunk. */
  readonly images: Buffer;
  readonly rows: number;
  /** Of each key that was asked for: whether the server has a row whose key it takes as equal. */
  readonly found: readonly boolean[];
}

export interface ChunkRequest {
  readonly definition: DefinedTable;
  /** The key that the chunk comes after: what `last` of the chunk before was; undefined for the first one. */
  readonly after: KeyBytes | undefined;
  /** Only rows whose keys are in it. */
  readonly range?: KeyRange;
  readonly maxRows: number;
  /** The chunk is cut after the row with which it has as many bytes. */
  readonly maxBytes: number;
  /** The read sees all of it. */
  readonly seen: Seen;
}

/** The end of the binlog of server `serverUuid`, when it was asked for. */
export interface BinlogEnd {
  readonly end: FilePosition;
  readonly serverUuid: string;
}

/** Rows of a table as they were at one moment; what they hold was logged before `end`. */
export interface Chunk extends BinlogEnd {
  /**
   * One image after the other, as the row compiler reads them: every value after its length in four bytes, as SELECT
   * shows it.
   */
  readonly images: Buffer;
  readonly rows: number;
  /** The key of the last row; undefined when there is no row. */
  readonly last: KeyBytes | undefined;
  /** No row of the table comes after these. */
  readonly isEnd: boolean;
}

/** A table at one moment, as long as it is open; what it holds was logged before `end`. */
export interface TableView extends BinlogEnd {
  /**
   * All its rows, some at a time; the next ones are read when `take` has resolved. False as soon as it resolves with
   * false: no more of them are wanted.
   */
  rows(batchBytes: number, take: (images: Buffer, rows: number) => Promise<boolean>): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Reads whole tables beside the stream, of its server or of a replica of it, with SELECT as the only right it needs.
 * Every method throws RelayErrors: retryable ones when the server is away, or another one than that of `seen` and of
 * the definition answers.
 */
export interface TableReader {
  /** Why what was asked last takes so long, where that is known. */
  readonly waitsFor: string | undefined;
  /** Published tables that the account may see, when everything that `seen` has is done. */
  tables(seen: Seen): Promise<readonly TableName[]>;
  /** As it is when everything that `seen` has is done; undefined: there is no such table. */
  definition(name: TableName, seen: Seen): Promise<DefinedTable | undefined>;
  /** The rows that come next in the order of the primary key. */
  read(request: ChunkRequest): Promise<Chunk>;
  /**
   * Keys as the table would hold them: 17 for `017`, texts in the bytes of the column's charset. Throws
   * COPY_KEY_INVALID for one that it cannot hold, and says where it stands.
   */
  keys(definition: DefinedTable, asked: readonly WrittenKey[]): Promise<readonly KeyBytes[]>;
  /** The rows of single keys; undefined: they are more bytes than asked for, and fewer keys have to be. */
  readKeys(request: KeysRequest): Promise<KeysChunk | undefined>;
  /** Of a table without a primary key. */
  view(definition: DefinedTable, seen: Seen): Promise<TableView>;
  /** True for an error of a read that means: the table has another definition, or is gone. */
  isRedefinition(thrown: unknown): boolean;
  /** How busy the server is that tables are read of, and where the binlog of the stream ends. */
  load(): Promise<ServerLoad>;
  /** Something went wrong: what is read next is read on a new connection, from whichever server answers. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerLoad extends BinlogEnd {
  readonly threadsRunning: number;
  /** Length of InnoDB's history list, of some seconds ago; undefined where the account may not ask for it. */
  readonly historyList: number | undefined;
}

export interface Source {
  /** Where the server is that was asked last, when there are several to choose from. */
  readonly place?: string | undefined;
  /**
   * The server that was seen last without what was published of it: what it writes from then on may bear the same
   * names. Undefined when none was.
   */
  readonly rolledBack?: string | undefined;
  /**
   * Takes the exclusive lock `name` and keeps it until `close`. Only who has it may read the checkpoint: until then
   * another relay may be moving it. Throws SOURCE_LOCKED when another one holds it; with `onHolder` it waits until that
   * one gives it back, and says who it is, in words. A retryable error when the server is away.
   */
  lock(name: string, onHolder?: (holder: string) => void): Promise<void>;
  /** Asks the server whether the lock is held at this moment; false when it does not answer soon. */
  hasLock(): Promise<boolean>;
  /**
   * Which time the lock was taken: another number each time that it had to be taken again; undefined while it is not
   * certain that it is held. What only one relay may do is done only while it is certain, and is asked for each time.
   */
  readonly lockTerm: number | undefined;
  /**
   * Makes sure that the relay can read on from `stored`, or from the configured start without one: grants, variables,
   * tables, and that the position is still there. Throws a RelayError: retryable ones when the server is away, or a
   * replica that is behind.
   */
  prepare(stored: StoredPosition | undefined): Promise<Prepared>;
  /**
   * Takes the lock again where `open` would open a session, of several servers at the next one that can serve: for a
   * run that may read nothing until it has sent what it holds. Throws as `open` does.
   */
  relock(position: StartPosition): Promise<void>;
  /**
   * Opens a session that hands everything after `position` to `reader`. Throws a RelayError; a retryable one when the
   * server is away.
   */
  open(position: StartPosition, reader: EventReader): Promise<Session>;
  /**
   * Asks the server for its newest position. Throws SOURCE_ROLLED_BACK when that is before what the
   * same server said last and there is no other one to go on at; a retryable error when the server is away.
   */
  head(): Promise<Head>;
  /**
   * Asks the server how long it keeps what a start at `stored` would need. Throws SOURCE_GRANT_MISSING when the account
   * may not ask for it, and a retryable error when the server is away.
   */
  retention(stored: StoredPosition): Promise<Retention>;
  /** Releases everything, the exclusive lock among it. Idempotent. */
  close(): Promise<void>;
}

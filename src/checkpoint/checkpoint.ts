/**
 * The room of what survives a crash: the low-water mark, and what it is bound to.
 */

/**
 * What a checkpoint was made for. A difference refuses to start: rows would move to other queues, or the position means
 * nothing.
 */
export interface CheckpointIdentity {
  readonly destination: string;
  /**
   * Address of the broker, which stands for its cluster; several are joined by commas. Absent for sinks without one,
   * and in checkpoints of older versions.
   */
  readonly endpoint?: string;
  readonly queues: number;
  readonly lanes: readonly string[];
  readonly ordering: 'key' | 'table' | 'total';
  /** How bodies are written; absent: canal-json. */
  readonly messageFormat?: string;
}

/** One thing that happened in the stream. No value of a row and no text of a statement. */
export interface NoticeEvent {
  /** `TRUNCATE TABLE`; for a skipped transaction why. */
  readonly what: string;
  /** As `run --skip` takes it: a GTID, or file:position. */
  readonly transaction: string;
  /** Where it stands in the binlog: file:position. */
  readonly position: string;
  /** Commit time, ISO 8601 in UTC. */
  readonly at: string;
}

/** What an operator has to know, until it is acknowledged. */
export interface Notice {
  /** Another one each time that the notice goes on. */
  readonly id: string;
  /**
   * `differs`: a statement changed tables without row events. `skipped`: a transaction was passed without publishing
   * it.
   */
  readonly about: 'differs' | 'skipped';
  /** What it is about: `shop.orders`, `shop.*`, `*.*`; or the transaction. */
  readonly subject: string;
  readonly count: number;
  readonly first: NoticeEvent;
  readonly last: NoticeEvent;
}

export interface Notices {
  /** The highest id that was given out. */
  readonly newestId: number;
  /** Those that are not acknowledged, the oldest first; a bounded number. */
  readonly list: readonly Notice[];
  /**
   * How far the stream was read when they were counted: what comes before it is not counted again. Absent in
   * checkpoints of older versions.
   */
  readonly readTo?: NoticesReadTo;
}

export interface NoticesReadTo {
  /** Of the server that `file` and `offset` belong to. */
  readonly serverUuid: string;
  readonly file: string;
  readonly offset: number;
  /** Undefined when the source runs without GTIDs. */
  readonly gtidSet?: string;
}

/** `gone`: the server had no such table when its turn came. */
export type TableCopyState = 'waiting' | 'copying' | 'copied' | 'gone' | 'failed';

/** How far the copy of one table is. */
export interface TableCopy {
  readonly database: string;
  readonly table: string;
  readonly state: TableCopyState;
  /** Published and acknowledged. */
  readonly rows: number;
  /** The primary key of the last of them, each part as SELECT shows it, in hexadecimal; absent before the first. */
  readonly after?: readonly string[];
  /** What the parts of `after`, or of the keys that were asked for, are: another key begins anew, or fails. */
  readonly key?: string;
  /** Of a copy of single keys: so many of them, from the first, are done. */
  readonly keysDone?: number;
  /** Why it failed. */
  readonly reason?: string;
}

/**
 * Which rows of its one table a copy is of. A key is written as its parts, with commas between them: `t` and its text
 * in UTF-8, or `x` and the bytes as SELECT shows them, in hexadecimal. Bounds are inclusive, and may have fewer parts
 * than the key.
 */
export type CopyPart =
  /** `keys`: none any more once the copy has ended. */
  | { readonly of: 'keys'; readonly count: number; readonly keys: readonly string[] }
  /** Without bounds once the copy has ended. */
  | { readonly of: 'range'; readonly from?: string; readonly to?: string };

/** Tables whose rows are published as they are, beside the stream. */
export interface Copy {
  readonly id: string;
  /** As they were asked for. */
  readonly patterns: readonly string[];
  /** Absent: all rows. */
  readonly part?: CopyPart;
  readonly requestedAt: string;
  readonly isPaused: boolean;
  /** Until a table is copied nothing of it is published; absent where that was not asked for. */
  readonly isExact?: boolean;
  /** Of an exact copy that does not know its tables yet: those of which something was not published. */
  readonly withheld?: readonly { readonly database: string; readonly table: string }[];
  /** Absent while it goes on. */
  readonly endedAt?: string;
  readonly isCancelled?: boolean;
  /** Absent until the server was asked which tables there are. Of a copy that has ended only those not copied. */
  readonly tables?: readonly TableCopy[];
  /** Of a copy that has ended. */
  readonly outcome?: CopyOutcome;
}

/** What a copy came to. */
export interface CopyOutcome {
  /** That it was of. */
  readonly tables: number;
  readonly copied: number;
  readonly rows: number;
}

export interface Copies {
  /** The highest id that was given out. */
  readonly newestId: number;
  /** The oldest first; of those that have ended the newest few. */
  readonly list: readonly Copy[];
}

export interface Checkpoint extends CheckpointIdentity {
  /** server_uuid of the source that `file` and `offset` belong to. */
  readonly serverUuid: string;
  readonly file: string;
  readonly offset: number;
  /** GTID set of everything acknowledged; undefined when the source runs without GTIDs. */
  readonly gtidSet: string | undefined;
  /**
   * Name of this line of checkpoints, made up with the first one. Readers count epochs and sequences per stream: so a
   * relay that lost its checkpoint, or another one on the same topic, is not taken for an old run of this one.
   */
  readonly stream: string;
  /** Run counter: raised and stored before the first send of a run. */
  readonly epoch: number;
  /** When it was stored, ISO 8601 in UTC. */
  readonly storedAt: string;
  /** Absent before the first notice, and in checkpoints of older versions. */
  readonly notices?: Notices;
  /**
   * The server that a run has found rolled back: it is not gone on from there, whatever it has by now. Absent where
   * there is none.
   */
  readonly rolledBack?: { readonly serverUuid: string; readonly at: string };
  /** Absent before the first copy, and in checkpoints of older versions. */
  readonly copies?: Copies;
}

/** What a run begins with, once the place is its own. */
export interface Taken {
  readonly stored: Checkpoint | undefined;
  /** Of the new run: above every one that was given out here. */
  readonly epoch: number;
}

/**
 * A place for checkpoints. Whoever reads it asks `load`; a run takes it first, and gives it back at its end.
 *
 * The place is fenced: a run whose place was taken by another one can store nothing there any more, whatever both
 * believe of other locks.
 */
export interface CheckpointStore {
  /** Where it is, in words for log and health. */
  readonly location: string;
  /**
   * The newest sound checkpoint; undefined when there is none. Changes nothing, whoever has the place. Falls back to
   * the previous generation with a warning; throws CHECKPOINT_DAMAGED when none is sound.
   */
  load(): Promise<Checkpoint | undefined>;
  /**
   * Makes the place this run's until `close`. Throws CHECKPOINT_LOCKED when a relay that lives has it, as far as the
   * place can tell.
   */
  take(): Promise<Taken>;
  /** Throws CHECKPOINT_TAKEN when another relay has taken the place since, or has stored there. */
  confirm(): Promise<void>;
  /**
   * Resolves when the checkpoint survives a power cut. Calls do not overlap: the relay awaits one before the next.
   * Settles within a deadline, whatever disk or server do. Throws CHECKPOINT_TAKEN, and stores nothing, when what is
   * stored is of another stream or a higher epoch.
   */
  save(checkpoint: Checkpoint): Promise<void>;
  /** Gives the place back. Never throws, and waits for nothing that hangs. Idempotent. */
  close(): Promise<void>;
}

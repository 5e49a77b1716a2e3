/**
 * The room that owns the flow: events in, messages out, low-water mark down to the checkpoint. Knows only contracts.
 */
import type { Code } from '../base/error-codes.ts';
import type { Copy, Notice } from '../checkpoint/checkpoint.ts';
import type { StartPosition } from '../source/source.ts';

/**
 * What each means, and which one holds when several could: run/relay-state.ts, and the table in docs/monitoring.md.
 * `stopped` is the end of a run that was asked to stop.
 */
export const RELAY_STATES = [
  'starting',
  'connecting',
  'copying',
  'catching-up',
  'live',
  'blocked',
  'draining',
  'standby',
  'failed',
  'stopped',
] as const;

export type RelayState = (typeof RELAY_STATES)[number];

export const PART_NAMES = ['source', 'sink', 'checkpoint'] as const;

export type PartName = (typeof PART_NAMES)[number];

/** One part of the relay as an operator sees it. */
export interface PartStatus {
  readonly ok: boolean;
  /** One sentence: what it does now, or what is wrong and since when. */
  readonly reason: string;
}

/** What a relay waits for that stands by. */
export interface StandbyStatus {
  /** Who is active, in words, as far as the account may see. */
  readonly holder: string;
  /** Since when this one waits for it, ms since 1970. */
  readonly sinceMs: number;
}

/**
 * Everything that health, metrics and logs show; plain numbers kept by the relay, copied when asked for. No secrets, no
 * row values.
 */
export interface RelayStatus {
  readonly state: RelayState;
  /** When it came into this state, ms since 1970. */
  readonly sinceMs: number;
  /** Why it is in this state: one sentence. */
  readonly reason: string;
  /** What an operator can do about it; undefined when there is nothing to do. */
  readonly remedy: string | undefined;
  /** Undefined unless it stands by. */
  readonly standby: StandbyStatus | undefined;
  readonly epoch: number;
  readonly parts: Readonly<Record<PartName, PartStatus>>;
  /** Last transaction boundary read; undefined before the first session. */
  readonly position: StartPosition | undefined;
  readonly lowWaterMark: StartPosition | undefined;
  /** The server's newest position, asked for at most every few seconds; undefined while it cannot be asked. */
  readonly head: StartPosition | undefined;
  /**
   * idle: everything the server has is acknowledged; catching-up: behind and moving; stuck: behind, and for 30 s
   * nothing was read or acknowledged, or one lane waits for the same message; unknown: the server's newest position is
   * not known.
   */
  readonly progress: 'idle' | 'catching-up' | 'stuck' | 'unknown';
  /**
   * Commit time of the oldest transaction not yet acknowledged, ms since 1970; undefined when there is none. Open XA
   * branches are not committed.
   */
  readonly oldestUnacknowledgedMs: number | undefined;
  /** Seconds between commit and acknowledgement of the newest acknowledged message; undefined before the first. */
  readonly lastLagSeconds: number | undefined;
  /** When the broker last acknowledged a message, ms since 1970; undefined before the first. */
  readonly lastAcknowledgedMs: number | undefined;
  /** Since when no send succeeds, ms since 1970; undefined while they do. */
  readonly sinkFailingSinceMs: number | undefined;
  /** When the checkpoint was last stored, ms since 1970. It is stored when it has moved. */
  readonly checkpointStoredMs: number | undefined;
  readonly heldBytes: number;
  readonly heldBytesLimit: number;
  /** Versions of published tables that are remembered, and what they take in memory, about. */
  readonly tables: number;
  readonly tablesBytes: number;
  readonly sourcePaused: boolean;
  readonly lanesBusy: number;
  readonly lanes: number;
  /** The oldest first. */
  readonly openXaBranches: readonly OpenXaBranch[];
  /** A statement waits to be published or acknowledged: nothing is read until it is. */
  readonly ddlWaits: boolean;
  /** What nobody has acknowledged yet, the oldest first. */
  readonly notices: readonly Notice[];
  /** Those that go on, and the newest that have ended; the oldest first. */
  readonly copies: readonly Copy[];
  /** Undefined while none is. */
  readonly copying: CopyProgress | undefined;
  /** How long the server keeps the binlog that a restart would need. */
  readonly runway: RunwayStatus;
  /** The transaction that this run was told to skip. */
  readonly skip: SkipStatus | undefined;
  readonly counters: RelayCounters;
  readonly lag: LagStatus;
  /** Since the start of the process; the tables of which changes were acknowledged. */
  readonly tableChanges: readonly TableChanges[];
  /** Since the start of the process; only what has failed. */
  readonly failures: readonly FailureCount[];
  readonly lastError:
    { readonly code: string; readonly message: string; readonly remedy: string; readonly at: string } | undefined;
}

/**
 * Upper bounds of the buckets in which lags are counted, seconds. Never to be changed: what was recorded with others
 * cannot be compared.
 */
export const LAG_BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
];

/**
 * From the commit of its newest row to its acknowledgement, of each message with rows of the stream. Never negative: a
 * commit that seems to lie in the future counts as 0.
 */
export interface LagStatus {
  /** Messages since the start of the process: for each of LAG_BOUNDS those above the bound before it, and up to it. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
  /** Of the last four to five minutes. */
  readonly recent: {
    readonly messages: number;
    /** Estimated from the buckets; undefined without messages. */
    readonly p50Seconds: number | undefined;
    readonly p99Seconds: number | undefined;
  };
}

/** Acknowledged changes of one table; `undefined` names stand for all tables that have no line of their own. */
export interface TableChanges {
  readonly database: string | undefined;
  readonly table: string | undefined;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows of copies. */
  readonly copied: number;
}

/** How often a part failed with one code, and was tried again. */
export interface FailureCount {
  readonly part: PartName;
  readonly code: Code;
  readonly count: number;
}

/** Asked for every minute. */
export interface RunwayStatus {
  /** Until the server purges what a restart would begin with; Infinity: never by itself; undefined: not known. */
  readonly seconds: number | undefined;
  /** For its age, or for want of space; `gone`: it is purged already; undefined: not known. */
  readonly purgedBy: 'expiry' | 'space' | 'nothing' | 'gone' | undefined;
  /** In words. */
  readonly reason: string;
  /** What to do; undefined while nothing is to be done. */
  readonly remedy: string | undefined;
}

/** `before-start`: the run began after it. `not-met`: no transaction begins there, or the source has no GTIDs. */
export type SkipState = 'waiting' | 'passed' | 'before-start' | 'not-met';

export interface SkipStatus {
  /** As it was given. */
  readonly transaction: string;
  readonly state: SkipState;
}

/** An XA branch that was prepared, and neither committed nor rolled back yet. The low-water mark stays before it. */
export interface OpenXaBranch {
  /** As XA COMMIT takes it. */
  readonly xid: string;
  /** When it was prepared, ms since 1970. */
  readonly sinceMs: number;
  /** Size of its rows. */
  readonly bytes: number;
}

/** One value for each part of a primary key: its text, or its bytes as SELECT shows them, in hexadecimal. */
export type AskedKey = readonly (string | { readonly hex: string })[];

/** Rows of one table. Bounds are inclusive, either may be absent, and may have fewer parts than the key. */
export type AskedPart = { readonly keys: readonly AskedKey[] } | { readonly from?: AskedKey; readonly to?: AskedKey };

/** What an operator asks of copies of tables. */
export type CopyRequest =
  /** `database.table` patterns: published tables that match them are copied. With `part` one name. */
  | { readonly do: 'copy'; readonly patterns: readonly string[]; readonly part?: AskedPart }
  | { readonly do: 'pause' | 'resume' | 'cancel'; readonly id: string };

/** The table that is being copied. */
export interface CopyProgress {
  readonly copy: string;
  /** `database.table` */
  readonly table: string;
  /** Published and acknowledged. */
  readonly rows: number;
  /** What the server thinks the table has. */
  readonly estimatedRows: number;
  /** Read of the source, over the time since this run began with the table. */
  readonly rowsPerSecond: number;
  /** ms since 1970; undefined while it cannot be told. */
  readonly expectedEndMs: number | undefined;
  /** Why the copy waits. */
  readonly waitsFor: string | undefined;
}

/** Monotonic since the start of the process. */
export interface RelayCounters {
  readonly eventsRead: number;
  readonly bytesRead: number;
  readonly transactionsRead: number;
  readonly changesInserted: number;
  readonly changesUpdated: number;
  readonly changesDeleted: number;
  /** Published as their key alone. */
  readonly changesOversize: number;
  /** Published with the columns that the binlog brings. */
  readonly changesPartial: number;
  /** Published with values in base64, because their bytes are no text. */
  readonly changesInvalidText: number;
  /** Rows that copies have published, as far as they are acknowledged. */
  readonly rowsCopied: number;
  readonly messagesAcknowledged: number;
  readonly changesAcknowledged: number;
  readonly bytesAcknowledged: number;
  /** Progress messages, which do not count among the others. */
  readonly progressAcknowledged: number;
  readonly sendRetries: number;
  readonly sourceReconnects: number;
  readonly checkpointsStored: number;
  readonly ddlStatements: number;
  readonly transactionsSkipped: number;
}

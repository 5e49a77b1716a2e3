/**
 * The room that compares the source with what apply has made of it, while both move: what others may know of it. What
 * it promises to an operator, and why it raises no false alarm: docs/verify.md.
 */
import type { Code } from '../base/error-codes.ts';

/** One row of an answer: each value as the server's text. */
export type Row = Readonly<Record<string, string | null>>;

/** A connection to one of the two servers. Its methods throw RelayErrors. */
export interface Asked {
  readonly flavour: 'mysql' | 'mariadb';
  query(sql: string): Promise<readonly Row[]>;
}

/** Both servers. Sessions are made when they are needed. */
export interface Ends {
  /** In UTC, without a sql_mode; what is read is committed. Nothing but SELECT and SHOW is asked of it. */
  source(): Promise<Asked>;
  /** Likewise; transactions are REPEATABLE READ. */
  target(): Promise<Asked>;
  /** Whatever was open is over: the next call connects again. */
  drop(): void;
}

/** A place in the life of the source. */
export interface Place {
  /** Empty on a server without GTIDs, where `position` says it. */
  readonly gtidSet: string;
  /** `binlog.000002:4184`; empty with GTIDs. */
  readonly position: string;
}

/** Up to where the target has everything. */
export interface Reached extends Place {
  /** Differs from each message that said it to the next. */
  readonly round: string;
  /** How fresh that is, on the clock of the source, ms since 1970. */
  readonly asOfMs: number;
}

export type DifferenceKind = 'missing' | 'extra' | 'changed';

/** A row that is not the same on both sides. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** Of each column of the key, in hexadecimal, the bytes that SELECT shows in the column's own charset. */
  readonly key: readonly string[];
  /** As a person reads it: `id=17`. */
  readonly shown: string;
  /** Of a row that is changed: which. */
  readonly columns: readonly string[];
  /** By column, in the source and in the target; only where values are to be shown. */
  readonly values?: Readonly<Record<string, readonly [string | null, string | null]>>;
}

/**
 * Why a row is neither equal nor different. `moving`: it changed during every look. `unfound`: a server has it, and
 * does not find it by the key that it shows of it. `alike`: several rows of a server show this key.
 */
export type UndecidedWhy = 'moving' | 'unfound' | 'alike';

export interface UndecidedRow {
  /** As in `Difference`. */
  readonly shown: string;
  readonly why: UndecidedWhy;
}

export type TableState =
  | 'equal'
  | 'different'
  /** Nothing was found, but some rows could not be compared. */
  | 'undecided'
  /** There is no such table in the target. */
  | 'missing'
  /** Likewise, but apply makes it when a copy of it begins. */
  | 'awaited'
  /** Of a kind that is not compared; `reason` says why. */
  | 'unsupported'
  /** It is gone in the source. */
  | 'gone';

export interface TableResult {
  /** In the source. */
  readonly database: string;
  readonly table: string;
  readonly state: TableState;
  /** Why, where the state alone does not tell; empty otherwise. */
  readonly reason: string;
  /** Of the source. */
  readonly rows: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
  /** How many there are; with `isCut` at least. */
  readonly different: number;
  /** There are more than are looked at one by one. */
  readonly isCut: boolean;
  readonly undecided: number;
  /** The first of them; none of a table without a key. */
  readonly undecidedRows: readonly UndecidedRow[];
  /** Differences that a copy of the relay has mended. */
  readonly repaired: number;
  /** Columns that the target does not have, and columns that cannot be compared. */
  readonly missingColumns: readonly string[];
  readonly incomparableColumns: readonly string[];
  /** ISO 8601 in UTC; when its comparison ended. */
  readonly verifiedAt: string;
}

/** The table that is being compared. */
export interface VerifyProgress {
  readonly table: string;
  readonly rows: number;
  readonly estimatedRows: number;
  readonly rowsPerSecond: number;
  /** Keys that are being looked at again. */
  readonly open: number;
  readonly different: number;
  /** Why it waits at the moment. */
  readonly waitsFor: string | undefined;
}

export type VerifyState = 'starting' | 'running' | 'resting' | 'stopped' | 'failed';

export interface VerifyTrouble {
  readonly code: Code;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** ISO 8601 in UTC; when it came first, without end since. */
  readonly since: string;
}

export interface VerifyStatus {
  readonly state: VerifyState;
  /** Passes that have ended in this run. */
  readonly passes: number;
  /** ISO 8601 in UTC; when the newest pass that has ended began, and ended. */
  readonly passStartedAt: string | undefined;
  readonly passEndedAt: string | undefined;
  /** Of each table, the newest. */
  readonly tables: readonly TableResult[];
  readonly progress: VerifyProgress | undefined;
  readonly rows: number;
  /** Why it tries again; undefined when all is well. */
  readonly trouble: VerifyTrouble | undefined;
  /** What it has ended with. */
  readonly lastError: VerifyTrouble | undefined;
}

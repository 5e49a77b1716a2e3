/**
 * The room that writes the topic into a MySQL or MariaDB, exactly once in effect: what others may know of it. What it
 * promises to an operator: docs/apply.md.
 */
import type { Code } from '../base/error-codes.ts';

/** As of the relay, as far as there is such a state here: which one holds when, apply/run/apply-state.ts. */
export const APPLY_STATES = [
  'starting',
  'connecting',
  'catching-up',
  'live',
  'blocked',
  'draining',
  'failed',
  'stopped',
] as const;

export type ApplyState = (typeof APPLY_STATES)[number];

export interface ApplyPart {
  readonly ok: boolean;
  /** Why not; empty when it works. */
  readonly reason: string;
}

/** How far a lane is written. */
export interface AppliedLane {
  readonly lane: string;
  readonly epoch: number;
  readonly sequence: number;
  /** Of the newest row written; empty without GTIDs. */
  readonly gtid: string;
  /** When that was committed in the source, and in the target, ms since 1970; 0: not yet, or not by this run. */
  readonly committedMs: number;
  readonly appliedMs: number;
  /** Id of the statement that the lane waits at. */
  readonly waitsFor: string | undefined;
}

/** Up to where all lanes are written. */
export interface Complete {
  readonly epoch: number;
  /** Number of the progress message. */
  readonly round: number;
  /**
   * Everything that it holds is written; in lanes that are ahead more than that. Empty without GTIDs: then `position`
   * says it.
   */
  readonly gtidSet: string;
  /** `binlog.000002:4184` */
  readonly position: string;
  /** How fresh that is, on the clock of the source, ms since 1970. */
  readonly asOfMs: number;
}

/** Why a lane does not go on; it tries again. */
export interface BlockedLane {
  readonly lane: string;
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
  /** ms since 1970 */
  readonly sinceMs: number;
}

export interface ApplyCounters {
  /** Of this run. */
  readonly rows: number;
  readonly messages: number;
  readonly transactions: number;
  /** Messages that came again and were dropped. */
  readonly repeated: number;
  /** Messages that the broker has in part only, and that were dropped. */
  readonly torn: number;
  /** Messages of tables that are not written, deletes and statements that are ignored. */
  readonly passed: number;
  readonly retries: number;
  /** Later runs of the relay, per lane, before which the lane provably lacked nothing; and where that is not known. */
  readonly resumesProved: number;
  readonly resumesUndecided: number;
}

export interface ApplyError {
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
  /** When it came last, ISO 8601 in UTC. */
  readonly at: string;
}

export interface ApplyStatus {
  readonly state: ApplyState;
  /** When it came into this state, ms since 1970. */
  readonly sinceMs: number;
  /** Why it is in this state: one sentence. */
  readonly reason: string;
  /** Undefined when there is nothing to do. */
  readonly remedy: string | undefined;
  /** Empty until it is known. */
  readonly stream: string;
  readonly parts: Readonly<Record<'topic' | 'target', ApplyPart>>;
  readonly lanes: readonly AppliedLane[];
  /** Undefined until all lanes have said how far they are in the newest run of the relay. */
  readonly complete: Complete | undefined;
  readonly blocked: readonly BlockedLane[];
  /** Tables of the source that are missing in the target, whose rows are passed over until a copy of them begins. */
  readonly awaited: readonly string[];
  /** Seconds from the commit of the newest row in the source to that in the target; undefined before the first. */
  readonly lastLagSeconds: number | undefined;
  readonly counters: ApplyCounters;
  /** It stays when the trouble is over. */
  readonly lastError: ApplyError | undefined;
}

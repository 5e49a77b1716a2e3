import type { PartName, RelayState } from '../relay.ts';

/** An error that goes on. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the state follows from. */
export interface StateFacts {
  readonly ended: 'stopped' | 'failed' | undefined;
  /** What ends, or has ended, the run. */
  readonly failure: Trouble | undefined;
  readonly isDraining: boolean;
  /** Another relay is active, in words: this one waits for it. */
  readonly standby: string | undefined;
  /** Checkpoint and lock are had, and the epoch is stored. */
  readonly isStarted: boolean;
  /** What a run that has not started yet, or has no session, is asking. */
  readonly asked: PartName | undefined;
  /** What each part has failed with, until it works. */
  readonly troubles: Readonly<Partial<Record<PartName, Trouble | undefined>>>;
  /** A session with the source is open. */
  readonly isReading: boolean;
  /** That the source answers no question, in words. */
  readonly silence: string | undefined;
  /** See Right. */
  readonly hasRight: boolean;
  /** For how long no send has succeeded; 0 while they do. */
  readonly sinkFailingMs: number;
  /** For how long a statement has been waiting for its acknowledgement; 0 while none is. */
  readonly ddlWaitsMs: number;
  /** See StandStill. */
  readonly isStuck: boolean;
  /** How far behind the server the relay is, in words; undefined when it is not: see Distance. */
  readonly behind: string | undefined;
  /** The copy that goes on, in words. */
  readonly copy: string | undefined;
  /** Everything that the server has is acknowledged. */
  readonly isIdle: boolean;
}

/** A state as an operator sees it. */
export interface StateNow {
  readonly state: RelayState;
  readonly reason: string;
  readonly remedy: string | undefined;
}

/** A send that is tried again and then succeeds is no state, nor is the moment in which a statement is published. */
export const SINK_GRACE_MS = 3_000;
export const DDL_GRACE_MS = 10_000;

/**
 * The state that follows from the facts: the first that holds. What has to be mended first comes first: a broker that
 * takes nothing before a source that is away, since what is held cannot go; a source that is away before the lock,
 * which goes and comes with it.
 */
export function stateOf(facts: StateFacts): StateNow {
  return ending(facts) ?? beginning(facts) ?? hindered(facts) ?? flowing(facts);
}

function ending({ ended, failure, isDraining }: StateFacts): StateNow | undefined {
  const failed = failure === undefined ? undefined : `${failure.code}: ${failure.message}`;
  if (ended === 'failed') return now('failed', failed ?? 'failed', failure?.remedy);
  if (ended === 'stopped') return now('stopped', 'stopped as asked for');
  if (!isDraining) return undefined;
  return failed === undefined
    ? now('draining', 'asked to stop: what is held is sent first')
    : now('draining', `what is held is sent before the relay ends with ${failed}`, failure?.remedy);
}

function beginning({ standby, isStarted, asked, troubles }: StateFacts): StateNow | undefined {
  if (standby !== undefined) return now('standby', standby);
  if (isStarted) return undefined;
  const trouble = asked === undefined ? undefined : troubles[asked];
  if (trouble !== undefined) return now('starting', `${NAMES[asked ?? 'source']}: ${trouble.message}`, trouble.remedy);
  return now('starting', asked === undefined ? 'begins' : `waits for ${NAMES[asked]}`);
}

function hindered(facts: StateFacts): StateNow | undefined {
  const { troubles, isReading, silence, hasRight, sinkFailingMs, ddlWaitsMs, isStuck } = facts;
  const { source, sink, checkpoint } = troubles;
  if (sink !== undefined && sinkFailingMs >= SINK_GRACE_MS)
    return now('blocked', `the sink takes no messages: ${sink.message}`, sink.remedy);
  if (!isReading) return now('connecting', source?.message ?? 'opens a session with the source', source?.remedy);
  if (!hasRight) return now('blocked', 'the lock is not confirmed: nothing is sent or stored until it is', LOCK_REMEDY);
  if (silence !== undefined) return now('blocked', `the source does not answer: ${silence}`, SILENCE_REMEDY);
  if (checkpoint !== undefined)
    return now('blocked', `the checkpoint cannot be stored: ${checkpoint.message}`, checkpoint.remedy);
  if (ddlWaitsMs >= DDL_GRACE_MS)
    return now('blocked', 'a DDL statement waits for its acknowledgement: nothing is read until it has it', DDL_REMEDY);
  return isStuck ? now('blocked', STUCK, STUCK_REMEDY) : undefined;
}

function flowing({ behind, copy, isIdle }: StateFacts): StateNow {
  if (behind !== undefined) return now('catching-up', behind);
  if (copy !== undefined) return now('copying', copy);
  return now('live', isIdle ? 'everything that the server has is acknowledged' : 'close behind the server');
}

const now = (state: RelayState, reason: string, remedy?: string): StateNow => ({ state, reason, remedy });

const NAMES: Readonly<Record<PartName, string>> = {
  source: 'the source',
  sink: 'the sink',
  checkpoint: 'the checkpoint',
};

const LOCK_REMEDY =
  'Nothing to do if the source has just restarted or failed over: the relay takes its lock again by itself. If it lasts for more than a minute, see whether the source answers and lets the account in: binlog-relay check.';
const SILENCE_REMEDY =
  'See whether MySQL and the network to it live: binlog-relay check. What was read is sent all the same; the relay opens a new session by itself when the line is found dead.';
const DDL_REMEDY =
  'See whether the broker takes messages: binlog-relay check, and the disk of the broker. The relay goes on by itself as soon as the statement is acknowledged.';
const STUCK =
  'stuck: the server has more, and for 30 s nothing was read or acknowledged, or one lane waits for a message';
const STUCK_REMEDY =
  'See whether the server sends its binlog (SHOW PROCESSLIST) and the broker takes messages (binlog-relay check), and what the log said last. A restart of the relay is safe: it goes on from its checkpoint.';

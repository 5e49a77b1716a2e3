import type { ApplyState, BlockedLane } from '../apply.ts';

/** An error that goes on. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the state follows from. */
export interface ApplyFacts {
  readonly ended: 'stopped' | 'failed' | undefined;
  /** What ends, or has ended, the run. */
  readonly failure: Trouble | undefined;
  readonly isDraining: boolean;
  /** The ledger is read, and the topic was opened. */
  readonly isStarted: boolean;
  /** What a start is asking; undefined before and between. */
  readonly asked: 'topic' | 'target' | undefined;
  /** What keeps it from topic and target, until they are there. */
  readonly troubles: Readonly<Record<'topic' | 'target', Trouble | undefined>>;
  readonly blocked: readonly BlockedLane[];
  readonly isBehind: boolean;
  /** That the target does not answer a statement, in words. */
  readonly silence: string | undefined;
}

/** A state as an operator sees it. */
export interface ApplyStateNow {
  readonly state: ApplyState;
  readonly reason: string;
  readonly remedy: string | undefined;
}

/** The state that follows from the facts: the first that holds. The words are those of the relay. */
export function applyStateOf(facts: ApplyFacts): ApplyStateNow {
  const { ended, failure, isDraining, isStarted, asked, troubles, blocked, isBehind, silence } = facts;
  const failed = failure === undefined ? undefined : `${failure.code}: ${failure.message}`;
  if (ended === 'failed') return now('failed', failed ?? 'failed', failure?.remedy);
  if (ended === 'stopped') return now('stopped', 'stopped as asked for');
  if (isDraining)
    return failed === undefined
      ? now('draining', 'asked to stop: what is being written is ended first')
      : now('draining', `what is being written is ended before apply ends with ${failed}`, failure?.remedy);
  const { topic, target } = troubles;
  if (!isStarted) {
    const trouble = target ?? topic;
    return now(
      'starting',
      trouble?.message ?? (asked === undefined ? 'begins' : `waits for the ${asked}`),
      trouble?.remedy,
    );
  }
  const [lane] = blocked;
  if (lane !== undefined) {
    const lanes = blocked.length === 1 ? `lane ${lane.lane} waits` : `${blocked.length} lanes wait, ${lane.lane} first`;
    return now('blocked', `${lanes}: ${lane.message}`, lane.remedy);
  }
  if (topic !== undefined) return now('connecting', topic.message, topic.remedy);
  if (target !== undefined) return now('blocked', `the target: ${target.message}`, target.remedy);
  if (silence !== undefined) return now('blocked', silence, SILENCE_REMEDY);
  return isBehind
    ? now('catching-up', 'rows come that were committed long ago')
    : now('live', 'what comes is written at once');
}

const SILENCE_REMEDY =
  'SHOW PROCESSLIST on the target says what the statement waits for, sys.innodb_lock_waits and sys.schema_table_lock_waits who holds a lock. An ALTER of a large table may take its time. A connection on which the statement or its answer was lost is given up after about 15 s, with a large statement a minute or two later; one to a server that hangs, or that cannot be asked on a second connection, after 10 minutes.';

const now = (state: ApplyState, reason: string, remedy?: string): ApplyStateNow => ({ state, reason, remedy });

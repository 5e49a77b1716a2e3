import type { Clock } from '../../base/clock.ts';
import type { RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { TopicEvent } from '../../topic/topic.ts';
import type {
  AppliedLane,
  ApplyCounters,
  ApplyError,
  ApplyPart,
  ApplyState,
  ApplyStatus,
  BlockedLane,
} from '../apply.ts';
import { completeOf } from '../ledger/complete.ts';
import type { LaneState } from '../ledger/ledger.ts';
import { applyStateOf, type ApplyStateNow, type Trouble } from './apply-state.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What one transaction has written. */
export interface Written {
  readonly stream: string;
  readonly rows: number;
  readonly messages: number;
  /** Where a later run of the relay begins: see `isResumeProved`. */
  readonly isResumeProved: boolean | undefined;
}

interface ShownLane {
  readonly stream: string;
  readonly state: LaneState;
  readonly appliedMs: number;
}

/** After so long without an answer the target is not called well, although the statement may only take long. */
const SILENT_MS = 8000;

const WORKS: ApplyPart = { ok: true, reason: '' };

/** Rows that were committed in the source longer ago than this, when they are written: catching up. */
const BEHIND_MS = 10_000;
/** And until it is less than this. */
const CLOSE_MS = 2_000;
/** Of a lane that has written nothing for so long, nobody knows that it is behind. */
const FRESH_MS = 30_000;

/** Gathers what is shown of a run. */
export class Status {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lanes = new Map<string, ShownLane>();
  /** Of the newest rows of each lane. */
  readonly #lags = new Map<string, { readonly lagMs: number; readonly atMs: number }>();
  readonly #awaited = new Set<string>();
  readonly #blocked = new Map<string, BlockedLane>();
  readonly #parts: Record<'topic' | 'target', ApplyPart> = { topic: WORKS, target: WORKS };
  readonly #counters: Writable<ApplyCounters> = {
    rows: 0,
    messages: 0,
    transactions: 0,
    repeated: 0,
    torn: 0,
    passed: 0,
    retries: 0,
    resumesProved: 0,
    resumesUndecided: 0,
  };
  #state: ApplyState = 'starting';
  readonly #waitsSinceMs: () => number | undefined;
  #sinceMs: number;
  readonly #troubles: Record<'topic' | 'target', Trouble | undefined> = { topic: undefined, target: undefined };
  #ended: 'stopped' | 'failed' | undefined;
  #failure: RelayError | undefined;
  #isStarted = false;
  #asked: 'topic' | 'target' | undefined;
  #isDraining = false;
  #isBehind = false;
  #lastLagSeconds: number | undefined;
  #lastError: ApplyError | undefined;

  /** `waitsSinceMs`: since when a statement has had no answer, on the monotonic clock. */
  constructor(clock: Clock, logger: Logger, waitsSinceMs: () => number | undefined = () => undefined) {
    this.#clock = clock;
    this.#logger = logger;
    this.#waitsSinceMs = waitsSinceMs;
    this.#sinceMs = clock.now();
  }

  started(): void {
    this.#isStarted = true;
    this.look();
  }

  /** The start waits for it. */
  asks(part: 'topic' | 'target'): void {
    this.#asked = part;
  }

  drains(): void {
    this.#isDraining = true;
    this.look();
  }

  ended(): void {
    this.#ended = this.#failure === undefined ? 'stopped' : 'failed';
    this.look();
  }

  /** The run will end with it. */
  failed(error: RelayError): void {
    this.#failure = error;
    this.#note(error);
  }

  /** Notices a change of state, and writes it into the log. To be called every second or so. */
  look(): ApplyStateNow {
    const nowMs = this.#clock.now();
    this.#isBehind = this.#largestLagMs(nowMs) > (this.#isBehind ? CLOSE_MS : BEHIND_MS);
    const next = applyStateOf({
      ended: this.#ended,
      failure: this.#failure,
      isDraining: this.#isDraining,
      isStarted: this.#isStarted,
      asked: this.#asked,
      troubles: this.#troubles,
      blocked: [...this.#blocked.values()],
      isBehind: this.#isBehind,
      silence: this.#silence(),
    });
    if (next.state === this.#state) return next;
    this.#logger.info({ state: next.state, before: this.#state, reason: next.reason }, 'the state has changed');
    this.#state = next.state;
    this.#sinceMs = nowMs;
    return next;
  }

  #largestLagMs(nowMs: number): number {
    const fresh = [...this.#lags.values()].filter(({ atMs }) => nowMs - atMs < FRESH_MS);
    return Math.max(0, ...fresh.map(({ lagMs }) => lagMs));
  }

  /** As the ledger has them at the start. */
  known(stream: string, lanes: ReadonlyMap<string, LaneState>): void {
    for (const [lane, state] of lanes) this.#lanes.set(lane, { stream, state, appliedMs: 0 });
  }

  committed(lane: string, state: LaneState, written: Written): void {
    this.back('target');
    const appliedMs = this.#clock.now();
    this.#lanes.set(lane, { stream: written.stream, state, appliedMs });
    this.#counters.rows += written.rows;
    this.#counters.messages += written.messages;
    this.#counters.transactions += 1;
    if (written.isResumeProved === true) this.#counters.resumesProved += 1;
    if (written.isResumeProved === false) this.#counters.resumesUndecided += 1;
    // The clocks of two hosts differ.
    if (written.rows === 0) return;
    const lagMs = Math.max(0, appliedMs - state.committedMs);
    this.#lastLagSeconds = lagMs / 1000;
    this.#lags.set(lane, { lagMs, atMs: appliedMs });
  }

  dropped(): void {
    this.#counters.repeated += 1;
  }

  passed(): void {
    this.#counters.passed += 1;
  }

  /** True for a table that was not awaited yet. */
  awaited(table: string): boolean {
    const isNew = !this.#awaited.has(table);
    this.#awaited.add(table);
    return isNew;
  }

  copyBegun(table: string): void {
    this.#awaited.delete(table);
  }

  blocked(lane: string, error: RelayError): void {
    const { code, message, remedy } = error;
    const sinceMs = this.#blocked.get(lane)?.sinceMs ?? this.#clock.now();
    this.#blocked.set(lane, { lane, code, message, remedy, sinceMs });
    this.#counters.retries += 1;
    this.#note(error);
  }

  #note({ code, message, remedy }: RelayError): void {
    this.#lastError = { code, message, remedy, at: new Date(this.#clock.now()).toISOString() };
  }

  freed(lane: string): void {
    this.#blocked.delete(lane);
  }

  topic(event: TopicEvent): void {
    if (event.what === 'away') this.away('topic', event.error);
    if (event.what === 'back') this.back('topic');
    if (event.what === 'torn') this.#counters.torn += 1;
  }

  away(part: 'topic' | 'target', error: RelayError): void {
    this.#troubles[part] = error;
    this.#note(error);
    this.#parts[part] = { ok: false, reason: `${error.code}: ${error.message}` };
  }

  back(part: 'topic' | 'target'): void {
    this.#parts[part] = WORKS;
    this.#troubles[part] = undefined;
  }

  shown(stream: string): ApplyStatus {
    const { state, reason, remedy } = this.look();
    const blocked = [...this.#blocked.values()];
    const ofTarget = blocked.find(({ code }) => code.startsWith('TARGET_') && !code.startsWith('TARGET_TABLE'));
    const target =
      ofTarget === undefined ? this.#targetPart() : { ok: false, reason: `${ofTarget.code}: ${ofTarget.message}` };
    return {
      state,
      sinceMs: this.#sinceMs,
      reason,
      remedy,
      stream,
      parts: { topic: this.#parts.topic, target },
      lanes: [...this.#lanes].map(appliedLane).sort((a, b) => (a.lane < b.lane ? -1 : 1)),
      complete: completeOf(
        [...this.#lanes.values()].filter((lane) => lane.stream === stream).map(({ state }) => state),
      ),
      blocked,
      awaited: [...this.#awaited].sort(),
      lastLagSeconds: this.#lastLagSeconds,
      counters: { ...this.#counters },
      lastError: this.#lastError,
    };
  }

  #targetPart(): ApplyPart {
    const silence = this.#silence();
    return this.#parts.target.ok && silence !== undefined ? { ok: false, reason: silence } : this.#parts.target;
  }

  /** Of the target, in words; undefined while it answers. */
  #silence(): string | undefined {
    const sinceMs = this.#waitsSinceMs();
    const silentMs = sinceMs === undefined ? 0 : this.#clock.monotonic() - sinceMs;
    if (silentMs < SILENT_MS) return undefined;
    const seconds = Math.floor(silentMs / 1000);
    return `no answer to a statement for ${seconds} s: it takes long or waits for a lock, or the server or the line hangs`;
  }
}

function appliedLane([lane, { state, appliedMs }]: readonly [string, ShownLane]): AppliedLane {
  const { epoch, sequence, gtid, committedMs, waitsFor } = state;
  return { lane, epoch, sequence, gtid, committedMs, appliedMs, waitsFor };
}

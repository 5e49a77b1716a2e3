import type { Clock } from '../../base/clock.ts';
import type { RelayError } from '../../base/errors.ts';
import type { TopicEvent } from '../../topic/topic.ts';
import type { AppliedLane, ApplyCounters, ApplyPart, ApplyState, ApplyStatus, BlockedLane } from '../apply.ts';
import { completeOf } from '../ledger/complete.ts';
import type { LaneState } from '../ledger/ledger.ts';

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

/** Gathers what is shown of a run. */
export class Status {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, ShownLane>();
  readonly #awaited = new Set<string>();
  readonly #blocked = new Map<string, BlockedLane>();
  readonly #parts: Record<'topic' | 'target', ApplyPart> = { topic: WORKS, target: WORKS };
  readonly #counters: Writable<ApplyCounters> = {
    rows: 0,
    messages: 0,
    transactions: 0,
    repeated: 0,
    passed: 0,
    retries: 0,
    resumesProved: 0,
    resumesUndecided: 0,
  };
  #state: ApplyState = 'starting';
  #lastLagSeconds: number | undefined;
  #lastError: RelayError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  running(): void {
    this.#state = 'running';
  }

  stopped(): void {
    this.#state = 'stopped';
  }

  failed(error: RelayError): void {
    this.#state = 'failed';
    this.#lastError = error;
  }

  /** As the ledger has them at the start. */
  known(stream: string, lanes: ReadonlyMap<string, LaneState>): void {
    for (const [lane, state] of lanes) this.#lanes.set(lane, { stream, state, appliedMs: 0 });
  }

  committed(lane: string, state: LaneState, written: Written): void {
    const appliedMs = this.#clock.now();
    this.#lanes.set(lane, { stream: written.stream, state, appliedMs });
    this.#counters.rows += written.rows;
    this.#counters.messages += written.messages;
    this.#counters.transactions += 1;
    if (written.isResumeProved === true) this.#counters.resumesProved += 1;
    if (written.isResumeProved === false) this.#counters.resumesUndecided += 1;
    // The clocks of two hosts differ.
    if (written.rows > 0) this.#lastLagSeconds = Math.max(0, (appliedMs - state.committedMs) / 1000);
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
    this.#lastError = error;
  }

  freed(lane: string): void {
    this.#blocked.delete(lane);
  }

  topic(event: TopicEvent): void {
    if (event.what === 'away') this.away('topic', event.error);
    if (event.what === 'back') this.back('topic');
  }

  away(part: 'topic' | 'target', error: RelayError): void {
    this.#parts[part] = { ok: false, reason: `${error.code}: ${error.message}` };
  }

  back(part: 'topic' | 'target'): void {
    this.#parts[part] = WORKS;
  }

  /** `waitsSinceMs`: since when a statement has had no answer, on the monotonic clock. */
  shown(stream: string, waitsSinceMs?: number): ApplyStatus {
    const blocked = [...this.#blocked.values()];
    const ofTarget = blocked.find(({ code }) => code.startsWith('TARGET_') && !code.startsWith('TARGET_TABLE'));
    const target =
      ofTarget === undefined
        ? this.#targetPart(waitsSinceMs)
        : { ok: false, reason: `${ofTarget.code}: ${ofTarget.message}` };
    return {
      state: this.#state,
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
      lastError:
        this.#lastError === undefined ? undefined : { code: this.#lastError.code, message: this.#lastError.message },
    };
  }

  #targetPart(waitsSinceMs: number | undefined): ApplyPart {
    const silentMs = waitsSinceMs === undefined ? 0 : this.#clock.monotonic() - waitsSinceMs;
    if (!this.#parts.target.ok || silentMs < SILENT_MS) return this.#parts.target;
    const seconds = Math.floor(silentMs / 1000);
    return {
      ok: false,
      reason: `no answer to a statement for ${seconds} s: it takes long or waits for a lock, or the server or the line hangs`,
    };
  }
}

function appliedLane([lane, { state, appliedMs }]: readonly [string, ShownLane]): AppliedLane {
  const { epoch, sequence, gtid, committedMs, waitsFor } = state;
  return { lane, epoch, sequence, gtid, committedMs, appliedMs, waitsFor };
}

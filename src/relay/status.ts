import type { RelayError } from '../base/errors.ts';
import { GtidSet } from '../binlog/gtid-set.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { StartPosition } from '../source/source.ts';
import type { PartStatus, RelayState, RelayStatus } from './relay.ts';
import type { Flow, RelayOptions } from './run.ts';

/** Behind the server and without an acknowledgement for this long: stuck. */
const STUCK_MS = 30_000;

/** Remembers what an operator will want to know. Plain fields; nothing here decides what the relay does. */
export class StatusBoard {
  state: RelayState = 'starting';
  source: PartStatus = { ok: false, reason: 'not connected yet' };
  sink: PartStatus = { ok: false, reason: 'not connected yet' };
  isPaused = false;
  lastStored: Checkpoint | undefined;
  readonly #options: Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes'>;
  #checkpoint: PartStatus = { ok: true, reason: 'nothing stored yet' };
  #head: StartPosition | undefined;
  #lastError: RelayStatus['lastError'];
  #lastLagSeconds: number | undefined;
  /** When something was last acknowledged, or nothing was left to acknowledge; monotonic ms. */
  #lastProgressMs: number;
  #sendFailing: { sinceMs: number } | undefined;
  #acknowledgedMessages = 0;
  #acknowledgedChanges = 0;
  #acknowledgedBytes = 0;
  #sendRetries = 0;
  #sourceReconnects = 0;
  #checkpointsStored = 0;

  constructor(options: Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes'>) {
    this.#options = options;
    this.#lastProgressMs = options.clock.monotonic();
  }

  acknowledged(rows: number, bodyBytes: number, commitTimeMs: number): void {
    this.#acknowledgedMessages += 1;
    this.#acknowledgedChanges += rows;
    this.#acknowledgedBytes += bodyBytes;
    this.#lastLagSeconds = Math.max(0, this.#options.clock.now() - commitTimeMs) / 1000;
    this.#lastProgressMs = this.#options.clock.monotonic();
    if (this.#sendFailing === undefined) return;
    this.#sendFailing = undefined;
    this.sink = { ok: true, reason: 'acknowledging again' };
  }

  sendFailed(error: RelayError): void {
    this.#sendRetries += 1;
    this.#sendFailing ??= { sinceMs: this.#options.clock.now() };
    this.partFailed('sink', error, this.#sendFailing.sinceMs);
  }

  sourceLost(error: RelayError): void {
    this.#sourceReconnects += 1;
    this.partFailed('source', error);
  }

  partFailed(part: 'source' | 'sink', error: RelayError, sinceMs = this.#options.clock.now()): void {
    this[part] = { ok: false, reason: `${error.message} (since ${new Date(sinceMs).toISOString()})` };
    this.#remember(error);
  }

  checkpointStored(checkpoint: Checkpoint): void {
    this.#checkpointsStored += 1;
    this.lastStored = checkpoint;
    this.#checkpoint = { ok: true, reason: `stored at ${checkpoint.storedAt}` };
  }

  checkpointFailed(error: RelayError): void {
    this.#checkpoint = { ok: false, reason: error.message };
    this.#remember(error);
  }

  failed(error: RelayError): void {
    this.#remember(error);
  }

  headSeen(head: StartPosition | undefined): void {
    this.#head = head;
  }

  snapshot(flow: Flow | undefined): RelayStatus {
    const lowWaterMark = flow?.mark.position();
    const { intake, rows } = flow ?? {};
    return {
      state: this.state,
      epoch: this.lastStored?.epoch ?? 0,
      parts: { source: this.source, sink: this.sink, checkpoint: this.#checkpoint },
      position: intake?.position,
      lowWaterMark,
      head: this.#head,
      progress: this.#progress(lowWaterMark),
      oldestUnacknowledgedMs: flow?.mark.oldestHeldMs,
      lastLagSeconds: this.#lastLagSeconds,
      heldBytes: flow?.outbox.held.bytes ?? 0,
      heldBytesLimit: this.#options.heldBytes,
      sourcePaused: this.isPaused,
      lanesBusy: flow?.outbox.lanes.filter((lane) => lane.isSending).length ?? 0,
      lanes: flow?.outbox.lanes.length ?? this.#options.lanes,
      counters: {
        eventsRead: intake?.counters.eventsRead ?? 0,
        bytesRead: intake?.counters.bytesRead ?? 0,
        transactionsRead: intake?.counters.transactionsRead ?? 0,
        changesInserted: rows?.counters.inserted ?? 0,
        changesUpdated: rows?.counters.updated ?? 0,
        changesDeleted: rows?.counters.deleted ?? 0,
        messagesAcknowledged: this.#acknowledgedMessages,
        changesAcknowledged: this.#acknowledgedChanges,
        bytesAcknowledged: this.#acknowledgedBytes,
        sendRetries: this.#sendRetries,
        sourceReconnects: this.#sourceReconnects,
        checkpointsStored: this.#checkpointsStored,
        ddlStatements: intake?.counters.ddlStatements ?? 0,
      },
      lastError: this.#lastError,
    };
  }

  #progress(mark: StartPosition | undefined): RelayStatus['progress'] {
    if (mark === undefined || this.#head === undefined) return 'unknown';
    const nowMs = this.#options.clock.monotonic();
    if (hasReached(mark, this.#head)) {
      this.#lastProgressMs = nowMs;
      return 'idle';
    }
    return nowMs - this.#lastProgressMs > STUCK_MS ? 'stuck' : 'catching-up';
  }

  #remember(error: RelayError): void {
    const { code, message, remedy } = error;
    this.#lastError = { code, message, remedy, at: new Date(this.#options.clock.now()).toISOString() };
  }
}

/** True when everything up to `head` is acknowledged. */
function hasReached(mark: StartPosition, head: StartPosition): boolean {
  if (mark.gtidSet !== undefined && head.gtidSet !== undefined) {
    return GtidSet.parse(mark.gtidSet).contains(GtidSet.parse(head.gtidSet));
  }
  return mark.file > head.file || (mark.file === head.file && mark.offset >= head.offset);
}

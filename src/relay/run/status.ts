import type { RelayError } from '../../base/errors.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { StartPosition } from '../../source/source.ts';
import { hasReached } from '../progress/reached.ts';
import type { PartName, PartStatus, RelayState, RelayStatus, RunwayStatus, StandbyStatus } from '../relay.ts';
import type { Flow } from './flow.ts';
import type { RelayOptions } from './relay-options.ts';
import { NOT_ASKED } from './runway-status.ts';
import { StandStill } from './stand-still.ts';

const UNCONFIRMED: PartStatus = {
  ok: false,
  reason: 'the lock is not confirmed: nothing is sent or stored until it is',
};

/** Remembers what an operator will want to know. Plain fields; nothing here decides what the relay does. */
export class StatusBoard {
  state: RelayState = 'starting';
  source: PartStatus = { ok: false, reason: 'not connected yet' };
  sink: PartStatus = { ok: false, reason: 'not connected yet' };
  standby: StandbyStatus | undefined;
  lastStored: Checkpoint | undefined;
  runway: RunwayStatus = NOT_ASKED;
  readonly #options: Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes'>;
  checkpoint: PartStatus = { ok: true, reason: 'nothing stored yet' };
  #head: StartPosition | undefined;
  #lastError: RelayStatus['lastError'];
  #lastLagSeconds: number | undefined;
  readonly #standStill = new StandStill();
  #lastAcknowledgedMs: number | undefined;
  #checkpointStoredMs: number | undefined;
  #sinkFailingSinceMs: number | undefined;
  #acknowledgedMessages = 0;
  #acknowledgedChanges = 0;
  #acknowledgedBytes = 0;
  #acknowledgedProgress = 0;
  #sendRetries = 0;
  #sourceReconnects = 0;
  #checkpointsStored = 0;

  constructor(options: Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes'>) {
    this.#options = options;
  }

  /** `commitTimeMs` and `rows` are of the stream: undefined and 0 of a message of a copy. */
  acknowledged(rows: number, bodyBytes: number, commitTimeMs: number | undefined): void {
    this.#acknowledgedMessages += 1;
    this.#acknowledgedChanges += rows;
    this.#acknowledgedBytes += bodyBytes;
    this.#lastAcknowledgedMs = this.#options.clock.now();
    if (commitTimeMs !== undefined) this.#lastLagSeconds = Math.max(0, this.#lastAcknowledgedMs - commitTimeMs) / 1000;
    this.#sinkTakes();
  }

  /** Moves nothing of the above: a relay that only says how far it is stands still. */
  progressAcknowledged(): void {
    this.#acknowledgedProgress += 1;
    this.#sinkTakes();
  }

  #sinkTakes(): void {
    if (this.#sinkFailingSinceMs === undefined) return;
    this.#sinkFailingSinceMs = undefined;
    this.sink = { ok: true, reason: 'acknowledging again' };
  }

  sendFailed(error: RelayError): void {
    this.#sendRetries += 1;
    this.#sinkFailingSinceMs ??= this.#options.clock.now();
    this.partFailed('sink', error, this.#sinkFailingSinceMs);
  }

  sourceLost(error: RelayError): void {
    this.#sourceReconnects += 1;
    this.partFailed('source', error);
  }

  /** Another relay is active. */
  standsBy(holder: string): void {
    this.state = 'standby';
    this.standby = { holder, sinceMs: this.#options.clock.now() };
    this.source = { ok: true, reason: `standing by: the lock is held by ${holder}` };
  }

  takesOver(): void {
    this.state = 'starting';
    this.standby = undefined;
    this.source = { ok: false, reason: 'taking over' };
  }

  partFailed(part: PartName, error: RelayError, sinceMs = this.#options.clock.now()): void {
    this[part] = { ok: false, reason: `${error.message} (since ${new Date(sinceMs).toISOString()})` };
    this.#remember(error);
  }

  checkpointStored(checkpoint: Checkpoint): void {
    this.#checkpointsStored += 1;
    this.lastStored = checkpoint;
    this.#checkpointStoredMs = Date.parse(checkpoint.storedAt);
    this.checkpoint = { ok: true, reason: `stored at ${checkpoint.storedAt}` };
  }

  /** Nothing had to be stored, and could be. */
  checkpointConfirmed(): void {
    if (this.checkpoint.ok || this.lastStored === undefined) return;
    this.checkpoint = { ok: true, reason: `stored at ${this.lastStored.storedAt}` };
  }

  checkpointFailed(error: RelayError): void {
    this.checkpoint = { ok: false, reason: error.message };
    this.#remember(error);
  }

  failed(error: RelayError): void {
    this.#remember(error);
  }

  /** Told every few seconds, so that standing still is noticed whether somebody asks for the status or not. */
  headSeen(head: StartPosition | undefined, flow: Flow): void {
    this.#head = head;
    this.#progress(flow);
  }

  snapshot(flow: Flow | undefined): RelayStatus {
    const lowWaterMark = flow?.lowWater.position();
    const { intake, tables, rows, marked } = flow ?? {};
    const read = intake?.counters;
    return {
      state: this.state,
      standby: this.standby,
      epoch: this.lastStored?.epoch ?? 0,
      parts: {
        source: this.source.ok && flow?.right.isHeld === false ? UNCONFIRMED : this.source,
        sink: this.sink,
        checkpoint: this.checkpoint,
      },
      position: intake?.position,
      lowWaterMark,
      head: this.#head,
      progress: this.#progress(flow),
      oldestUnacknowledgedMs: flow?.lowWater.oldestHeldMs,
      lastLagSeconds: this.#lastLagSeconds,
      lastAcknowledgedMs: this.#lastAcknowledgedMs,
      sinkFailingSinceMs: this.#sinkFailingSinceMs,
      checkpointStoredMs: this.#checkpointStoredMs,
      heldBytes: flow === undefined ? 0 : flow.outbox.held.bytes + flow.eventBytes.bytes,
      heldBytesLimit: this.#options.heldBytes,
      tables: tables?.count ?? 0,
      tablesBytes: tables?.bytes ?? 0,
      sourcePaused: flow?.throttle.isPaused ?? false,
      lanesBusy: flow?.outbox.lanes.filter((lane) => lane.isBusy).length ?? 0,
      lanes: flow?.outbox.lanes.length ?? this.#options.lanes,
      openXaBranches: flow?.xa.open ?? [],
      ddlWaits: flow?.outbox.isBlocked ?? false,
      notices: flow?.notices.list ?? [],
      copies: flow?.copies.list.list ?? [],
      copying: flow?.copies.progress,
      runway: this.runway,
      skip: flow?.skip === undefined ? undefined : { transaction: flow.skip.transaction, state: flow.skip.state },
      counters: {
        eventsRead: read?.eventsRead ?? 0,
        bytesRead: read?.bytesRead ?? 0,
        transactionsRead: read?.transactionsRead ?? 0,
        changesInserted: rows?.counters.inserted ?? 0,
        changesUpdated: rows?.counters.updated ?? 0,
        changesDeleted: rows?.counters.deleted ?? 0,
        changesOversize: marked?.counters.oversize ?? 0,
        changesPartial: marked?.counters.partial ?? 0,
        changesInvalidText: marked?.counters.invalidText ?? 0,
        rowsCopied: flow?.copies.stream.acknowledgedRows ?? 0,
        messagesAcknowledged: this.#acknowledgedMessages,
        changesAcknowledged: this.#acknowledgedChanges,
        bytesAcknowledged: this.#acknowledgedBytes,
        progressAcknowledged: this.#acknowledgedProgress,
        sendRetries: this.#sendRetries,
        sourceReconnects: this.#sourceReconnects,
        checkpointsStored: this.#checkpointsStored,
        ddlStatements: read?.ddlStatements ?? 0,
        transactionsSkipped: read?.transactionsSkipped ?? 0,
      },
      lastError: this.#lastError,
    };
  }

  #progress(flow: Flow | undefined): RelayStatus['progress'] {
    if (flow === undefined || this.#head === undefined) return 'unknown';
    const { oldestHeldMs } = flow.lowWater;
    // The mark stays before an open XA branch, however far the relay has come.
    const reached = flow.xa.isEmpty ? flow.lowWater.position() : flow.intake.position;
    // The newest position is some seconds old: what is held may have come after it.
    if (oldestHeldMs === undefined && hasReached(reached, this.#head)) {
      this.#standStill.reset();
      return 'idle';
    }
    const movement = {
      readTo: flow.intake.readTo,
      acknowledgedMessages: this.#acknowledgedMessages,
      inFlight: flow.outbox.lanes.map((lane) => lane.inFlight),
    };
    return this.#standStill.isStuck(movement, this.#options.clock.monotonic()) ? 'stuck' : 'catching-up';
  }

  #remember(error: RelayError): void {
    const { code, message, remedy } = error;
    this.#lastError = { code, message, remedy, at: new Date(this.#options.clock.now()).toISOString() };
  }
}

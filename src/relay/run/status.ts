import type { RelayError } from '../../base/errors.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { StartPosition } from '../../source/source.ts';
import type { Acknowledged } from '../lanes/delivery.ts';
import { hasReached } from '../progress/reached.ts';
import type { PartName, PartStatus, RelayStatus, RunwayStatus, StandbyStatus } from '../relay.ts';
import { Distance } from './distance.ts';
import { Failures } from './failures.ts';
import type { Flow } from './flow.ts';
import { Lag } from './lag.ts';
import type { RelayOptions } from './relay-options.ts';
import { stateOf, type StateFacts, type StateNow, type Trouble } from './relay-state.ts';
import { NOT_ASKED } from './runway-status.ts';
import { StandStill } from './stand-still.ts';
import { TableChangeCounts } from './table-changes.ts';

const UNCONFIRMED: PartStatus = {
  ok: false,
  reason: 'the lock is not confirmed: nothing is sent or stored until it is',
};

type BoardOptions = Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes' | 'logger' | 'maxCountedTables'>;

const MAX_TABLES = 200;
/** The source is asked every 5 s. */
const SILENT_MS = 9_000;

interface SeenTrouble {
  readonly error: RelayError;
  readonly sinceMs: number;
}

const failedPart = ({ message }: RelayError, sinceMs: number): PartStatus => ({
  ok: false,
  reason: `${message} (since ${new Date(sinceMs).toISOString()})`,
});

/** Remembers what an operator will want to know. Plain fields; nothing here decides what the relay does. */
export class StatusBoard {
  source: PartStatus = { ok: false, reason: 'not connected yet' };
  sink: PartStatus = { ok: false, reason: 'not connected yet' };
  standby: StandbyStatus | undefined;
  lastStored: Checkpoint | undefined;
  runway: RunwayStatus = NOT_ASKED;
  readonly #options: BoardOptions;
  checkpoint: PartStatus = { ok: true, reason: 'nothing stored yet' };
  #state: StateNow['state'] = 'starting';
  #sinceMs: number;
  #ended: StateFacts['ended'];
  #failure: Trouble | undefined;
  #isDraining = false;
  #isStarted = false;
  #isReading = false;
  #asked: PartName | undefined;
  readonly #troubles: Partial<Record<PartName, Trouble | undefined>> = {};
  /** Monotonic: when the source last answered a question, or let the relay in. */
  #answeredMs = 0;
  /** Monotonic. */
  #ddlWaitsSinceMs: number | undefined;
  readonly #distance = new Distance();
  #head: StartPosition | undefined;
  #lastError: RelayStatus['lastError'];
  #lastLagSeconds: number | undefined;
  readonly #standStill = new StandStill();
  #lastAcknowledgedMs: number | undefined;
  #checkpointStoredMs: number | undefined;
  #sinkFailingSinceMs: number | undefined;
  /** What was seen of sinks without sending, and since when. */
  readonly #sinksSeen = new Map<string, SeenTrouble>();
  #acknowledgedMessages = 0;
  #acknowledgedChanges = 0;
  #acknowledgedBytes = 0;
  #acknowledgedProgress = 0;
  #sendRetries = 0;
  #sourceReconnects = 0;
  #checkpointsStored = 0;
  readonly #lag = new Lag();
  readonly #tableChanges: TableChangeCounts;
  readonly #failures = new Failures();

  constructor(options: BoardOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.now();
    this.#tableChanges = new TableChangeCounts(options.maxCountedTables ?? MAX_TABLES);
  }

  acknowledged(message: Acknowledged, bodyBytes: number): void {
    this.#acknowledgedMessages += 1;
    this.#acknowledgedBytes += bodyBytes;
    const nowMs = this.#options.clock.now();
    this.#lastAcknowledgedMs = nowMs;
    if (message.copy === undefined) this.#acknowledgedOfStream(message, nowMs);
    else if (message.class !== undefined) this.#tableChanges.addCopied(message.class.plan.table, message.rows);
    this.#sinkTakes();
  }

  #acknowledgedOfStream({ rows, commitTimeMs, class: of }: Acknowledged, nowMs: number): void {
    // The clock of the server may run ahead of ours.
    this.#lastLagSeconds = Math.max(0, nowMs - commitTimeMs) / 1000;
    this.#acknowledgedChanges += rows;
    if (of === undefined) return;
    this.#lag.add(this.#lastLagSeconds);
    this.#tableChanges.add(of.plan.table, of.kind, rows);
  }

  /** Moves nothing of the above: a relay that only says how far it is stands still. */
  progressAcknowledged(): void {
    this.#acknowledgedProgress += 1;
    this.#sinkTakes();
  }

  #sinkTakes(): void {
    if (this.#sinkFailingSinceMs === undefined) return;
    this.#sinkFailingSinceMs = undefined;
    this.#troubles.sink = undefined;
    this.sink = { ok: true, reason: 'acknowledging again' };
  }

  sendFailed(error: RelayError): void {
    this.#sendRetries += 1;
    this.#sinkFailingSinceMs ??= this.#options.clock.now();
    this.partFailed('sink', error, this.#sinkFailingSinceMs);
  }

  /** `problem`: why the sink of this name would take nothing; undefined: it would. */
  sinkSeen(name: string, problem: RelayError | undefined): void {
    const before = this.#sinksSeen.get(name);
    this.#sinksSeen.delete(name);
    if (problem === undefined) return;
    const isSame = before?.error.code === problem.code;
    this.#sinksSeen.set(name, { error: problem, sinceMs: isSame ? before.sinceMs : this.#options.clock.now() });
    if (!isSame) this.#remember(problem);
  }

  /** What sends say goes first. */
  #sinkNow(): PartStatus {
    const seen = this.#seenTrouble;
    return this.sink.ok && seen !== undefined ? failedPart(seen.error, seen.sinceMs) : this.sink;
  }

  get #seenTrouble(): SeenTrouble | undefined {
    const [seen] = this.#sinksSeen.values();
    return seen;
  }

  /** A part is asked for what a run begins with, or for a session. */
  asks(part: PartName): void {
    this.#asked = part;
  }

  /** It has answered. */
  answered(part: PartName): void {
    this.#asked = undefined;
    this.#troubles[part] = undefined;
  }

  sinkOpened(destination: string): void {
    this.sink = { ok: true, reason: `ready: ${destination}` };
  }

  /** Checkpoint and lock are had. */
  started(): void {
    this.#isStarted = true;
  }

  /** `place`: which server of several. */
  sessionOpened(place: string | undefined): void {
    this.#isReading = true;
    this.#answeredMs = this.#options.clock.monotonic();
    this.source = { ok: true, reason: place === undefined ? 'reading the binlog' : `reading the binlog of ${place}` };
    this.#distance.sessionOpened();
  }

  sourceLost(error: RelayError): void {
    this.#isReading = false;
    this.#sourceReconnects += 1;
    this.partFailed('source', error);
  }

  /** Another relay is active. */
  standsBy(holder: string): void {
    this.standby = { holder, sinceMs: this.#options.clock.now() };
    this.source = { ok: true, reason: `standing by: the lock is held by ${holder}` };
  }

  takesOver(): void {
    this.standby = undefined;
    this.source = { ok: false, reason: 'taking over' };
  }

  partFailed(part: PartName, error: RelayError, sinceMs = this.#options.clock.now()): void {
    this[part] = failedPart(error, sinceMs);
    this.#troubles[part] = error;
    this.#failures.add(part, error.code);
    this.#remember(error);
  }

  checkpointStored(checkpoint: Checkpoint): void {
    this.#checkpointsStored += 1;
    this.lastStored = checkpoint;
    this.#checkpointStoredMs = Date.parse(checkpoint.storedAt);
    this.checkpoint = { ok: true, reason: `stored at ${checkpoint.storedAt}` };
    this.#troubles.checkpoint = undefined;
  }

  /** Nothing had to be stored, and could be. */
  checkpointConfirmed(): void {
    if (this.checkpoint.ok || this.lastStored === undefined) return;
    this.checkpoint = { ok: true, reason: `stored at ${this.lastStored.storedAt}` };
    this.#troubles.checkpoint = undefined;
  }

  checkpointFailed(error: RelayError): void {
    this.checkpoint = { ok: false, reason: error.message };
    this.#troubles.checkpoint = error;
    this.#failures.add('checkpoint', error.code);
    this.#remember(error);
  }

  /** The run will end with it. */
  failed(error: RelayError): void {
    this.#failure = error;
    this.#remember(error);
  }

  drains(flow: Flow): void {
    this.#isDraining = true;
    this.look(flow);
  }

  ended(flow: Flow | undefined): void {
    this.#ended = this.#failure === undefined ? 'stopped' : 'failed';
    this.look(flow);
  }

  /**
   * Notices a change of state, and writes it into the log. To be called every second or so, whether somebody asks for
   * the status or not.
   */
  look(flow: Flow | undefined): StateNow {
    this.#lag.look(this.#options.clock.monotonic());
    const next = stateOf(this.#facts(flow));
    if (next.state === this.#state) return next;
    const { clock, logger } = this.#options;
    logger.info({ state: next.state, before: this.#state, reason: next.reason }, 'the state has changed');
    this.#state = next.state;
    this.#sinceMs = clock.now();
    return next;
  }

  /** Told every few seconds, so that standing still is noticed whether somebody asks for the status or not. */
  headSeen(head: StartPosition | undefined, flow: Flow): void {
    this.#answeredMs = this.#options.clock.monotonic();
    this.#headIs(head, flow);
  }

  /** The server could not be asked. */
  headUnknown(flow: Flow): void {
    this.#headIs(undefined, flow);
  }

  #headIs(head: StartPosition | undefined, flow: Flow): void {
    this.#head = head;
    this.#distance.headSeen(head, this.#options.clock.monotonic());
    this.look(flow);
  }

  /**
   * In words, while the source answers no question although its session is open: while reading is paused nothing else
   * would tell that it is gone.
   */
  #silence(): string | undefined {
    const silentMs = this.#options.clock.monotonic() - this.#answeredMs;
    if (!this.#isReading || silentMs < SILENT_MS) return undefined;
    return `no answer to a question for ${Math.floor(silentMs / 1000)} s`;
  }

  #sourceNow(flow: Flow | undefined): PartStatus {
    if (!this.source.ok) return this.source;
    if (flow?.right.isHeld === false) return UNCONFIRMED;
    const silence = this.#silence();
    return silence === undefined ? this.source : { ok: false, reason: silence };
  }

  snapshot(flow: Flow | undefined): RelayStatus {
    const { state, reason, remedy } = this.look(flow);
    const lowWaterMark = flow?.lowWater.position();
    const { intake, tables, rows, marked } = flow ?? {};
    const read = intake?.counters;
    return {
      state,
      sinceMs: this.#sinceMs,
      reason,
      remedy,
      standby: this.standby,
      epoch: this.lastStored?.epoch ?? 0,
      parts: {
        source: this.#sourceNow(flow),
        sink: this.#sinkNow(),
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
      lag: this.#lag.status(),
      tableChanges: this.#tableChanges.list(),
      failures: this.#failures.list(),
      lastError: this.#lastError,
    };
  }

  #facts(flow: Flow | undefined): StateFacts {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const progress = this.#progress(flow);
    const seen = this.#seenTrouble;
    const sinkSinceMs = this.#sinkFailingSinceMs ?? seen?.sinceMs;
    if (flow?.outbox.isBlocked === true) this.#ddlWaitsSinceMs ??= nowMs;
    else this.#ddlWaitsSinceMs = undefined;
    return {
      ended: this.#ended,
      failure: this.#failure,
      isDraining: this.#isDraining,
      standby: this.standby?.holder,
      isStarted: this.#isStarted,
      asked: this.#asked,
      troubles: { ...this.#troubles, sink: this.#troubles.sink ?? seen?.error },
      isReading: this.#isReading,
      silence: this.#silence(),
      hasRight: flow?.right.isHeld !== false,
      sinkFailingMs: sinkSinceMs === undefined ? 0 : clock.now() - sinkSinceMs,
      ddlWaitsMs: this.#ddlWaitsSinceMs === undefined ? 0 : nowMs - this.#ddlWaitsSinceMs,
      isStuck: progress === 'stuck',
      behind: flow === undefined ? undefined : this.#distance.behind(reachedBy(flow), nowMs),
      copy: copyText(flow?.copies),
      isIdle: progress === 'idle',
    };
  }

  #progress(flow: Flow | undefined): RelayStatus['progress'] {
    if (flow === undefined || this.#head === undefined) return 'unknown';
    const { oldestHeldMs } = flow.lowWater;
    // The newest position is some seconds old: what is held may have come after it.
    if (oldestHeldMs === undefined && hasReached(reachedBy(flow), this.#head)) {
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

/** The mark stays before an open XA branch, however far the relay has come. */
const reachedBy = ({ xa, lowWater, intake }: Flow): StartPosition =>
  xa.isEmpty ? lowWater.position() : intake.position;

/** Undefined when no copy goes on. */
function copyText(copies: Flow['copies'] | undefined): string | undefined {
  const copy = copies?.list.list.find(({ endedAt, isPaused }) => endedAt === undefined && !isPaused);
  if (copy === undefined) return undefined;
  const { progress } = copies ?? {};
  if (progress === undefined) return `copy ${copy.id} goes on`;
  const { table, rows, estimatedRows, waitsFor } = progress;
  const waits = waitsFor === undefined ? '' : `; waits: ${waitsFor}`;
  return `copies ${table}: ${rows} of about ${estimatedRows} rows${waits}`;
}

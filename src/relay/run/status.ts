import type { RelayError } from '../../base/errors.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { StartPosition } from '../../source/source.ts';
import type { Acknowledged } from '../lanes/delivery.ts';
import { hasReached } from '../progress/reached.ts';
import type { PartName, RelayStatus, RunwayStatus, StandbyStatus } from '../relay.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { Distance } from './distance.ts';
import type { Flow } from './flow.ts';
import { Parts } from './parts.ts';
import type { RelayOptions } from './relay-options.ts';
import { stateOf, type StateFacts, type StateNow, type Trouble } from './relay-state.ts';
import { NOT_ASKED } from './runway-status.ts';
import { StandStill } from './stand-still.ts';

type BoardOptions = Pick<RelayOptions, 'clock' | 'heldBytes' | 'lanes' | 'logger' | 'maxCountedTables'>;

const MAX_TABLES = 200;

/** Remembers what an operator will want to know. Nothing here decides what the relay does. */
export class StatusBoard {
  standby: StandbyStatus | undefined;
  lastStored: Checkpoint | undefined;
  runway: RunwayStatus = NOT_ASKED;
  readonly #options: BoardOptions;
  readonly #parts: Parts;
  readonly #acknowledgements: Acknowledgements;
  #state: StateNow['state'] = 'starting';
  #sinceMs: number;
  #ended: StateFacts['ended'];
  #failure: Trouble | undefined;
  #isDraining = false;
  #isStarted = false;
  #asked: PartName | undefined;
  /** Monotonic. */
  #ddlWaitsSinceMs: number | undefined;
  readonly #distance = new Distance();
  readonly #standStill = new StandStill();
  #head: StartPosition | undefined;
  #lastError: RelayStatus['lastError'];
  #checkpointStoredMs: number | undefined;
  #sendRetries = 0;
  #sourceReconnects = 0;
  #checkpointsStored = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.#parts = new Parts(options.clock);
    this.#acknowledgements = new Acknowledgements(options.maxCountedTables ?? MAX_TABLES);
    this.#sinceMs = options.clock.now();
  }

  acknowledged(message: Acknowledged, bodyBytes: number): void {
    this.#acknowledgements.add(message, bodyBytes, this.#options.clock.now());
    this.#parts.sinkTakes();
  }

  progressAcknowledged(): void {
    this.#acknowledgements.addProgress();
    this.#parts.sinkTakes();
  }

  sendFailed(error: RelayError): void {
    this.#sendRetries += 1;
    this.#parts.sendFailed(error);
    this.#remember(error);
  }

  /** See Parts. */
  sinkSeen(name: string, problem: RelayError | undefined): void {
    if (this.#parts.sinkSeen(name, problem) && problem !== undefined) this.#remember(problem);
  }

  /** A part is asked for what a run begins with, or for a session. */
  asks(part: PartName): void {
    this.#asked = part;
  }

  /** It has answered. */
  answered(part: PartName): void {
    this.#asked = undefined;
    this.#parts.answered(part);
  }

  sinkOpened(destination: string): void {
    this.#parts.works('sink', `ready: ${destination}`);
  }

  /** Checkpoint and lock are had. */
  started(): void {
    this.#isStarted = true;
  }

  /** `place`: which server of several. */
  sessionOpened(place: string | undefined): void {
    this.#parts.sessionOpened(place);
    this.#distance.sessionOpened();
  }

  sourceLost(error: RelayError): void {
    this.#sourceReconnects += 1;
    this.#parts.sessionLost(error);
    this.#remember(error);
  }

  /** Another relay is active. */
  standsBy(holder: string): void {
    this.standby = { holder, sinceMs: this.#options.clock.now() };
    this.#parts.works('source', `standing by: the lock is held by ${holder}`);
  }

  takesOver(): void {
    this.standby = undefined;
    this.#parts.takesOver();
  }

  partFailed(part: PartName, error: RelayError): void {
    this.#parts.failed(part, error);
    this.#remember(error);
  }

  checkpointStored(checkpoint: Checkpoint): void {
    this.#checkpointsStored += 1;
    this.lastStored = checkpoint;
    this.#checkpointStoredMs = Date.parse(checkpoint.storedAt);
    this.#parts.works('checkpoint', `stored at ${checkpoint.storedAt}`);
  }

  /** Nothing had to be stored, and could be. */
  checkpointConfirmed(): void {
    if (this.#parts.isWell('checkpoint') || this.lastStored === undefined) return;
    this.#parts.works('checkpoint', `stored at ${this.lastStored.storedAt}`);
  }

  checkpointFailed(error: RelayError): void {
    this.#parts.storeFailed(error);
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
    const { clock, logger } = this.#options;
    this.#acknowledgements.look(clock.monotonic());
    const next = stateOf(this.#facts(flow));
    if (next.state === this.#state) return next;
    logger.info({ state: next.state, before: this.#state, reason: next.reason }, 'the state has changed');
    this.#state = next.state;
    this.#sinceMs = clock.now();
    return next;
  }

  /** Told every few seconds, so that standing still is noticed whether somebody asks for the status or not. */
  headSeen(head: StartPosition | undefined, flow: Flow): void {
    this.#parts.sourceAnswers();
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
      ...this.#parts.status(flow?.right.isHeld !== false),
      ...this.#acknowledgements.status(),
      position: intake?.position,
      lowWaterMark,
      head: this.#head,
      progress: this.#progress(flow),
      oldestUnacknowledgedMs: flow?.lowWater.oldestHeldMs,
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
        ...this.#acknowledgements.counters(),
        sendRetries: this.#sendRetries,
        sourceReconnects: this.#sourceReconnects,
        checkpointsStored: this.#checkpointsStored,
        ddlStatements: read?.ddlStatements ?? 0,
        transactionsSkipped: read?.transactionsSkipped ?? 0,
      },
      lastError: this.#lastError,
    };
  }

  #facts(flow: Flow | undefined): StateFacts {
    const nowMs = this.#options.clock.monotonic();
    const progress = this.#progress(flow);
    if (flow?.outbox.isBlocked === true) this.#ddlWaitsSinceMs ??= nowMs;
    else this.#ddlWaitsSinceMs = undefined;
    return {
      ...this.#parts.facts(),
      ended: this.#ended,
      failure: this.#failure,
      isDraining: this.#isDraining,
      standby: this.standby?.holder,
      isStarted: this.#isStarted,
      asked: this.#asked,
      hasRight: flow?.right.isHeld !== false,
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
      acknowledgedMessages: this.#acknowledgements.messages,
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

import type { RelayError } from '../../base/errors.ts';
import type { HeldBytes } from '../../base/growing-bytes.ts';
import { timeZoneOf } from '../../base/time-zone.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { Prepared, StartPosition } from '../../source/source.ts';
import { DdlPolicy } from '../intake/ddl-policy.ts';
import { Intake } from '../intake/intake.ts';
import { LowWaterMark } from '../progress/low-water-mark.ts';
import { MarkedRows } from '../lanes/marked-rows.ts';
import { NoticeBoard } from '../progress/notices.ts';
import { ProgressMessages } from '../progress/progress-messages.ts';
import type { Acknowledged } from '../lanes/delivery.ts';
import { messageSizes } from '../lanes/message.ts';
import { Outbox } from '../lanes/outbox.ts';
import { CopyStream } from '../copies/copy-stream.ts';
import { createCopies, type Copies } from '../copies/copies.ts';
import { StreamWatch } from '../copies/stream-watch.ts';
import { EXACT } from '../tables/publish-policy.ts';
import type { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import type { Right } from '../progress/right.ts';
import { RowCheck } from '../lanes/row-check.ts';
import { RowReader } from '../tables/row-reader.ts';
import { Skip } from '../intake/skip.ts';
import { Sparingly } from '../../base/sparingly.ts';
import { Tables } from '../tables/tables.ts';
import { Throttle } from './throttle.ts';
import { TransactionEvents } from '../kept/transaction-events.ts';
import { skipArgument } from '../intake/transaction-place.ts';
import { XaBranches } from '../kept/xa-branches.ts';

/** For sinks without a limit: what a reader in JavaScript can take as one text, JSON and all, with room to spare. */
const MAX_BODY_BYTES = 256 << 20;
const RETRY_LOG_INTERVAL_MS = 10_000;
/** Open XA branches may take this share of what may be held, so that there is always room for messages. */
const XA_SHARE = 0.25;
/** The events of the transaction that is being read; larger ones go to a file. */
const TRANSACTION_SHARE = 0.125;
/**
 * A transaction of this share is taken in one step. As messages its rows may take some times as much, for that moment
 * beyond the budget.
 */
const ONE_STEP_SHARE = 0.0625;

/** What one run is made of. */
export interface Flow {
  readonly lowWater: LowWaterMark;
  readonly outbox: Outbox;
  /** What is held of events that cannot be taken yet. */
  readonly eventBytes: HeldBytes;
  readonly throttle: Throttle;
  readonly tables: Tables;
  readonly rows: RowReader;
  readonly xa: XaBranches;
  readonly intake: Intake;
  readonly notices: NoticeBoard;
  readonly skip: Skip | undefined;
  readonly marked: MarkedRows;
  readonly right: Right;
  readonly copies: Copies;
  readonly progress: ProgressMessages;
}

/** What the parts tell the run, and are told by it. */
export interface FlowEnds {
  /** The largest body that the sink takes; undefined when it has no limit of its own. */
  readonly maxBodyBytes: number | undefined;
  /** Aborted when waiting for the broker has to end. */
  readonly giveUp: AbortSignal;
  readonly proven: Proven;
  readonly right: Right;
  readonly status: {
    acknowledged(message: Acknowledged, bodyBytes: number): void;
    progressAcknowledged(): void;
    sendFailed(error: RelayError): void;
  };
  /**
   * Runs what reads events; what it throws ends the run, and nothing is read after that. False when it has thrown, now
   * or before.
   */
  readonly guarded: (read: () => void) => boolean;
  readonly fail: (error: unknown) => void;
}

/** Puts the parts together, from the first event after `prepared.start` to the messages of the checkpoint's lanes. */
export function createFlow(
  options: RelayOptions,
  { start, flavour, serverUuid, hidesCascades = false }: Prepared,
  { stream, epoch, lanes, notices: stored, copies: storedCopies }: Checkpoint,
  ddlLane: string | undefined,
  { maxBodyBytes = MAX_BODY_BYTES, giveUp, proven, right, status, guarded, fail }: FlowEnds,
): Flow {
  const { sink, format, filter, ordering, heldBytes, messageBytes, messageKeys, clock, random, logger } = options;
  const { publish = EXACT, requestsPerSecond = Infinity } = options;
  const lowWater = new LowWaterMark(start, flavour);
  const notices = new NoticeBoard(stored, serverUuid);
  const skip = options.skip === undefined ? undefined : new Skip(options.skip, start);
  const retryLog = new Sparingly(clock, RETRY_LOG_INTERVAL_MS);
  const marked = new MarkedRows(clock, logger);
  const outbox = new Outbox({
    sink,
    ddl:
      options.ddlSink === undefined || ddlLane === undefined ? undefined : { sink: options.ddlSink, laneName: ddlLane },
    format,
    laneNames: lanes,
    lowWater,
    stream,
    epoch,
    resume: placeText(start),
    messageBytes,
    maxBodyBytes,
    requestsPerSecond,
    oversize: publish.oversize,
    messageKeys,
    clock,
    random,
    giveUp,
    isSinkProven: () => proven.has('sink'),
    right,
    onAcknowledged: (message, bodyBytes) => {
      proven.add('sink');
      status.acknowledged(message, bodyBytes);
      throttle.released();
      copies.stream.acknowledges(message.copy === undefined ? 0 : message.rows);
    },
    onProgressAcknowledged: () => {
      proven.add('sink');
      status.progressAcknowledged();
      throttle.released();
      copies.stream.acknowledges(0);
    },
    onPassable: () => {
      copies.stream.passable();
      progress.passable();
      throttle.released();
    },
    onMarked: (message, marks) => {
      marked.add(message, marks);
    },
    onRetry: (error, failures) => {
      status.sendFailed(error);
      retryLog.do((suppressed) => {
        logger[failures > 5 ? 'error' : 'warn'](
          { code: error.code, error: error.message, remedy: error.remedy, failures, alikeSinceLastLine: suppressed },
          'the broker did not take a message; trying again',
        );
      });
    },
    onUndeliverable: fail,
  });
  const eventBytes: HeldBytes = { bytes: 0 };
  const throttle: Throttle = new Throttle(
    outbox.held,
    eventBytes,
    heldBytes,
    () => outbox.isBlocked || copies.stream.isHeld,
    {
      get isBusy(): boolean {
        return intake.isBusy;
      },
      takeUp: (): boolean => {
        const isSound = guarded(() => {
          intake.takeUp();
        });
        outbox.flush();
        return isSound;
      },
    },
  );
  const xa = new XaBranches({ lowWater, memoryBytes: heldBytes * XA_SHARE });
  const planOptions = { filter, ordering, format, ...publish, timeZone: timeZoneOf(publish.timeZone) };
  const tables = new Tables(planOptions);
  const watch = new StreamWatch(outbox);
  const rows = new RowReader(tables, watch, publish.partialRows);
  const sizes = messageSizes({ format, messageBytes, maxBodyBytes });
  const rowCheck = new RowReader(tables, new RowCheck(sizes, publish.oversize), publish.partialRows);
  const eventsOptions = {
    held: eventBytes,
    memoryBytes: heldBytes * TRANSACTION_SHARE,
    oneStepBytes: heldBytes * ONE_STEP_SHARE,
    createSpillFile: options.createSpillFile,
  };
  const ddl = new DdlPolicy({
    handling: options.ddl,
    filter,
    hidesCascades,
    announce: (statement) => {
      outbox.announce(statement);
    },
    onObjects: (objects) => {
      watch.statement(objects);
    },
    notice: (news) => {
      notices.add(news);
    },
    logger,
  });
  const intake = new Intake({
    start,
    flavour,
    filter,
    serverUuid,
    rows,
    rowCheck,
    lowWater,
    xa,
    newEvents: (check) => new TransactionEvents(eventsOptions, check),
    hasRoom: () => throttle.hasRoom,
    onBoundary: () => {
      progress.boundary();
      copies.stream.boundary();
    },
    onDdl: (statement) => {
      ddl.take(statement);
    },
    skip,
    onSkipped: (place) => {
      const transaction = skipArgument(place);
      logger.warn(
        { transaction, at: place.begins },
        'a transaction was skipped, as asked for: this run publishes none of its changes',
      );
      const at = new Date(place.commitTimeMs).toISOString();
      notices.add({ about: 'skipped', subject: transaction, what: '--skip', transaction, position: place.begins, at });
    },
    onUnfinished: (place) => {
      logger.warn(
        { transaction: skipArgument(place), at: place.begins },
        'the server crashed while it wrote this transaction, and never committed it: nothing of it is published',
      );
    },
  });
  const copies: Copies = createCopies({
    settings: options.copies,
    stored: storedCopies,
    stream: new CopyStream({
      watch,
      outbox,
      intake,
      isFull: () => throttle.isFull,
      oneStepBytes: heldBytes * ONE_STEP_SHARE,
      lowWater,
      onHeld: () => {
        throttle.added();
      },
      onReleased: () => {
        throttle.released();
      },
    }),
    planOptions,
    epoch,
    clock,
    random,
    logger,
  });
  const progress = new ProgressMessages({
    intervalMs: options.progressMs,
    epoch,
    intake,
    outbox,
    isFull: () => throttle.isFull,
    clock,
  });
  const taken = { lowWater, outbox, eventBytes, throttle, tables, rows, xa, intake };
  return { ...taken, notices, skip, marked, right, copies, progress };
}

/** A place in words, short enough for a property and never cut: a GTID set grows with every server that ever wrote. */
function placeText({ gtidSet, file, offset }: StartPosition): string {
  const isShort = gtidSet !== undefined && gtidSet !== '' && gtidSet.length <= MAX_PLACE_CHARACTERS;
  return isShort ? gtidSet : `${file}:${offset}`;
}

const MAX_PLACE_CHARACTERS = 4096;

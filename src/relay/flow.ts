import type { RelayError } from '../base/errors.ts';
import { timeZoneOf } from '../base/time-zone.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Prepared, StartPosition } from '../source/source.ts';
import { DdlPolicy } from './ddl-policy.ts';
import { Intake } from './intake.ts';
import { LowWaterMark } from './low-water-mark.ts';
import { MarkedRows } from './marked-rows.ts';
import { NoticeBoard } from './notices.ts';
import { Outbox } from './outbox.ts';
import { EXACT } from './publish-policy.ts';
import type { RelayOptions } from './relay-options.ts';
import { RowReader } from './row-reader.ts';
import { Skip } from './skip.ts';
import { Sparingly } from './sparingly.ts';
import { Tables } from './tables.ts';
import { Throttle } from './throttle.ts';
import { skipArgument } from './transaction-place.ts';
import { XaBranches } from './xa-branches.ts';

/** For sinks without a limit: what a reader in JavaScript can take as one text, JSON and all, with room to spare. */
const MOST_BODY_BYTES = 256 << 20;
const RETRY_LOG_INTERVAL_MS = 10_000;
/** Open XA branches may take this share of what may be held, so that there is always room for messages. */
const XA_SHARE = 0.25;

/** What one run is made of. */
export interface Flow {
  readonly mark: LowWaterMark;
  readonly outbox: Outbox;
  readonly throttle: Throttle;
  readonly rows: RowReader;
  readonly xa: XaBranches;
  readonly intake: Intake;
  readonly notices: NoticeBoard;
  readonly skip: Skip | undefined;
  readonly marked: MarkedRows;
}

/** What the parts tell the run, and are told by it. */
export interface FlowEnds {
  /** The largest body that the sink takes; undefined when it has no limit of its own. */
  readonly mostBodyBytes: number | undefined;
  /** Aborted when waiting for the broker has to end. */
  readonly giveUp: AbortSignal;
  readonly status: {
    acknowledged(rows: number, bodyBytes: number, commitTimeMs: number): void;
    sendFailed(error: RelayError): void;
  };
  /** Runs what reads events; what it throws ends the run, and nothing is read after that. */
  readonly guarded: (read: () => void) => void;
  readonly fail: (error: unknown) => void;
}

/** Puts the parts together, from the first event after `prepared.start` to the messages of the checkpoint's lanes. */
export function createFlow(
  options: RelayOptions,
  { start, flavour, serverUuid }: Prepared,
  { stream, epoch, lanes, notices: stored }: Checkpoint,
  ddlLane: string | undefined,
  { mostBodyBytes = MOST_BODY_BYTES, giveUp, status, guarded, fail }: FlowEnds,
): Flow {
  const { sink, format, filter, ordering, heldBytes, messageBytes, messageKeys, clock, random, logger } = options;
  const { publish = EXACT, requestsPerSecond = Infinity } = options;
  const mark = new LowWaterMark(start, flavour);
  const notices = new NoticeBoard(stored);
  const skip = options.skip === undefined ? undefined : new Skip(options.skip, start);
  const retryLog = new Sparingly(clock, RETRY_LOG_INTERVAL_MS);
  const marked = new MarkedRows(clock, logger);
  const outbox = new Outbox({
    sink,
    ddl:
      options.ddlSink === undefined || ddlLane === undefined ? undefined : { sink: options.ddlSink, laneName: ddlLane },
    format,
    laneNames: lanes,
    mark,
    stream,
    epoch,
    resume: placeText(start),
    messageBytes,
    mostBodyBytes,
    requestsPerSecond,
    oversize: publish.oversize,
    messageKeys,
    clock,
    random,
    giveUp,
    onAcknowledged: (message, bodyBytes) => {
      status.acknowledged(message.rows, bodyBytes, message.commitTimeMs);
      throttle.released();
    },
    onPassable: () => {
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
  const throttle = new Throttle(
    outbox.held,
    heldBytes,
    () => outbox.isBlocked,
    () => {
      guarded(() => {
        intake.takeUp();
      });
      outbox.flush();
    },
  );
  const xa = new XaBranches({
    mark,
    held: outbox.held,
    memoryBytes: heldBytes * XA_SHARE,
    createSpillFile: options.createSpillFile,
  });
  const rows = new RowReader(
    new Tables({ filter, ordering, format, ...publish, timeZone: timeZoneOf(publish.timeZone) }),
    outbox,
    publish.partialRows,
  );
  const ddl = new DdlPolicy({
    handling: options.ddl,
    filter,
    announce: (statement) => {
      outbox.announce(statement);
    },
    notice: (news) => {
      notices.add(news);
    },
    logger,
  });
  const intake = new Intake({
    start,
    flavour,
    serverUuid,
    rows,
    mark,
    xa,
    hasRoom: () => throttle.hasRoom,
    onDdl: (statement) => {
      ddl.take(statement);
    },
    skip,
    onSkipped: (place) => {
      const transaction = skipArgument(place);
      logger.warn(
        { transaction, at: place.begins },
        'a transaction was skipped, as asked for: none of its changes is published',
      );
      const at = new Date(place.commitTimeMs).toISOString();
      notices.add({ about: 'skipped', subject: transaction, what: '--skip', transaction, position: place.begins, at });
    },
  });
  return { mark, outbox, throttle, rows, xa, intake, notices, skip, marked };
}

/** A place in words, short enough for a property: a GTID set grows with every server that ever wrote. */
function placeText({ gtidSet, file, offset }: StartPosition): string {
  if (gtidSet === undefined || gtidSet === '') return `${file}:${offset}`;
  return gtidSet.length <= MOST_PLACE_CHARACTERS ? gtidSet : `${gtidSet.slice(0, MOST_PLACE_CHARACTERS)}…`;
}

const MOST_PLACE_CHARACTERS = 4096;

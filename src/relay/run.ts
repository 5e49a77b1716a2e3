import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.ts';
import { asRelayError, type RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Ordering } from '../change/change.ts';
import type { TableFilter } from '../change/table-filter.ts';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import type { Format } from '../format/format.ts';
import type { Sink, SinkInfo } from '../sink/sink.ts';
import type { EventReader, Prepared, Session, Source, StartPosition } from '../source/source.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { requireSameIdentity } from './identity.ts';
import { Intake } from './intake.ts';
import { LowWaterMark } from './low-water-mark.ts';
import { Outbox } from './outbox.ts';
import type { RelayStatus } from './relay.ts';
import { isAborted, retried, unlessAborted, type Backoff } from './retry.ts';
import { RowReader } from './row-reader.ts';
import { Sparingly } from './sparingly.ts';
import type { CreateSpillFile } from './spill.ts';
import { StatusBoard } from './status.ts';
import { Tables } from './tables.ts';
import { Throttle } from './throttle.ts';
import { XaBranches } from './xa-branches.ts';

export interface RelayOptions {
  readonly source: Source;
  readonly sink: Sink;
  readonly store: CheckpointStore;
  readonly format: Format;
  readonly filter: TableFilter;
  readonly ordering: Ordering;
  readonly lanes: number;
  readonly messageKeys: 'auto' | 'all' | 'none';
  readonly heldBytes: number;
  readonly messageBytes: number;
  /** For rows of open XA branches that memory has no room for. */
  readonly createSpillFile: CreateSpillFile;
  readonly stopTimeoutMs: number;
  readonly checkpointIntervalMs: number;
  /** The operator says that readers have drained the topic: rows may move to other queues. */
  readonly acceptNewLanes: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const RECONNECT: Backoff = { firstMs: 200, lastMs: 10_000 };
const HEAD_INTERVAL_MS = 5_000;
const RETRY_LOG_INTERVAL_MS = 10_000;
/** Open XA branches may take this share of what may be held, so that there is always room for messages. */
const XA_SHARE = 0.25;
/** An XA branch that is open for longer was most likely forgotten. */
const OLD_BRANCH_MS = 600_000;

/** One run of the relay: from the checkpoint until it is asked to stop, or cannot go on. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #status: StatusBoard;
  readonly #failed = new AbortController();
  readonly #giveUp = new AbortController();
  #failure: RelayError | undefined;
  #flow: Flow | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#status = new StatusBoard(options);
    // Each lane that waits to send again listens.
    setMaxListeners(0, this.#giveUp.signal);
  }

  status(): RelayStatus {
    return this.#status.snapshot(this.#flow);
  }

  /**
   * Resolves when `stop` was asked for and what was held is acknowledged, or `stopTimeoutMs` is over; what is not acknowledged then stays behind
   * the checkpoint. Throws the RelayError that ends the run otherwise. In both cases the checkpoint is stored, unless
   * another relay has taken the lock, and nothing of the run remains.
   */
  async run(stop: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([stop, this.#failed.signal]);
    try {
      await this.#work(ended);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#giveUp.abort();
      this.#flow?.xa.close();
      await Promise.allSettled([this.#options.sink.close(), this.#options.source.close()]);
      // The source is closed: a question that was still open has failed by now.
      await this.#watching;
    }
    const failure = this.#failure;
    this.#status.state = failure === undefined ? 'stopped' : 'failed';
    if (failure === undefined) return;
    if (!isAborted(stop) || !failure.retryable) throw failure;
    this.#options.logger.error(
      { code: failure.code, error: failure.message, remedy: failure.remedy },
      'stopped, but not in order',
    );
  }

  async #work(ended: AbortSignal): Promise<void> {
    const prepared = await this.#prepare(ended);
    if (prepared === undefined) return;
    const { flow, keeper } = prepared;
    this.#flow = flow;
    const keeping = keeper.keep(ended).catch((thrown: unknown) => {
      this.#fail(thrown);
    });
    this.#watching = this.#watchHead(ended, flow);
    try {
      await this.#readUntil(ended, flow);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#status.state = 'draining';
    await this.#drain(flow);
    await keeping;
    // Another relay has the checkpoint by now. Ours over it would take its epoch back, and a later run would give that out again.
    if (this.#failure?.code !== 'SOURCE_LOCKED') await keeper.store();
  }

  /** Everything up to the first event: sink, checkpoint, source, and the raised epoch stored. Undefined when `ended` came first. */
  async #prepare(ended: AbortSignal): Promise<{ flow: Flow; keeper: CheckpointKeeper } | undefined> {
    const { sink, source, store, lanes, ordering, acceptNewLanes, checkpointIntervalMs, clock, logger, random } =
      this.#options;
    const info = await this.#untilItWorks('sink', () => sink.open(), ended);
    if (info === undefined) return undefined;
    this.#status.sink = { ok: true, reason: `ready: ${info.destination}` };
    const identity = { destination: info.destination, queues: info.queues, lanes: info.laneNames(lanes), ordering };

    // Before the lock is held another relay may still be moving the checkpoint.
    const lockName = `${info.destination} ${store.location}`;
    const isLocked = await this.#untilItWorks('source', () => source.lock(lockName).then(() => true), ended);
    if (isLocked === undefined) return undefined;
    const stored = await store.load();
    if (stored !== undefined) requireSameIdentity(stored, identity, acceptNewLanes, store.location);
    const prepared = await this.#untilItWorks('source', () => source.prepare(stored), ended);
    if (prepared === undefined) return undefined;
    for (const warning of prepared.warnings) logger.warn({ warning }, 'look at this before you trust the copy');

    const checkpoint: Checkpoint = {
      ...identity,
      ...prepared.start,
      serverUuid: prepared.serverUuid,
      stream: stored?.stream ?? newStream(random),
      epoch: (stored?.epoch ?? 0) + 1,
      storedAt: new Date(clock.now()).toISOString(),
    };
    await store.save(checkpoint);
    this.#status.checkpointStored(checkpoint);
    logger.info(
      {
        ...prepared.start,
        stream: checkpoint.stream,
        epoch: checkpoint.epoch,
        checkpoint: store.location,
        ...describe(info),
      },
      'starting',
    );
    const flow = this.#createFlow(prepared, checkpoint);
    const keeper = new CheckpointKeeper({
      store,
      base: checkpoint,
      mark: flow.mark,
      intervalMs: checkpointIntervalMs,
      status: this.#status,
      clock,
      logger,
    });
    return { flow, keeper };
  }

  #createFlow({ start, serverUuid }: Prepared, { stream, epoch, lanes }: Checkpoint): Flow {
    const { sink, format, filter, ordering, messageBytes, messageKeys, clock, random, logger } = this.#options;
    const mark = new LowWaterMark(start);
    const retryLog = new Sparingly(clock, RETRY_LOG_INTERVAL_MS);
    const outbox = new Outbox({
      sink,
      format,
      laneNames: lanes,
      mark,
      stream,
      epoch,
      resume: placeText(start),
      messageBytes,
      messageKeys,
      clock,
      random,
      giveUp: this.#giveUp.signal,
      onAcknowledged: (message, bodyBytes) => {
        this.#status.acknowledged(message.rows, bodyBytes, message.commitTimeMs);
        throttle.released();
      },
      onRetry: (error, failures) => {
        this.#status.sendFailed(error);
        retryLog.do((suppressed) => {
          logger[failures > 5 ? 'error' : 'warn'](
            { code: error.code, error: error.message, remedy: error.remedy, failures, alikeSinceLastLine: suppressed },
            'the broker did not take a message; trying again',
          );
        });
      },
      onUndeliverable: (error) => {
        this.#fail(error);
      },
    });
    const throttle = new Throttle(outbox.held, this.#options.heldBytes, () => {
      this.#guarded(() => {
        intake.takeUp();
      });
      outbox.flush();
    });
    const xa = new XaBranches({
      mark,
      held: outbox.held,
      memoryBytes: this.#options.heldBytes * XA_SHARE,
      createSpillFile: this.#options.createSpillFile,
    });
    const rows = new RowReader(new Tables({ filter, ordering, format }), outbox);
    const intake = new Intake({
      start,
      serverUuid,
      rows,
      mark,
      xa,
      hasRoom: () => throttle.hasRoom,
      onDdl: (ddl) => {
        logger.warn(
          { database: ddl.database, statement: beginning(ddl.statement), at: ddl.at },
          'a statement changed the structure of tables, or emptied them: copies must follow by hand',
        );
      },
    });
    return { mark, outbox, throttle, rows, xa, intake };
  }

  /** Sessions, one after the other, until the run ends. */
  async #readUntil(ended: AbortSignal, flow: Flow): Promise<void> {
    const { source, logger } = this.#options;
    while (!isAborted(ended)) {
      await flow.throttle.room(ended);
      if (isAborted(ended)) return;
      const position = flow.intake.position;
      const open = (): Promise<Session> => source.open(position, this.#reader(flow));
      const session = await this.#untilItWorks('source', open, ended, (late) => void late.close());
      if (session === undefined) return;
      this.#status.source = { ok: true, reason: 'reading the binlog' };
      this.#status.state = 'running';
      const close = (): void => void session.close();
      ended.addEventListener('abort', close, { once: true });
      if (isAborted(ended)) close();
      try {
        await session.ended;
      } catch (thrown) {
        const error = asRelayError(thrown);
        if (!error.retryable) throw error;
        this.#status.sourceLost(error);
        logger.warn(
          { code: error.code, error: error.message, remedy: error.remedy },
          'the connection to the source was lost; reconnecting',
        );
      } finally {
        ended.removeEventListener('abort', close);
        flow.throttle.attach(undefined);
        await session.close();
        flow.intake.restart();
      }
    }
  }

  #reader({ intake, outbox, throttle }: Flow): EventReader {
    return {
      begin: (tap) => {
        throttle.attach(tap);
      },
      event: (buffer, start, end) => {
        this.#guarded(() => {
          intake.event(buffer, start, end);
        });
        throttle.added();
      },
      endOfRead: () => {
        outbox.flush();
      },
    };
  }

  /** What follows a failure is not read any more. */
  #guarded(read: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      read();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits until everything held is acknowledged that can be, at most `stopTimeoutMs`. */
  async #drain({ outbox }: Flow): Promise<void> {
    const { clock, stopTimeoutMs, logger } = this.#options;
    outbox.flush();
    const deadline = clock.monotonic() + stopTimeoutMs;
    while (!outbox.isSettled && clock.monotonic() < deadline) await clock.sleep(DRAIN_LOOK_MS);
    if (!outbox.isEmpty) {
      logger.warn(
        { heldBytes: outbox.held.bytes },
        'stopped before the broker had taken everything; the next run sends it again from the checkpoint',
      );
    }
    this.#giveUp.abort();
  }

  /** Keeps the server's newest position for the status; not knowing it is no failure. */
  async #watchHead(ended: AbortSignal, flow: Flow): Promise<void> {
    const { clock, source } = this.#options;
    while (!isAborted(ended)) {
      try {
        this.#status.headSeen(await unlessAborted(ended, source.head()), flow);
      } catch (thrown) {
        if (isAborted(ended)) return;
        const error = asRelayError(thrown);
        if (!error.retryable) {
          this.#fail(error);
          return;
        }
        this.#status.headSeen(undefined, flow);
      }
      this.#warnOfOldBranches(flow);
      await clock.sleep(HEAD_INTERVAL_MS, ended);
    }
  }

  #warnOfOldBranches({ xa }: Flow): void {
    const { clock, logger } = this.#options;
    for (const { xid, sinceMs, bytes } of xa.newlyOlder(clock.now() - OLD_BRANCH_MS)) {
      logger.warn(
        { xid, preparedAt: new Date(sinceMs).toISOString(), bytes, remedy: `XA COMMIT ${xid}, or XA ROLLBACK ${xid}` },
        'an XA branch has been prepared for long: the checkpoint stays before it until it is committed or rolled back',
      );
    }
  }

  /**
   * The result of `attempt`, tried again while its errors are retryable; undefined when `ended` came first. It does not wait for an attempt that
   * is under way then: closing the part ends it, and `late` gets what it gave all the same.
   */
  async #untilItWorks<T>(
    part: 'source' | 'sink',
    attempt: () => Promise<T>,
    ended: AbortSignal,
    late: (result: T) => void = () => undefined,
  ): Promise<T | undefined> {
    const { clock, random, logger } = this.#options;
    try {
      return await retried(() => unlessAborted(ended, attempt(), late), {
        backoff: RECONNECT,
        clock,
        random,
        signal: ended,
        onFailure: (error, failures) => {
          this.#status.partFailed(part, error);
          logger[failures > 5 ? 'error' : 'warn'](
            { code: error.code, error: error.message, remedy: error.remedy, failures },
            part === 'source' ? 'the source is not available; trying again' : 'the sink is not available; trying again',
          );
        },
      });
    } catch (error) {
      if (isAborted(ended) && asRelayError(error).retryable) return undefined;
      throw error;
    }
  }

  /** The first failure ends the run; what comes after it is its consequence. */
  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asRelayError(thrown);
    this.#status.failed(this.#failure);
    this.#failed.abort();
  }
}

/** What one run is made of. */
export interface Flow {
  readonly mark: LowWaterMark;
  readonly outbox: Outbox;
  readonly throttle: Throttle;
  readonly rows: RowReader;
  readonly xa: XaBranches;
  readonly intake: Intake;
}

const DRAIN_LOOK_MS = 10;

const describe = ({ destination, queues }: SinkInfo): object => ({ destination, queues });

/** Enough of a statement to recognize it, without what stands in its parentheses, and without values. */
const beginning = (statement: string): string => (statement.split(/[('"]/, 1)[0] ?? '').trim().slice(0, 120);

/** A place in words, short enough for a property: a GTID set grows with every server that ever wrote. */
function placeText({ gtidSet, file, offset }: StartPosition): string {
  if (gtidSet === undefined || gtidSet === '') return `${file}:${offset}`;
  return gtidSet.length <= MOST_PLACE_CHARACTERS ? gtidSet : `${gtidSet.slice(0, MOST_PLACE_CHARACTERS)}…`;
}

const MOST_PLACE_CHARACTERS = 4096;

/** Eight hexadecimal digits. */
const newStream = (random: () => number): string =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

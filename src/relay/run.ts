import type { Clock } from '../base/clock.ts';
import { asRelayError, type RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Ordering } from '../change/change.ts';
import type { TableFilter } from '../change/table-filter.ts';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import type { Format } from '../format/format.ts';
import type { Sink, SinkInfo } from '../sink/sink.ts';
import type { EventReader, Prepared, Session, Source, StartPosition } from '../source/source.ts';
import { requireSameIdentity } from './identity.ts';
import { Intake } from './intake.ts';
import { LowWaterMark } from './low-water-mark.ts';
import { Outbox } from './outbox.ts';
import type { RelayStatus } from './relay.ts';
import { isAborted, retried, type Backoff } from './retry.ts';
import { RowReader } from './row-reader.ts';
import { StatusBoard } from './status.ts';
import { Tables } from './tables.ts';

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
/** Reading goes on when this share of the budget is free again: neither a stop at every message, nor an empty outbox. */
const RESUME_SHARE = 0.75;

/** One run of the relay: from the checkpoint until it is asked to stop, or cannot go on. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #status: StatusBoard;
  readonly #failed = new AbortController();
  readonly #giveUp = new AbortController();
  #failure: RelayError | undefined;
  #flow: Flow | undefined;
  #session: Session | undefined;
  #watching: Promise<void> = Promise.resolve();
  #isPaused = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#status = new StatusBoard(options);
  }

  status(): RelayStatus {
    return this.#status.snapshot(this.#flow);
  }

  /**
   * Resolves when `stop` was asked for and what was held is acknowledged, or `stopTimeoutMs` is over; what is not acknowledged then stays behind
   * the checkpoint. Throws the RelayError that ends the run otherwise. In both cases the checkpoint is stored, and nothing of the run remains.
   */
  async run(stop: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([stop, this.#failed.signal]);
    try {
      await this.#work(ended);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#giveUp.abort();
      await Promise.allSettled([this.#options.sink.close(), this.#options.source.close()]);
      // The source is closed: a question that was still open has failed by now.
      await this.#watching;
    }
    this.#status.state = this.#failure === undefined ? 'stopped' : 'failed';
    if (this.#failure !== undefined && !(isAborted(stop) && this.#failure.retryable)) throw this.#failure;
  }

  async #work(ended: AbortSignal): Promise<void> {
    const prepared = await this.#prepare(ended);
    if (prepared === undefined) return;
    const { flow, checkpoint } = prepared;
    this.#flow = flow;
    const keeper = this.#keepCheckpoint(flow, checkpoint, ended);
    this.#watching = this.#watchHead(ended);
    this.#status.state = 'running';
    await this.#readUntil(ended, flow);
    this.#status.state = 'draining';
    await this.#drain(flow);
    await keeper;
    await this.#storeCheckpoint(flow, checkpoint);
  }

  /** Everything up to the first event: sink, checkpoint, source, and the raised epoch stored. Undefined when `ended` came first. */
  async #prepare(ended: AbortSignal): Promise<{ flow: Flow; checkpoint: Checkpoint } | undefined> {
    const { sink, source, store, lanes, ordering, acceptNewLanes, clock, logger } = this.#options;
    const info = await this.#untilItWorks('sink', () => sink.open(), ended);
    if (info === undefined) return undefined;
    this.#status.sink = { ok: true, reason: `ready: ${info.destination}` };
    const identity = { destination: info.destination, queues: info.queues, lanes: info.laneNames(lanes), ordering };

    const stored = await store.load();
    if (stored !== undefined) requireSameIdentity(stored, identity, acceptNewLanes, store.location);
    const lockName = `${info.destination} ${store.location}`;
    const prepared = await this.#untilItWorks('source', () => source.prepare(stored, lockName), ended);
    if (prepared === undefined) return undefined;
    for (const warning of prepared.warnings) logger.warn({ warning }, 'look at this before you trust the copy');

    const checkpoint: Checkpoint = {
      ...identity,
      ...prepared.start,
      serverUuid: prepared.serverUuid,
      epoch: (stored?.epoch ?? 0) + 1,
      storedAt: new Date(clock.now()).toISOString(),
    };
    await store.save(checkpoint);
    this.#status.checkpointStored(checkpoint);
    logger.info(
      { ...prepared.start, epoch: checkpoint.epoch, checkpoint: store.location, ...describe(info) },
      'starting',
    );
    return { flow: this.#createFlow(prepared, checkpoint), checkpoint };
  }

  #createFlow({ start, serverUuid }: Prepared, { epoch, lanes }: Checkpoint): Flow {
    const { sink, format, filter, ordering, messageBytes, messageKeys, clock, random, logger } = this.#options;
    const mark = new LowWaterMark(start);
    const outbox = new Outbox({
      sink,
      format,
      laneNames: lanes,
      mark,
      epoch,
      resume: start.gtidSet ?? `${start.file}:${start.offset}`,
      messageBytes,
      messageKeys,
      clock,
      random,
      giveUp: this.#giveUp.signal,
      onAcknowledged: (message, bodyBytes) => {
        this.#status.acknowledged(message.rows, bodyBytes, message.commitTimeMs);
        this.#resumeWhenRoom();
      },
      onRetry: (error, failures) => {
        this.#status.sendFailed(error);
        logger[failures > 5 ? 'error' : 'warn'](
          { code: error.code, error: error.message, remedy: error.remedy, failures },
          'the broker did not take a message; trying again',
        );
      },
      onUndeliverable: (error) => {
        this.#fail(error);
      },
    });
    const rows = new RowReader(new Tables({ filter, ordering, format }), outbox);
    const intake = new Intake({
      start,
      serverUuid,
      rows,
      mark,
      onDdl: (ddl) => {
        logger.warn(
          { database: ddl.database, statement: beginning(ddl.statement), at: ddl.at },
          'a statement changed the structure of tables, or emptied them: copies must follow by hand',
        );
      },
    });
    return { mark, outbox, rows, intake };
  }

  /** Sessions, one after the other, until the run ends. */
  async #readUntil(ended: AbortSignal, flow: Flow): Promise<void> {
    const { source, logger } = this.#options;
    while (!isAborted(ended)) {
      const position = flow.intake.position;
      const session = await this.#untilItWorks('source', () => source.open(position, this.#reader(flow)), ended);
      if (session === undefined) return;
      this.#session = session;
      this.#setPaused(false);
      this.#status.source = { ok: true, reason: 'reading the binlog' };
      this.#pauseWhenFull();
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
        this.#session = undefined;
        await session.close();
        flow.intake.restart();
      }
    }
  }

  #reader({ intake, outbox }: Flow): EventReader {
    return {
      event: (buffer, start, end) => {
        if (this.#failure !== undefined) return;
        try {
          intake.event(buffer, start, end);
        } catch (error) {
          this.#fail(error);
          return;
        }
        if (outbox.held.bytes >= this.#options.heldBytes) this.#pauseWhenFull();
      },
      endOfRead: () => {
        outbox.flush();
      },
    };
  }

  /** Invariant 3: what is held stays below the budget and one event; invariant 11: by pausing the socket, never by closing it. */
  #pauseWhenFull(): void {
    const held = this.#flow?.outbox.held.bytes ?? 0;
    if (this.#isPaused || held < this.#options.heldBytes) return;
    this.#setPaused(true);
    this.#session?.pause();
  }

  #resumeWhenRoom(): void {
    const held = this.#flow?.outbox.held.bytes ?? 0;
    if (!this.#isPaused || held > this.#options.heldBytes * RESUME_SHARE) return;
    this.#setPaused(false);
    this.#session?.resume();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#status.isPaused = isPaused;
  }

  /** Waits until everything held is acknowledged, at most `stopTimeoutMs`. */
  async #drain({ outbox }: Flow): Promise<void> {
    const { clock, stopTimeoutMs, logger } = this.#options;
    outbox.flush();
    const deadline = clock.monotonic() + stopTimeoutMs;
    while (!outbox.isEmpty && clock.monotonic() < deadline) await clock.sleep(DRAIN_LOOK_MS);
    if (!outbox.isEmpty) {
      logger.warn(
        { heldBytes: outbox.held.bytes },
        'stopped before the broker had taken everything; the next run sends it again from the checkpoint',
      );
    }
    this.#giveUp.abort();
  }

  async #keepCheckpoint(flow: Flow, base: Checkpoint, ended: AbortSignal): Promise<void> {
    const { clock, checkpointIntervalMs } = this.#options;
    while (!isAborted(ended)) {
      await clock.sleep(checkpointIntervalMs, ended);
      if (isAborted(ended)) return;
      try {
        await this.#storeCheckpoint(flow, base);
      } catch (thrown) {
        const error = asRelayError(thrown);
        this.#status.checkpointFailed(error);
        if (!error.retryable) {
          this.#fail(error);
          return;
        }
        this.#options.logger.error(
          { code: error.code, error: error.message, remedy: error.remedy },
          'the checkpoint could not be stored; trying again',
        );
      }
    }
  }

  async #storeCheckpoint({ mark }: Flow, base: Checkpoint): Promise<void> {
    const position = mark.position();
    if (isSamePosition(position, this.#status.lastStored)) return;
    const checkpoint = { ...base, ...position, storedAt: new Date(this.#options.clock.now()).toISOString() };
    await this.#options.store.save(checkpoint);
    this.#status.checkpointStored(checkpoint);
  }

  /** Keeps the server's newest position for the status; not knowing it is no failure. */
  async #watchHead(ended: AbortSignal): Promise<void> {
    const { clock, source } = this.#options;
    while (!isAborted(ended)) {
      try {
        this.#status.headSeen(await source.head());
      } catch (thrown) {
        if (isAborted(ended)) return;
        const error = asRelayError(thrown);
        if (!error.retryable) {
          this.#fail(error);
          return;
        }
        this.#status.headSeen(undefined);
      }
      await clock.sleep(HEAD_INTERVAL_MS, ended);
    }
  }

  /** The result of `attempt`, tried again while its errors are retryable; undefined when `ended` came first. */
  async #untilItWorks<T>(
    part: 'source' | 'sink',
    attempt: () => Promise<T>,
    ended: AbortSignal,
  ): Promise<T | undefined> {
    const { clock, random, logger } = this.#options;
    try {
      return await retried(attempt, {
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
  readonly rows: RowReader;
  readonly intake: Intake;
}

const DRAIN_LOOK_MS = 10;

const describe = ({ destination, queues }: SinkInfo): object => ({ destination, queues });

/** Enough of a statement to recognize it, without what stands in its parentheses. */
const beginning = (statement: string): string => (statement.split('(', 1)[0] ?? '').trim().slice(0, 120);

function isSamePosition(a: StartPosition, b: StartPosition | undefined): boolean {
  return b !== undefined && a.file === b.file && a.offset === b.offset && a.gtidSet === b.gtidSet;
}

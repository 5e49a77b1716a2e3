import { setMaxListeners } from 'node:events';
import type { Code } from '../../base/error-codes.ts';
import { asRelayError, RelayError } from '../../base/errors.ts';
import type { Copy, Notice } from '../../checkpoint/checkpoint.ts';
import type { EventReader, Session } from '../../source/source.ts';
import { Attempts, RECONNECT } from './attempts.ts';
import { CheckpointKeeper, isSamePosition } from './checkpoint-keeper.ts';
import { createFlow, type Flow } from './flow.ts';
import { watchHead } from './head-watch.ts';
import type { Intake } from '../intake/intake.ts';
import { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import type { CopyRequest, RelayStatus } from '../relay.ts';
import { delayMs, isAborted } from '../../base/retry.ts';
import { Right } from '../progress/right.ts';
import { RunwayWatch } from './runway-watch.ts';
import { watchSinks } from './sink-watch.ts';
import { start, type Start } from './start.ts';
import { StatusBoard } from './status.ts';

const STATE_INTERVAL_MS = 1_000;
/** How often a run that may not read looks whether it still has the lock. */
const LOCK_LOOK_MS = 200;
/** By them a run ends when another relay has come; or, with the lock in its hand, for another reason. */
const ENDED_BY_ANOTHER: ReadonlySet<Code> = new Set<Code>(['CHECKPOINT_TAKEN', 'SOURCE_SERVER_ID_TAKEN']);

/** One run of the relay: from the checkpoint until it is asked to stop, or cannot go on. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #status: StatusBoard;
  readonly #failed = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #proven = new Proven();
  #failure: RelayError | undefined;
  #isSucceeded = false;
  #flow: Flow | undefined;
  #keeper: CheckpointKeeper | undefined;
  #watching: Promise<unknown> = Promise.resolve();

  /** The first failure ends the run; what comes after it is its consequence. */
  readonly #fail = (thrown: unknown): void => {
    if (this.#failure !== undefined) return;
    this.#failure = asRelayError(thrown);
    this.#status.failed(this.#failure);
    this.#failed.abort();
  };

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
   * The run has ended because another relay of the same lock is active: it may stand by. False when one took its
   * checkpoint that does not know of its lock: of these two neither would ever wait for the other.
   */
  get isSucceeded(): boolean {
    return this.#isSucceeded;
  }

  /**
   * Takes notices away that an operator has seen, at once and with the next checkpoint, which is stored soon. Returns
   * those that were there. Throws RELAY_STANDBY.
   */
  acknowledge(ids: readonly string[] | 'all'): readonly Notice[] {
    this.#requireActive();
    const gone = this.#flow?.notices.acknowledge(ids) ?? [];
    for (const { id, about, subject } of gone)
      this.#options.logger.info({ id, about, subject }, 'a notice was acknowledged by an operator');
    if (gone.length > 0) this.#keeper?.storeSoon();
    return gone;
  }

  /** What an operator asks of copies; see CopyRequests. Throws COPY_UNKNOWN, USAGE, RELAY_STANDBY and others. */
  copy(request: CopyRequest): readonly Copy[] {
    this.#requireActive();
    const copies = this.#flow?.copies;
    if (copies === undefined)
      throw new RelayError('ADMIN_UNREACHABLE', 'the relay has not begun to read yet', {
        remedy: 'Ask again when /readyz says that it is ready.',
      });
    const list = copies.take(request);
    this.#keeper?.storeSoon();
    return list;
  }

  /**
   * Resolves when `stop` was asked for and what was held is acknowledged, or `stopTimeoutMs` is over; what is not
   * acknowledged then stays after the checkpoint. Throws the RelayError that ends the run otherwise. In both cases the
   * checkpoint is stored, unless another relay has taken the lock, and nothing of the run remains.
   */
  async run(stop: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([stop, this.#failed.signal]);
    const looking = this.#watchState();
    try {
      await this.#work(ended);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#giveUp.abort();
      this.#flow?.intake.close();
      const { sink, ddlSink, source, store } = this.#options;
      await Promise.allSettled([sink.close(), ddlSink?.close(), store.close()]);
      this.#isSucceeded ||= await this.#hasSuccessor();
      // The lock last: whoever gets it finds the checkpoint given back.
      await source.close();
      // The source is closed: a question that was still open has failed by now.
      await Promise.all([this.#watching, looking]);
    }
    const failure = this.#failure;
    this.#status.ended(this.#flow);
    if (failure === undefined) return;
    if (!isAborted(stop) || !failure.isRetried(this.#proven.has('checkpoint'))) throw failure;
    this.#options.logger.error(
      { code: failure.code, error: failure.message, remedy: failure.remedy },
      'stopped, but not in order',
    );
  }

  async #work(ended: AbortSignal): Promise<void> {
    const attempts = new Attempts(this.#options, this.#status, this.#proven, ended);
    const started = await start(this.#options, this.#status, attempts, this.#proven, ended);
    if (started === undefined) return;
    const flow = this.#newFlow(started);
    const keeper = this.#newKeeper(started, flow);
    this.#flow = flow;
    this.#keeper = keeper;
    this.#reportSkip(flow);
    watchSinks(this.#options, this.#status, this.#fail);
    const keeping = keeper.keep(ended).catch(this.#fail);
    this.#watching = Promise.all([
      watchHead(this.#options, this.#status, flow, ended, this.#fail),
      this.#watchRunway(ended, flow),
    ]);
    const copying = flow.copies.run(ended);
    const saying = flow.progress.run(ended);
    try {
      await this.#readUntil(ended, flow, attempts);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#status.drains(flow);
    // Another relay publishes by now what we hold, and the checkpoint is its own.
    const isReplaced = await this.#isReplaced();
    if (isReplaced) this.#giveUp.abort();
    else await this.#drain(flow);
    await keeping;
    await flow.copies.close();
    await copying;
    await saying;
    if (isReplaced) return;
    keeper.refuse(this.#options.source.rolledBack);
    if (flow.right.isHeld) await keeper.store();
    else
      this.#options.logger.warn(
        'the last checkpoint was not stored, since the lock is not confirmed; the next run sends some messages again',
      );
  }

  #requireActive(): void {
    const { standby } = this.#status;
    if (standby === undefined) return;
    throw new RelayError('RELAY_STANDBY', `this relay stands by, another one is active: ${standby.holder}`);
  }

  async #hasSuccessor(): Promise<boolean> {
    const code = this.#failure?.code;
    if (code === undefined) return false;
    if (code === 'SOURCE_LOCKED' || code === 'CHECKPOINT_LOCKED') return true;
    if (!ENDED_BY_ANOTHER.has(code)) return false;
    const { source } = this.#options;
    // Of several servers each has a lock of its own.
    return source.place !== undefined || !(await source.hasLock());
  }

  async #isReplaced(): Promise<boolean> {
    this.#isSucceeded = await this.#hasSuccessor();
    return this.#isSucceeded || this.#failure?.code === 'CHECKPOINT_TAKEN';
  }

  #newFlow({ prepared, checkpoint, ddlLane, sink, lockTerm }: Start): Flow {
    const { source, store, clock, logger } = this.#options;
    const right = new Right({
      source,
      store,
      term: lockTerm,
      clock,
      logger,
      giveUp: this.#giveUp.signal,
      onFailure: (error) => {
        this.#status.checkpointFailed(error);
      },
    });
    return createFlow(this.#options, prepared, checkpoint, ddlLane, {
      maxBodyBytes: sink.maxBodyBytes,
      giveUp: this.#giveUp.signal,
      proven: this.#proven,
      right,
      status: this.#status,
      guarded: (read) => this.#guarded(read),
      fail: this.#fail,
    });
  }

  #newKeeper({ checkpoint }: Start, { lowWater, notices, copies, right }: Flow): CheckpointKeeper {
    const { store, checkpointIntervalMs, clock, logger } = this.#options;
    return new CheckpointKeeper({
      store,
      base: checkpoint,
      lowWater,
      notices,
      copies: copies.list,
      right,
      intervalMs: checkpointIntervalMs,
      status: this.#status,
      clock,
      logger,
    });
  }

  #reportSkip({ skip, intake }: Flow): void {
    if (skip === undefined) return;
    const { logger } = this.#options;
    const { transaction, state } = skip;
    if (state === 'before-start') {
      const { file, offset } = intake.position;
      logger.warn(
        { transaction, start: `${file}:${offset}` },
        'the transaction to skip stands before the position of the checkpoint: it was passed already',
      );
    } else if (state === 'not-met') {
      logger.warn({ transaction }, 'the transaction to skip is named by a GTID, and the source has none of that form');
    } else logger.info({ transaction }, 'this transaction will be skipped when it comes');
  }

  /** Sessions, one after the other, until the run ends. */
  async #readUntil(ended: AbortSignal, flow: Flow, attempts: Attempts): Promise<void> {
    const { source, clock, random, logger } = this.#options;
    let fruitless = 0;
    while (!isAborted(ended)) {
      await this.#room(ended, flow, attempts);
      if (isAborted(ended)) return;
      const position = flow.intake.position;
      const open = (): Promise<Session> => source.open(position, this.#reader(flow));
      const session = await attempts.untilItWorks('source', open, (late) => void late.close());
      if (session === undefined) return;
      this.#proven.add('source');
      this.#keeper?.refuse(source.rolledBack);
      this.#status.sessionOpened(source.place);
      this.#status.look(flow);
      const openedMs = clock.monotonic();
      const close = (): void => void session.close();
      ended.addEventListener('abort', close, { once: true });
      if (isAborted(ended)) close();
      try {
        await session.ended;
      } catch (thrown) {
        const error = asRelayError(thrown);
        // A place that was read up to is no wrong setting: something there cannot be read at the moment.
        const isReached = flow.intake.counters.transactionsRead > 0;
        if (!error.isRetried(error.code !== 'SOURCE_POSITION_INVALID' || isReached)) throw error;
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
      // A server that lets the relay in and ends each session at once is not asked without a pause.
      const isFruitless =
        isSamePosition(flow.intake.position, position) && clock.monotonic() - openedMs < RECONNECT.lastMs;
      fruitless = isFruitless ? fruitless + 1 : 0;
      if (fruitless > 1) await clock.sleep(delayMs(RECONNECT, fruitless - 1, random), ended);
    }
  }

  /**
   * Resolves when there is room to read. What is held makes room when it is sent, and may be sent only with the lock:
   * of a server that does not come back it is another one that gives it.
   */
  async #room(ended: AbortSignal, { throttle, intake }: Flow, attempts: Attempts): Promise<void> {
    const { source, clock } = this.#options;
    let isWaiting = throttle.isPaused;
    const room = throttle.room(ended).then(() => (isWaiting = false));
    while (isWaiting) {
      if (source.lockTerm === undefined)
        await attempts.untilItWorks('source', () => source.relock(intake.position).then(() => true));
      await Promise.race([room, clock.sleep(LOCK_LOOK_MS, ended)]);
    }
  }

  #reader({ intake, outbox, throttle, copies }: Flow): EventReader {
    return {
      begin: (tap, serverUuid) => {
        throttle.attach(tap);
        copies.stream.begins(serverUuid);
        this.#readsFrom(serverUuid, intake);
      },
      event: (buffer, start, end) => {
        // `#guarded` by hand: no closure for each event.
        if (this.#failure !== undefined) return;
        try {
          intake.event(buffer, start, end);
        } catch (error) {
          this.#fail(error);
        }
        throttle.added();
      },
      endOfRead: () => {
        this.#guarded(() => {
          intake.endOfRead();
        });
        throttle.added();
        outbox.flush();
      },
    };
  }

  /** After a failover the same file and offset are another place: from then on only GTIDs tell where the run stands. */
  #readsFrom(serverUuid: string | undefined, intake: Intake): void {
    if (serverUuid === undefined || serverUuid === this.#keeper?.serverUuid) return;
    this.#keeper?.leaveServer();
    intake.leaveServer();
  }

  /** What follows a failure is not read any more: false then. */
  #guarded(read: () => void): boolean {
    if (this.#failure !== undefined) return false;
    try {
      read();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
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

  /** Until the run gives up: a state is entered, and logged, whether somebody asks for it or not. */
  async #watchState(): Promise<void> {
    while (!this.#giveUp.signal.aborted) {
      this.#status.look(this.#flow);
      await this.#options.clock.sleep(STATE_INTERVAL_MS, this.#giveUp.signal);
    }
  }

  /** Keeps how long the server keeps what a restart would need; not knowing it is no failure. */
  #watchRunway(ended: AbortSignal, { intake }: Flow): Promise<void> {
    const { source, runwayWarningMs, clock, logger } = this.#options;
    const watch = new RunwayWatch({
      source,
      stored: () => this.#status.lastStored,
      read: () => ({ file: intake.position.file, commitMs: intake.lastCommitMs }),
      warningMs: runwayWarningMs,
      onStatus: (runway) => {
        this.#status.runway = runway;
      },
      clock,
      logger,
    });
    return watch.run(ended);
  }
}

const DRAIN_LOOK_MS = 10;

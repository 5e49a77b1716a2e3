import { setMaxListeners } from 'node:events';
import type { Code } from '../../base/error-codes.ts';
import { RelayError } from '../../base/errors.ts';
import type { Copy, Notice } from '../../checkpoint/checkpoint.ts';
import { Attempts } from './attempts.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { FirstFailure } from './first-failure.ts';
import { createFlow, type Flow } from './flow.ts';
import { watchHead } from './head-watch.ts';
import { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import type { CopyRequest, RelayStatus } from '../relay.ts';
import { isAborted } from '../../base/retry.ts';
import { Right } from '../progress/right.ts';
import { RunwayWatch } from './runway-watch.ts';
import { Sessions } from './sessions.ts';
import { watchSinks } from './sink-watch.ts';
import { start, type Start } from './start.ts';
import { StatusBoard } from './status.ts';

const STATE_INTERVAL_MS = 1_000;
const DRAIN_LOOK_MS = 10;
/** By them a run ends when another relay has come; or, with the lock in its hand, for another reason. */
const ENDED_BY_ANOTHER: ReadonlySet<Code> = new Set<Code>(['CHECKPOINT_TAKEN', 'SOURCE_SERVER_ID_TAKEN']);

/** One run of the relay: from the checkpoint until it is asked to stop, or cannot go on. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #status: StatusBoard;
  readonly #failure: FirstFailure;
  readonly #giveUp = new AbortController();
  readonly #proven = new Proven();
  #isSucceeded = false;
  #flow: Flow | undefined;
  #keeper: CheckpointKeeper | undefined;
  #watching: Promise<unknown> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#status = new StatusBoard(options);
    this.#failure = new FirstFailure((error) => this.#status.failed(error));
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
    const ended = AbortSignal.any([stop, this.#failure.signal]);
    const looking = this.#watchState();
    try {
      await this.#work(ended);
    } catch (thrown) {
      this.#failure.note(thrown);
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
    const failure = this.#failure.error;
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
    watchSinks(this.#options, this.#status, this.#failure.note);
    const keeping = keeper.keep(ended).catch(this.#failure.note);
    this.#watching = Promise.all([
      watchHead(this.#options, this.#status, flow, ended, this.#failure.note),
      this.#watchRunway(ended, flow),
    ]);
    const copying = flow.copies.run(ended);
    const saying = flow.progress.run(ended);
    try {
      await this.#sessions(flow, keeper, attempts).read(ended);
    } catch (thrown) {
      this.#failure.note(thrown);
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
    const code = this.#failure.error?.code;
    if (code === undefined) return false;
    if (code === 'SOURCE_LOCKED' || code === 'CHECKPOINT_LOCKED') return true;
    if (!ENDED_BY_ANOTHER.has(code)) return false;
    const { source } = this.#options;
    // Of several servers each has a lock of its own.
    return source.place !== undefined || !(await source.hasLock());
  }

  async #isReplaced(): Promise<boolean> {
    this.#isSucceeded = await this.#hasSuccessor();
    return this.#isSucceeded || this.#failure.error?.code === 'CHECKPOINT_TAKEN';
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
      guarded: (read) => this.#failure.guarded(read),
      fail: this.#failure.note,
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

  #sessions(flow: Flow, keeper: CheckpointKeeper, attempts: Attempts): Sessions {
    const { source, clock, random, logger } = this.#options;
    return new Sessions({
      source,
      flow,
      keeper,
      attempts,
      proven: this.#proven,
      status: this.#status,
      failure: this.#failure,
      clock,
      random,
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

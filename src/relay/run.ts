import { setMaxListeners } from 'node:events';
import { asRelayError, type RelayError } from '../base/errors.ts';
import type { Notice } from '../checkpoint/checkpoint.ts';
import type { EventReader, Session } from '../source/source.ts';
import { Attempts } from './attempts.ts';
import { CheckpointKeeper } from './checkpoint-keeper.ts';
import { createFlow, type Flow } from './flow.ts';
import type { RelayOptions } from './relay-options.ts';
import type { RelayStatus } from './relay.ts';
import { isAborted, unlessAborted } from './retry.ts';
import { start, type Start } from './start.ts';
import { StatusBoard } from './status.ts';

const HEAD_INTERVAL_MS = 5_000;
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
  #keeper: CheckpointKeeper | undefined;
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

  /** Takes notices away that an operator has seen, at once and with the next checkpoint, which is stored soon. Returns those that were there. */
  acknowledge(ids: readonly string[] | 'all'): readonly Notice[] {
    const gone = this.#flow?.notices.acknowledge(ids) ?? [];
    for (const { id, about, subject } of gone)
      this.#options.logger.info({ id, about, subject }, 'a notice was acknowledged by an operator');
    if (gone.length > 0) this.#keeper?.storeSoon();
    return gone;
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
      const { sink, ddlSink, source } = this.#options;
      await Promise.allSettled([sink.close(), ddlSink?.close(), source.close()]);
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
    const attempts = new Attempts(this.#options, this.#status, ended);
    const started = await start(this.#options, this.#status, attempts, ended);
    if (started === undefined) return;
    const flow = this.#newFlow(started);
    const keeper = this.#newKeeper(started, flow);
    this.#flow = flow;
    this.#keeper = keeper;
    this.#reportSkip(flow);
    const keeping = keeper.keep(ended).catch((thrown: unknown) => {
      this.#fail(thrown);
    });
    this.#watching = this.#watchHead(ended, flow);
    try {
      await this.#readUntil(ended, flow, attempts);
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#status.state = 'draining';
    await this.#drain(flow);
    await keeping;
    // Another relay has the checkpoint by now. Ours over it would take its epoch back, and a later run would give that out again.
    if (this.#failure?.code !== 'SOURCE_LOCKED') await keeper.store();
  }

  #newFlow({ prepared, checkpoint, ddlLane, sink }: Start): Flow {
    return createFlow(this.#options, prepared, checkpoint, ddlLane, {
      mostBodyBytes: sink.mostBodyBytes,
      giveUp: this.#giveUp.signal,
      status: this.#status,
      guarded: (read) => {
        this.#guarded(read);
      },
      fail: (error) => {
        this.#fail(error);
      },
    });
  }

  #newKeeper({ checkpoint }: Start, { mark, notices }: Flow): CheckpointKeeper {
    const { store, checkpointIntervalMs, clock, logger } = this.#options;
    return new CheckpointKeeper({
      store,
      base: checkpoint,
      mark,
      notices,
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
      logger.warn({ transaction }, 'the transaction to skip is named by a GTID, and the source has none');
    } else logger.info({ transaction }, 'this transaction will be skipped when it comes');
  }

  /** Sessions, one after the other, until the run ends. */
  async #readUntil(ended: AbortSignal, flow: Flow, attempts: Attempts): Promise<void> {
    const { source, logger } = this.#options;
    while (!isAborted(ended)) {
      await flow.throttle.room(ended);
      if (isAborted(ended)) return;
      const position = flow.intake.position;
      const open = (): Promise<Session> => source.open(position, this.#reader(flow));
      const session = await attempts.untilItWorks('source', open, (late) => void late.close());
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

  /** The first failure ends the run; what comes after it is its consequence. */
  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = asRelayError(thrown);
    this.#status.failed(this.#failure);
    this.#failed.abort();
  }
}

const DRAIN_LOOK_MS = 10;

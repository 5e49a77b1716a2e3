import type { Clock } from '../../base/clock.ts';
import { asRelayError, RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { delayMs, isAborted, retried } from '../../base/retry.ts';
import { Sparingly } from '../../base/sparingly.ts';
import { softDeleteColumn, type ApplyConfig } from '../../config/config.ts';
import type { TopicBatch, TopicEvent, TopicMessage, TopicReader } from '../../topic/topic.ts';
import type { ApplyStatus } from '../apply.ts';
import { Ledger } from '../ledger/ledger.ts';
import { ledgerGone } from '../ledger/ledger-gone.ts';
import { StatementRunner } from '../statements/runner.ts';
import { Tables } from '../tables/tables.ts';
import { DeadLines } from '../target/dead-lines.ts';
import type { Session } from '../target/target.ts';
import { LaneWriter } from './lane-writer.ts';
import { MetStatements } from './met-statements.ts';
import { SessionPool } from './pool.ts';
import { Status } from './status.ts';
import { Streams, type StreamChoice } from './streams.ts';
import { tableChoice } from './table-choice.ts';
import { TopicLog } from './topic-log.ts';
import type { WriterOptions } from './writer-options.ts';

export interface ApplierOptions extends StreamChoice {
  readonly config: Pick<
    ApplyConfig,
    'source' | 'tables' | 'connections' | 'create' | 'deletes' | 'statements' | 'uniqueKeys' | 'ledger'
  >;
  /** Id of a statement that the operator has run. */
  readonly statementDone: string | undefined;
  readonly openTopic: (onEvent: (event: TopicEvent) => void) => Promise<TopicReader>;
  readonly openSession: (closing: AbortSignal) => Promise<Session>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const BACKOFF = { firstMs: 100, lastMs: 10_000 };
/** After this long a lane that waits at a statement looks again. */
const WAIT_MS = 200;
/** How long a stop waits for transactions that are under way. */
const STOP_MS = 5000;
/** Changes of tables without a key are remembered for so long, should the relay publish them again. */
const REMEMBERED_DAYS = 7;
/** How often a change of state is noticed. */
const LOOK_MS = 1000;
/** How often sessions are looked at whose answer is late. */
const WATCH_MS = 5000;
/** How often the target is asked while nothing is written. */
const ASK_MS = 10_000;
const FORGET_INTERVAL_MS = 3_600_000;

/** Reads the topic and writes the target, until it is stopped. */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #status: Status;
  readonly #pool: SessionPool;
  readonly #deadLines: DeadLines;
  readonly #ledger: Ledger;
  readonly #streams: Streams;
  readonly #tables: Tables;
  readonly #statements: MetStatements;
  readonly #writing: WriterOptions;
  readonly #writers = new Map<string, LaneWriter>();
  readonly #retryLog: Sparingly;
  readonly #topicLog: TopicLog;
  /** Aborted by a stop and by the first error that ends the run; and when nothing may go on any more. */
  readonly #ending = new AbortController();
  readonly #closing = new AbortController();
  #error: RelayError | undefined;
  #isAsking = false;
  /** Access to the target has worked; rows were written. */
  #isReached = false;
  #hasWritten = false;

  constructor(options: ApplierOptions) {
    const { config, clock, logger } = options;
    this.#options = options;
    const open = (): Promise<Session> => options.openSession(this.#closing.signal);
    this.#pool = new SessionPool(config.connections, open, clock);
    this.#deadLines = new DeadLines(open, clock);
    this.#status = new Status(clock, logger, () => this.#pool.waitsSinceMs());
    this.#ledger = new Ledger(config.ledger, config.source);
    this.#streams = new Streams(this.#ledger, options);
    this.#tables = new Tables({
      rename: config.tables.rename,
      create: config.create,
      keepsUniqueKeys: config.uniqueKeys === 'keep',
      softDelete: softDeleteColumn(config.deletes),
      logger,
    });
    const choice = tableChoice(config.tables);
    const runner = new StatementRunner({
      ledger: this.#ledger,
      tables: this.#tables,
      includes: (database, table) => choice.includes(database, table),
      logger,
    });
    this.#statements = new MetStatements(this.#ledger, config.statements, runner);
    this.#retryLog = new Sparingly(clock, 10_000);
    this.#topicLog = new TopicLog(clock, logger);
    this.#writing = {
      ledger: this.#ledger,
      streams: this.#streams,
      tables: this.#tables,
      choice,
      deletes: config.deletes,
      statements: this.#statements,
      onCommitted: (lane, state, written) => {
        this.#hasWritten = true;
        this.#status.committed(lane, state, written);
      },
      onDropped: () => this.#status.dropped(),
      onPassed: () => this.#status.passed(),
      onAwaited: (table) => {
        this.#status.passed();
        if (this.#status.awaited(table)) {
          logger.warn({ table }, 'is missing in the target: its rows are passed over until a copy of it begins');
        }
      },
      onCopyBegun: (table) => this.#status.copyBegun(table),
    };
  }

  status(): ApplyStatus {
    return this.#status.shown(this.#streams.current?.stream ?? '');
  }

  /** Resolves when it was stopped. Throws what ends the run. */
  async run(stop: AbortSignal): Promise<void> {
    const end = (): void => this.#ending.abort('stop');
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
    let reader: TopicReader | undefined;
    let endAsking = (): void => undefined;
    let endForgetting = (): void => undefined;
    const { clock } = this.#options;
    const endLooking = clock.every(LOOK_MS, () => void this.#status.look());
    const endWatching = clock.every(WATCH_MS, () => void this.#watch());
    const batches = new Set<Promise<void>>();
    try {
      await this.#prepare();
      reader = await this.#retried('topic', () => this.#options.openTopic((event) => this.#topic(event)));
      this.#status.started();
      this.#options.logger.info({ topic: this.#options.config.source.topic }, 'reading');
      endAsking = clock.every(ASK_MS, () => void this.#ask());
      endForgetting = clock.every(FORGET_INTERVAL_MS, () => void this.#forgetChanges());
      void this.#forgetChanges();
      await this.#read(reader, batches);
    } catch (thrown) {
      if (!isAborted(this.#ending.signal)) this.#fail(thrown);
    } finally {
      stop.removeEventListener('abort', end);
      endAsking();
      endForgetting();
      endLooking();
      endWatching();
      this.#status.drains();
      await this.#finish(reader, batches);
    }
    this.#status.ended();
    if (this.#error !== undefined) throw this.#error;
  }

  /** Ledger, stream and statements, before the first message. */
  async #prepare(): Promise<void> {
    await this.#retried('target', () =>
      this.#pool.with(async (session) => {
        await this.#ledger.prepare(session);
        this.#isReached = true;
        await this.#streams.load(session);
        const stream = this.#streams.current?.stream;
        if (stream === undefined) return;
        this.#status.known(stream, await this.#ledger.lanes(session, stream));
        await this.#noteDone(session, stream);
        await this.#statements.settle(session, stream);
      }),
    );
  }

  async #noteDone(session: Session, stream: string): Promise<void> {
    const { statementDone, logger } = this.#options;
    if (statementDone === undefined) return;
    const waiting = await this.#ledger.statements.waiting(session, stream);
    if (!waiting.some(({ id }) => id === statementDone)) {
      const ids = waiting.map(({ id }) => id);
      throw new RelayError('USAGE', `no lane waits at a statement with the id ${statementDone}`, {
        remedy: ids.length === 0 ? 'Start without --statement-done.' : `Lanes wait at ${ids.join(', ')}.`,
      });
    }
    await this.#ledger.statements.markDone(session, stream, statementDone);
    logger.info({ statement: statementDone }, 'the statement is done, as the command line says');
  }

  /** Takes batches as they come; each is of a queue of its own. */
  async #read(reader: TopicReader, batches: Set<Promise<void>>): Promise<void> {
    const { signal } = this.#ending;
    signal.addEventListener('abort', () => void reader.close(), { once: true });
    while (!isAborted(signal)) {
      const batch = await reader.next();
      if (batch === undefined) return;
      const taken = this.#take(batch)
        .catch((thrown: unknown) => this.#fail(thrown))
        .finally(() => batches.delete(taken));
      batches.add(taken);
    }
  }

  async #take(batch: TopicBatch): Promise<void> {
    const lanes = new Map<string, TopicMessage[]>();
    for (const message of batch.messages) {
      const ofLane = lanes.get(message.lane);
      if (ofLane === undefined) lanes.set(message.lane, [message]);
      else ofLane.push(message);
    }
    const { clock } = this.#options;
    const open = new Set(batch.messages);
    const ended = AbortSignal.any([this.#ending.signal, batch.lost]);
    try {
      while (open.size > 0 && !isAborted(ended)) {
        for (const [lane, messages] of lanes) {
          const left = messages.filter((message) => open.has(message));
          const done = left.length === 0 ? 0 : await this.#write(lane, left, batch.lost);
          for (const message of left.slice(0, done)) open.delete(message);
        }
        // A lane waits at a statement until all lanes have come to it: those of this queue, too.
        if (open.size > 0) await clock.sleep(WAIT_MS, ended);
      }
    } finally {
      // All or nothing: what is done and comes again is dropped.
      if (open.size > 0) batch.release();
      else await batch.acknowledge();
    }
  }

  /** How many of the messages are done. Tries again what passes; throws what does not. */
  async #write(lane: string, messages: readonly TopicMessage[], lost: AbortSignal): Promise<number> {
    const { clock, random } = this.#options;
    const writer = this.#writerOf(lane);
    for (let failures = 1; ; failures += 1) {
      if (isAborted(this.#ending.signal) || isAborted(lost)) return 0;
      try {
        const done = await this.#pool.with((session) => writer.write(session, messages));
        this.#status.freed(lane);
        return done;
      } catch (thrown) {
        const error = ledgerGone(asRelayError(thrown), this.#options.config.ledger);
        if (isAborted(this.#ending.signal)) return 0;
        if (!this.#isRetried(error)) throw error;
        this.#tables.forgetAll();
        this.#retry(error, lane);
        await clock.sleep(delayMs(BACKOFF, failures, random), AbortSignal.any([this.#ending.signal, lost]));
      }
    }
  }

  #writerOf(lane: string): LaneWriter {
    let writer = this.#writers.get(lane);
    if (writer === undefined) this.#writers.set(lane, (writer = new LaneWriter(lane, this.#writing)));
    return writer;
  }

  /** A table that does not fit says that something is configured wrong, until rows were written. */
  #isRetried(error: RelayError): boolean {
    return error.isRetried(error.code.startsWith('TARGET_TABLE') ? this.#hasWritten : this.#isReached);
  }

  #retry(error: RelayError, lane: string): void {
    this.#status.blocked(lane, error);
    this.#retryLog.do((suppressed) => {
      const { code, remedy, details } = error;
      this.#options.logger.warn({ code, remedy, lane, suppressed, ...details }, `${error.message}; it is tried again`);
    });
  }

  #topic(event: TopicEvent): void {
    this.#status.topic(event);
    this.#topicLog.note(event);
  }

  /** What has to be there before the first message. */
  #retried<T>(part: 'topic' | 'target', attempt: () => Promise<T>): Promise<T> {
    const { clock, random, logger } = this.#options;
    this.#status.asks(part);
    let told: string | undefined;
    return retried(attempt, {
      backoff: BACKOFF,
      clock,
      random,
      signal: this.#ending.signal,
      isRetried: (error) => error.retryable,
      onFailure: (error) => {
        this.#status.away(part, error);
        // Each of them once: it may be another one by and by.
        if (told === error.code) return;
        told = error.code;
        logger.warn(
          { code: error.code, remedy: error.remedy },
          `the ${part} cannot be used yet, it is tried again: ${error.message}`,
        );
      },
    }).finally(() => this.#status.back(part));
  }

  async #watch(): Promise<void> {
    if (await this.#deadLines.look(this.#pool.sessions())) this.#pool.endIdle();
  }

  /** An apply that has nothing to write says that its target is away, too. */
  async #ask(): Promise<void> {
    if (this.#isAsking || this.#pool.waitsSinceMs() !== undefined) return;
    this.#isAsking = true;
    try {
      await this.#pool.with((session) => session.query('SELECT 1'));
      this.#status.back('target');
    } catch (thrown) {
      if (!isAborted(this.#ending.signal)) this.#status.away('target', asRelayError(thrown));
    } finally {
      this.#isAsking = false;
    }
  }

  async #forgetChanges(): Promise<void> {
    try {
      await this.#pool.with(async (session) => {
        while (!isAborted(this.#ending.signal) && (await this.#ledger.forgetChanges(session, REMEMBERED_DAYS)));
      });
    } catch {
      // The next time.
    }
  }

  #fail(thrown: unknown): void {
    this.#error ??= asRelayError(thrown);
    this.#status.failed(this.#error);
    this.#ending.abort('failed');
  }

  async #finish(reader: TopicReader | undefined, batches: ReadonlySet<Promise<void>>): Promise<void> {
    this.#ending.abort('stop');
    const { clock } = this.#options;
    const settled = new AbortController();
    const all = Promise.all(batches).then(() => settled.abort('settled'));
    await Promise.race([all, clock.sleep(STOP_MS, settled.signal)]);
    this.#closing.abort('closed');
    this.#pool.close();
    this.#deadLines.close();
    await Promise.all([...batches, reader?.close()]);
  }
}

import type { Clock } from '../../base/clock.ts';
import { asRelayError, type RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { isAborted, retried } from '../../base/retry.ts';
import { SYSTEM_SCHEMAS } from '../../base/system-schemas.ts';
import { Moments, type MomentOptions } from '../pass/moments.ts';
import { Pace } from '../pass/pace.ts';
import type { TablePair } from '../tables/table-pair.ts';
import type { Ends, TableResult, VerifyProgress, VerifyState, VerifyStatus, VerifyTrouble } from '../verify.ts';
import type { Pass, Store } from './store.ts';
import { compareTable, type ComparisonOptions } from './table-comparison.ts';

export interface VerifierOptions {
  readonly ends: Ends;
  readonly store: Store;
  readonly reached: MomentOptions['reached'];
  readonly includes: (database: string, table: string) => boolean;
  /** What the choice of tables is, as a text: a pass that was of others is not gone on with. */
  readonly choice: string;
  readonly databaseOf: (database: string) => string;
  readonly softDelete: string | undefined;
  readonly awaitsMissing: boolean;
  readonly allowsExtra: boolean;
  readonly chunkMs: number;
  readonly rest: number;
  readonly maxThreadsRunning: number;
  readonly patienceMs: number;
  readonly maxDifferences: number;
  readonly showsValues: boolean;
  /** Begin anew although a pass has not ended. */
  readonly restart: boolean;
  /** From the beginning of a pass to that of the next; undefined: one pass. */
  readonly everyMs: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** So many looks, one after the other, in which nothing moved, make a difference. */
const LOOKS = 5;
const MAX_LOOKS = 40;
const BACKOFF = { firstMs: 500, lastMs: 10_000 };
/** One pass waits so often for a server that is away. */
const MAX_FAILURES = 12;
/** What is refused is asked for so often. */
const MAX_REFUSALS = 2;
/** Whoever runs for ever waits for an account that was let in before: it is locked, or its password was changed. */
const OF_ACCESS = /^(SOURCE|TARGET)_(ACCESS_DENIED|GRANT_MISSING|TLS)$/;

/** Compares all tables, once or for ever. */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #results = new Map<string, TableResult>();
  #state: VerifyState = 'starting';
  /** Both servers have let it in. */
  #isProven = false;
  #passes = 0;
  #pass: Pass | undefined;
  #lastPass: { readonly startedMs: number; readonly endedMs: number } | undefined;
  #progress: Omit<VerifyProgress, 'waitsFor' | 'rowsPerSecond'> | undefined;
  #progressBegan = { rows: 0, ms: 0 };
  #rows = 0;
  #trouble: VerifyStatus['trouble'];
  #lastError: VerifyStatus['lastError'];
  #waits: () => string | undefined = () => undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** The results of the last pass; what was found until it was stopped. Throws what ends it. */
  async run(stop: AbortSignal): Promise<readonly TableResult[]> {
    const { ends, store, everyMs, clock } = this.#options;
    try {
      const begin = async (): Promise<void> => {
        await ends.source();
        await store.prepare(await ends.target());
      };
      // What is wrong with the configuration ends it at once; whoever asks for one pass is there to start another.
      await (everyMs === undefined ? begin() : this.#kept(stop, begin));
      this.#isProven = true;
      this.#state = 'running';
      for (;;) {
        const begunMs = clock.monotonic();
        const results = await this.#onePass(stop);
        if (everyMs === undefined || isAborted(stop)) return results;
        this.#state = 'resting';
        await clock.sleep(Math.max(0, everyMs - (clock.monotonic() - begunMs)), stop);
        if (isAborted(stop)) return results;
        this.#state = 'running';
      }
    } catch (thrown) {
      // With the stop its connections end, in the middle of whatever was asked.
      if (isAborted(stop)) return [...this.#results.values()];
      this.#state = 'failed';
      this.#lastError = this.#troubleOf(asRelayError(thrown));
      throw thrown;
    } finally {
      if (this.#state !== 'failed') this.#state = 'stopped';
      ends.drop();
    }
  }

  /** Compares one table, outside a pass: to see what has become of its differences. */
  async compare(name: { readonly database: string; readonly table: string }, stop: AbortSignal): Promise<TableResult> {
    const pass: Pass = { startedMs: this.#options.clock.now(), of: 'one table' };
    try {
      return await this.#kept(stop, () => compareTable(this.#comparison(stop), pass, name));
    } finally {
      this.#options.ends.drop();
    }
  }

  status(): VerifyStatus {
    const progress = this.#progress;
    const iso = (ms: number | undefined): string | undefined =>
      ms === undefined ? undefined : new Date(ms).toISOString();
    const seconds = (this.#options.clock.monotonic() - this.#progressBegan.ms) / 1000;
    return {
      state: this.#state,
      passes: this.#passes,
      passStartedAt: iso(this.#pass?.startedMs ?? this.#lastPass?.startedMs),
      passEndedAt: iso(this.#lastPass?.endedMs),
      tables: [...this.#results.values()],
      progress: progress && {
        ...progress,
        rowsPerSecond: seconds <= 0 ? 0 : Math.round((progress.rows - this.#progressBegan.rows) / seconds),
        waitsFor: this.#waits(),
      },
      rows: this.#rows,
      trouble: this.#trouble,
      lastError: this.#lastError,
    };
  }

  async #onePass(stop: AbortSignal): Promise<readonly TableResult[]> {
    const { ends, store, choice, restart, clock, logger } = this.#options;
    const names = await this.#kept(stop, () => this.#tables());
    const known = restart && this.#passes === 0 ? undefined : await store.pass(await ends.target());
    const isKnown = known?.of === choice;
    const pass = isKnown ? known : { startedMs: clock.now(), of: choice };
    if (isKnown) logger.info({ since: new Date(pass.startedMs).toISOString() }, 'going on with the pass');
    else await this.#kept(stop, async () => store.begin(await ends.target(), pass));
    this.#pass = pass;
    const results: TableResult[] = [];
    for (const name of names) {
      if (isAborted(stop)) return results;
      const done = await this.#kept(stop, async () => store.result(await ends.target(), pass, name));
      const result = done ?? (await this.#kept(stop, () => compareTable(this.#comparison(stop), pass, name)));
      if (done === undefined && isAborted(stop)) return results;
      results.push(result);
      this.#results.set(JSON.stringify([name.database, name.table]), result);
      if (done === undefined) await this.#kept(stop, async () => store.keepResult(await ends.target(), pass, result));
      this.#say(result);
    }
    await this.#kept(stop, async () => store.end(await ends.target(), pass));
    this.#passes += 1;
    this.#pass = undefined;
    this.#lastPass = { startedMs: pass.startedMs, endedMs: clock.now() };
    return results;
  }

  #comparison(stop: AbortSignal): ComparisonOptions {
    const options = this.#options;
    const moments = new Moments({ ...options, stop });
    const pace = new Pace({ ...options, stop });
    this.#waits = () => pace.waitsFor ?? moments.waitsFor;
    return {
      ...options,
      moments,
      pace,
      rules: { looks: LOOKS, maxLooks: MAX_LOOKS, allowsExtra: options.allowsExtra },
      stop,
      onProgress: (pair, progress) => this.#note(pair, progress),
    };
  }

  async #tables(): Promise<readonly { readonly database: string; readonly table: string }[]> {
    const source = await this.#options.ends.source();
    const rows = await source.query(
      "SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_SCHEMA, TABLE_NAME",
    );
    return rows
      .map((row) => ({ database: row['db'] ?? '', table: row['name'] ?? '' }))
      .filter(({ database, table }) => !SYSTEM_SCHEMAS.has(database) && this.#options.includes(database, table));
  }

  /** Tries again, with new connections, while a server is away. */
  async #kept<T>(stop: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    const { ends, clock, random, everyMs, logger } = this.#options;
    let failed = 0;
    const isAgain = (error: RelayError): boolean => {
      if (error.code === 'VERIFY_NO_PROGRESS') return everyMs !== undefined;
      // What a server says of a table that has just been changed; looked at anew it is another one, or the same error.
      if (!this.#isProven) return error.retryable;
      if (everyMs !== undefined && OF_ACCESS.test(error.code)) return true;
      if (!error.isRetried(false)) return error.isRetried(true) && failed < MAX_REFUSALS;
      return everyMs !== undefined || failed < MAX_FAILURES;
    };
    const found = await retried(
      async () => {
        try {
          return await attempt();
        } catch (thrown) {
          ends.drop();
          throw thrown;
        }
      },
      {
        backoff: BACKOFF,
        clock,
        random,
        signal: stop,
        isRetried: isAgain,
        onFailure: (error, failures) => {
          failed = failures;
          this.#trouble = this.#troubleOf(error);
          logger.warn({ code: error.code, remedy: error.remedy, failures }, `it is tried again: ${error.message}`);
        },
      },
    );
    this.#trouble = undefined;
    return found;
  }

  #troubleOf({ code, message, remedy }: RelayError): VerifyTrouble {
    const since =
      this.#trouble?.code === code ? this.#trouble.since : new Date(this.#options.clock.now()).toISOString();
    return { code, message, remedy, since };
  }

  #note({ name, estimatedRows }: TablePair, progress: { rows: number; open: number; different: number }): void {
    const { clock } = this.#options;
    if (this.#progress?.table !== name) this.#progressBegan = { rows: progress.rows, ms: clock.monotonic() };
    else this.#rows += Math.max(0, progress.rows - this.#progress.rows);
    this.#progress = { table: name, estimatedRows, ...progress };
  }

  #say({ database, table, state, rows, different, undecided, reason }: TableResult): void {
    this.#progress = undefined;
    const facts = { table: `${database}.${table}`, rows, different, undecided, ...(reason !== '' && { reason }) };
    const isWell = state === 'equal' || state === 'gone' || state === 'awaited';
    if (isWell) this.#options.logger.info(facts, state);
    else this.#options.logger.warn(facts, state);
  }
}

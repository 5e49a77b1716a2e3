import type { Clock } from '../../base/clock.ts';
import { asRelayError, RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { delayMs, isAborted, unlessAborted, type Backoff } from '../../base/retry.ts';
import type { Copy, TableCopy } from '../../checkpoint/checkpoint.ts';
import type { Chunk, TableDefinition, TableReader, TableView } from '../../source/source.ts';
import type { TablePlan } from '../tables/table-plan.ts';
import { ChunkSize, type ChunkLimits } from './chunk-size.ts';
import { CopiedRows } from './copied-rows.ts';
import type { CopyList } from './copy-list.ts';
import type { CopyProgress } from '../relay.ts';
import type { CopyPace } from './copy-pace.ts';
import type { CopyStream } from './copy-stream.ts';
import { afterOf, keyOf, placeOf } from './copy-place.ts';
import { requireCopyable } from './copyable.ts';
import { WatchedTable } from './stream-watch.ts';
import { TableProgress } from './table-progress.ts';

export interface CopierOptions {
  readonly list: CopyList;
  readonly reader: TableReader;
  readonly stream: CopyStream;
  readonly pace: CopyPace;
  readonly limits: ChunkLimits;
  /** Rows of the table as SELECT shows them, of the copy with this id. Throws BINLOG_UNSUPPORTED. */
  readonly planOf: (definition: TableDefinition, copy: string) => TablePlan;
  readonly epoch: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const RETRY: Backoff = { firstMs: 200, lastMs: 10_000 };
/** A table whose rows come in another shape than its definition says, however often that is read, is not understood. */
const MAX_REDEFINITIONS = 20;
/** The stream waits while a chunk is published: that should take a fifth of the time that the read may. */
const HOLD_WEIGHT = 5;
/** An error that the relay does not know may be one of the moment. */
const MAX_UNKNOWN_FAILURES = 5;

/** What a table is read with, until its definition changes. */
interface Reading {
  readonly definition: TableDefinition;
  readonly plan: TablePlan;
  readonly rows: CopiedRows;
}

/**
 * Copies the tables that were asked for, one after the other, chunk by chunk, while the stream runs.
 *
 * Why a copied row is never older than what the stream said of it before, nor newer than what it says afterwards: a
 * chunk is read after everything that the stream had brought by then (S) was visible to reads, and it is published when
 * the stream has come to where the binlog ended after the read (H). Rows that the stream changed between S and there
 * are left to the stream; a row that it did not change has there the value that was read.
 */
export class Copier {
  readonly #options: CopierOptions;
  /** Number of the next chunk in this run. */
  #chunk = 0;
  /** One after the other. */
  #failures = 0;
  #wake: () => void = () => undefined;
  #current: TableProgress | undefined;

  constructor(options: CopierOptions) {
    this.#options = options;
  }

  get progress(): CopyProgress | undefined {
    const { pace, clock } = this.#options;
    return this.#current?.progress(clock, pace.waitsFor);
  }

  /** A copy was asked for, or goes on. */
  wake(): void {
    this.#wake();
  }

  /** Works until `ended`. Never throws: what cannot be copied is said in the list of copies. */
  async run(ended: AbortSignal): Promise<void> {
    const { list, clock, random, logger } = this.#options;
    while (!isAborted(ended)) {
      const copy = list.next;
      if (copy === undefined) {
        await this.#sleepUntilWoken(ended);
        continue;
      }
      try {
        await this.#work(copy, ended);
        this.#failures = 0;
      } catch (thrown) {
        if (isAborted(ended)) return;
        const error = asRelayError(thrown);
        this.#failures += 1;
        const failures = this.#failures;
        this.#options.stream.unwatch();
        logger[failures > 5 ? 'error' : 'warn'](
          { code: error.code, error: error.message, remedy: error.remedy, failures },
          'a table could not be read for its copy; trying again',
        );
        await clock.sleep(delayMs(RETRY, failures, random), ended);
      }
    }
  }

  async #work({ id, tables }: Copy, ended: AbortSignal): Promise<void> {
    const { list, reader, logger } = this.#options;
    if (tables === undefined) {
      const named = await reader.tables();
      list.resolve(id, named);
      const { patterns } = list.get(id);
      const count = list.get(id).tables?.length ?? 0;
      if (count === 0) logger.warn({ copy: id, patterns }, 'no published table has a name that the copy asks for');
      else logger.info({ copy: id, patterns, tables: count }, 'tables are copied beside the stream');
    }
    for (;;) {
      const table = list.isActive(id) ? list.nextTable(id) : undefined;
      if (table === undefined) return;
      try {
        await this.#table(id, table, ended).finally(() => {
          this.#current = undefined;
        });
      } catch (thrown) {
        const error = asRelayError(thrown);
        if (isAborted(ended) || this.#mayPass(error)) throw error;
        this.#fail(id, table, error);
      }
    }
  }

  /** Whether reading again may mend it. */
  #mayPass(error: RelayError): boolean {
    if (error.code === 'SOURCE_ERROR') return this.#failures < MAX_UNKNOWN_FAILURES;
    return error.code !== 'SOURCE_GRANT_MISSING' && error.isRetried(true);
  }

  #fail(id: string, { database, table }: TableCopy, error: RelayError): void {
    const { list, logger, stream } = this.#options;
    stream.unwatch();
    const failed = list.tableOf(id, database, table);
    if (failed !== undefined) list.update(id, { ...failed, state: 'failed', reason: error.message });
    logger.error(
      { copy: id, table: `${database}.${table}`, code: error.code, error: error.message, remedy: error.remedy },
      'a table is not copied; the stream and the other tables go on',
    );
  }

  /** One table, until it is copied, or the copy was paused or cancelled. */
  async #table(id: string, table: TableCopy, ended: AbortSignal): Promise<void> {
    const { list, stream, logger } = this.#options;
    const watched = new WatchedTable(table);
    stream.watch(watched);
    const reading = await this.#define(id, table, watched, ended);
    if (reading === undefined) {
      list.update(id, { ...table, state: 'gone' });
      logger.info({ copy: id, table: nameOf(table) }, 'there is no such table any more');
    } else if (reading.definition.table.primaryKey.length === 0)
      await this.#withoutKey(id, table, watched, reading, ended);
    else await this.#byKey(id, table, watched, reading, ended);
    stream.unwatch();
  }

  /** Undefined: there is no such table. */
  async #define(id: string, table: TableCopy, watched: WatchedTable, ended: AbortSignal): Promise<Reading | undefined> {
    const { reader, planOf, stream } = this.#options;
    const seen = await stream.now(() => {
      watched.redefine();
      return stream.seen;
    }, ended);
    const definition = await reader.definition(table, seen);
    if (definition === undefined) return undefined;
    requireCopyable(definition);
    const plan = planOf(definition, id);
    watched.expect(plan);
    const rows = new CopiedRows({ plan, taker: stream.taker, turn: () => stream.turn(ended) });
    return { definition, plan, rows };
  }

  async #byKey(id: string, table: TableCopy, watched: WatchedTable, first: Reading, ended: AbortSignal): Promise<void> {
    const { list, stream, pace, limits, clock, logger } = this.#options;
    const size = new ChunkSize(limits);
    const shown = new TableProgress(id, table, first.definition.estimatedRows, this.#options.clock);
    this.#current = shown;
    let reading = first;
    let redefinitions = 0;
    let progress = table;
    let after = afterOf(table, reading.definition);
    if (after === undefined) {
      progress = { ...nameAnd(table), state: 'copying', rows: 0, key: keyOf(reading.definition) };
      await stream.mark({ ...this.#markOf(id, table), what: 'begin', sql: reading.definition.createStatement }, ended);
      list.update(id, progress);
    }
    for (;;) {
      await pace.wait(ended);
      if (!list.isActive(id)) return;
      if (watched.isRedefined) {
        redefinitions += 1;
        if (redefinitions > MAX_REDEFINITIONS) throw neverFits(table);
        const redefined = await this.#define(id, table, watched, ended);
        if (redefined === undefined) {
          list.update(id, { ...progress, state: 'gone' });
          return;
        }
        // Another key: the rows have another order, and what was copied says nothing about what is left.
        if (keyOf(redefined.definition) !== keyOf(reading.definition)) return;
        reading = redefined;
      }
      const beganMs = clock.monotonic();
      const chunk = await this.#chunkAfter(after, watched, reading, size.rows, ended);
      if (chunk === undefined) continue;
      const readMs = clock.monotonic() - beganMs;
      let heldMs = 0;
      const identity = this.#nextChunk(id);
      const given = await stream.during(
        chunk,
        async () => {
          if (watched.isRedefined) return undefined;
          if (reading.rows.hasOneOf(watched.partial, chunk.images)) {
            size.halve();
            return undefined;
          }
          const heldSinceMs = clock.monotonic();
          const count = await reading.rows.give(chunk.images, identity, watched.dirty);
          heldMs = clock.monotonic() - heldSinceMs;
          return count;
        },
        ended,
      );
      watched.close();
      pace.worked(readMs + heldMs);
      if (given === undefined) continue;
      size.took(chunk.rows, chunk.images.length, Math.max(readMs, heldMs * HOLD_WEIGHT));
      redefinitions = 0;
      await stream.acknowledged(ended);
      after = chunk.last ?? after;
      progress = {
        ...progress,
        rows: progress.rows + given,
        ...(after !== undefined && { after: placeOf(after) }),
      };
      shown.copied(chunk.rows, progress.rows);
      this.#failures = 0;
      if (!chunk.isEnd) {
        list.update(id, progress);
        continue;
      }
      await stream.mark({ ...this.#markOf(id, table), what: 'end', rows: progress.rows }, ended);
      list.update(id, { ...nameAnd(table), state: 'copied', rows: progress.rows });
      logger.info({ copy: id, table: nameOf(table), rows: progress.rows }, 'a table is copied');
      return;
    }
  }

  /** Undefined: what was read is of no use, and is to be read again. */
  async #chunkAfter(
    after: readonly Buffer[] | undefined,
    watched: WatchedTable,
    { definition }: Reading,
    maxRows: number,
    ended: AbortSignal,
  ): Promise<Chunk | undefined> {
    const { reader, stream, limits } = this.#options;
    const seen = await stream.now(() => {
      watched.open();
      return stream.seen;
    }, ended);
    try {
      return await reader.read({ definition, after, maxRows, maxBytes: limits.chunkBytes, seen });
    } catch (error) {
      // Another statement has changed the table, and the stream will say so: its definition is read again.
      if (!reader.isRedefinition(error)) throw error;
      watched.isRedefined = true;
      return undefined;
    }
  }

  /**
   * A view that the stream does not touch until it has come to the end of the binlog after it is the table at that
   * place. Then the stream waits until all rows are published.
   */
  async #withoutKey(
    id: string,
    table: TableCopy,
    watched: WatchedTable,
    first: Reading,
    ended: AbortSignal,
  ): Promise<void> {
    const { list, reader, stream, pace, clock, random, limits, logger } = this.#options;
    const shown = new TableProgress(id, table, first.definition.estimatedRows, clock);
    this.#current = shown;
    let reading: Reading | undefined = first;
    list.update(id, { ...nameAnd(table), state: 'copying', rows: 0 });
    for (let tries = 1; ; tries += 1) {
      await pace.wait(ended);
      if (!list.isActive(id)) return;
      if (watched.isRedefined) reading = await this.#define(id, table, watched, ended);
      if (reading === undefined) {
        list.update(id, { ...nameAnd(table), state: 'gone', rows: 0 });
        return;
      }
      const { definition, rows } = reading;
      const seen = await stream.now(() => {
        watched.open();
        return stream.seen;
      }, ended);
      const view: TableView = await reader.view(definition, seen);
      let count: number | undefined;
      try {
        count = await stream.during(
          view,
          async () => {
            if (watched.isTouched || watched.isRedefined) return undefined;
            const mark = { ...this.#markOf(id, table), replaces: true };
            await stream.markNow({ ...mark, what: 'begin', sql: definition.createStatement }, ended);
            let given = 0;
            await view.rows(limits.chunkBytes / 4, async (images, read) => {
              given += await rows.give(images, this.#nextChunk(id), NO_KEYS);
              shown.copied(read, given);
              list.update(id, { ...nameAnd(table), state: 'copying', rows: given });
            });
            await stream.markNow({ ...mark, what: 'end', rows: given }, ended);
            return given;
          },
          ended,
        );
      } finally {
        watched.close();
        await view.close();
      }
      if (count !== undefined) {
        await stream.acknowledged(ended);
        list.update(id, { ...nameAnd(table), state: 'copied', rows: count });
        logger.info({ copy: id, table: nameOf(table), rows: count, tries }, 'a table without a primary key is copied');
        return;
      }
      // Not in step with whoever writes to the table.
      await clock.sleep(random() * Math.min(1000, tries * 10), ended);
    }
  }

  #markOf(id: string, { database, table }: TableCopy): Parameters<CopyStream['mark']>[0] {
    const { source, number, readMs } = this.#nextChunk(id);
    return {
      copy: id,
      what: 'begin',
      database,
      table,
      sql: '',
      rows: 0,
      replaces: false,
      source,
      change: `${number}#0`,
      atMs: readMs,
    };
  }

  /** No run gives out the number of another one: what is read again after a crash has other change ids. */
  #nextChunk(id: string): { readonly source: string; readonly number: string; readonly readMs: number } {
    const { epoch, clock } = this.#options;
    this.#chunk += 1;
    return { source: `copy/${id}/${epoch}`, number: String(this.#chunk), readMs: clock.now() };
  }

  async #sleepUntilWoken(ended: AbortSignal): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await unlessAborted(ended, woken);
  }
}

const NO_KEYS: ReadonlySet<string> = new Set();

const nameAnd = ({ database, table }: TableCopy): { readonly database: string; readonly table: string } => ({
  database,
  table,
});
const nameOf = ({ database, table }: TableCopy): string => `${database}.${table}`;

const neverFits = (table: TableCopy): RelayError =>
  new RelayError(
    'COPY_TABLE_UNSUPPORTED',
    `${nameOf(table)}: its rows in the binlog have other columns than the server says, or its definition changes all the time`,
    {
      remedy:
        'Ask for its copy again when nothing alters it. If that does not help, report the SHOW CREATE TABLE of it.',
    },
  );

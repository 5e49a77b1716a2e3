import { asRelayError, type RelayError } from '../../base/errors.ts';
import { delayMs, isAborted, unlessAborted, type Backoff } from '../../base/retry.ts';
import type { Copy, CopyPart, TableCopy } from '../../checkpoint/checkpoint.ts';
import type { CopyProgress } from '../relay.ts';
import type { ChunkIdentity } from './copied-rows.ts';
import { requireKeyed } from './copyable.ts';
import { KeyedCopier } from './keyed-copier.ts';
import { KeylessCopier } from './keyless-copier.ts';
import { KeysCopier } from './keys-copier.ts';
import { nameOf, TableCopier, type Reading, type TableCopierOptions } from './table-copier.ts';

export interface CopierOptions extends Omit<TableCopierOptions, 'nextChunk' | 'onAdvanced'> {
  readonly epoch: number;
}

const RETRY: Backoff = { firstMs: 200, lastMs: 10_000 };
/** An error that the relay does not know may be one of the moment. */
const MAX_UNKNOWN_FAILURES = 5;

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
  /** One after the other, whatever the table. */
  #failures = 0;
  /** One after the other of one table, of a kind that the relay does not know. */
  #unknown = { table: '', failures: 0 };
  #wake: () => void = () => undefined;
  #current: TableCopier | undefined;
  /** Why the table could not be read, while it is about to be tried again. */
  #trouble: string | undefined;
  readonly #tableOptions: TableCopierOptions;

  constructor(options: CopierOptions) {
    this.#options = options;
    this.#tableOptions = {
      ...options,
      nextChunk: (copy) => this.#nextChunk(copy),
      onAdvanced: () => {
        this.#failures = 0;
        this.#unknown.failures = 0;
      },
    };
  }

  get progress(): CopyProgress | undefined {
    const progress = this.#current?.progress;
    return progress && this.#trouble !== undefined ? { ...progress, waitsFor: this.#trouble } : progress;
  }

  /** A copy was asked for, or goes on. */
  wake(): void {
    this.#wake();
  }

  /** The copy is about to be cancelled. */
  cancels(id: string): void {
    const { list, logger } = this.#options;
    const copy = list.list.find((each) => each.id === id);
    if (copy?.isExact !== true || copy.endedAt !== undefined) return;
    const tables = (copy.tables ?? []).filter(({ state }) => state === 'waiting' || state === 'copying').map(nameOf);
    logger.warn(
      { copy: id, tables: copy.tables === undefined ? copy.patterns : tables },
      'an exact copy is cancelled: what the stream had of these tables meanwhile is in no message; copy them again',
    );
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
        const current = this.#current;
        logger[failures > 5 ? 'error' : 'warn'](
          {
            ...(current !== undefined && { copy: current.id, table: nameOf(current.table) }),
            code: error.code,
            error: error.message,
            remedy: error.remedy,
            failures,
          },
          'a table could not be read for its copy; trying again',
        );
        await clock.sleep(delayMs(RETRY, failures, random), ended);
        this.#current = undefined;
      }
    }
  }

  async #work({ id, tables }: Copy, ended: AbortSignal): Promise<void> {
    const { list, reader, stream, logger } = this.#options;
    if (tables === undefined) {
      const named = await reader.tables(await stream.begun(ended));
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
        await this.#table(id, table, ended);
      } catch (thrown) {
        const error = asRelayError(thrown);
        await reader.reset();
        if (isAborted(ended) || this.#mayPass(error, nameOf(table))) {
          this.#trouble = error.message;
          throw error;
        }
        this.#fail(id, table, error);
      }
      this.#current = undefined;
    }
  }

  /** Whether reading again may mend it. */
  #mayPass(error: RelayError, table: string): boolean {
    if (error.code === 'SOURCE_ERROR') {
      const failures = this.#unknown.table === table ? this.#unknown.failures + 1 : 1;
      this.#unknown = { table, failures };
      return failures <= MAX_UNKNOWN_FAILURES;
    }
    return error.code !== 'SOURCE_GRANT_MISSING' && error.isRetried(true);
  }

  #fail(id: string, { database, table }: TableCopy, error: RelayError): void {
    const { list, logger, stream } = this.#options;
    stream.unwatch();
    const failed = list.tableOf(id, database, table);
    if (failed !== undefined)
      list.update(id, { ...failed, state: 'failed', reason: `${error.code}: ${error.message}` });
    logger.error(
      { copy: id, table: `${database}.${table}`, code: error.code, error: error.message, remedy: error.remedy },
      'a table is not copied; the stream and the other tables go on',
    );
  }

  /** One table, until it is copied, or the copy was paused or cancelled. */
  async #table(id: string, table: TableCopy, ended: AbortSignal): Promise<void> {
    const { stream, pace, logger } = this.#options;
    const copier = new TableCopier(this.#tableOptions, id, table, ended);
    this.#current = copier;
    this.#trouble = undefined;
    await pace.wait(ended);
    if (!copier.isActive) return;
    stream.watch(copier.watched);
    const reading = await copier.define();
    if (reading === undefined) {
      if (!(await copier.gone())) return;
      logger.warn({ copy: id, table: nameOf(table) }, 'there is no such table any more: it is not copied');
    } else if (copier.part !== undefined) await this.#part(copier, reading, copier.part);
    else if (copier.isExact || reading.definition.table.primaryKey.length === 0)
      await new KeylessCopier(copier, reading).run();
    else await new KeyedCopier(copier, reading).run();
    stream.unwatch();
  }

  async #part(copier: TableCopier, reading: Reading, part: CopyPart): Promise<void> {
    requireKeyed(reading.definition, part);
    copier.requireKey(reading.definition, copier.table.key);
    if (part.of === 'keys') await new KeysCopier(copier, reading, part.keys).run();
    else await new KeyedCopier(copier, reading).run();
  }

  /** No run gives out the number of another one: what is read again after a crash has other change ids. */
  #nextChunk(id: string): ChunkIdentity {
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

import type { Clock } from '../../base/clock.ts';
import { RelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { CopyPart, TableCopy } from '../../checkpoint/checkpoint.ts';
import type { CopyMark } from '../../format/format.ts';
import type { BinlogEnd, DefinedTable, Seen, TableDefinition, TableReader } from '../../source/source.ts';
import type { CopyProgress } from '../relay.ts';
import type { TablePlan } from '../tables/table-plan.ts';
import type { ChunkLimits } from './chunk-size.ts';
import { CopiedRows, type ChunkIdentity } from './copied-rows.ts';
import type { CopyList } from './copy-list.ts';
import type { CopyPace } from './copy-pace.ts';
import type { CopyStream } from './copy-stream.ts';
import { keyOf } from './copy-place.ts';
import { requireCopyable } from './copyable.ts';
import { WatchedTable } from './stream-watch.ts';
import { TableProgress } from './table-progress.ts';
import type { WithheldTables } from './withheld-tables.ts';

export interface TableCopierOptions {
  readonly list: CopyList;
  readonly reader: TableReader;
  readonly stream: CopyStream;
  readonly withheld: WithheldTables;
  readonly pace: CopyPace;
  readonly limits: ChunkLimits;
  /** Rows of the table as SELECT shows them, of the copy with this id. Throws BINLOG_UNSUPPORTED. */
  readonly planOf: (definition: TableDefinition, copy: string) => TablePlan;
  /** No chunk of any run has the same. */
  readonly nextChunk: (copy: string) => ChunkIdentity;
  /** Rows were published: whatever has failed before is over. */
  readonly onAdvanced: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** A table whose rows come in another shape than its definition says, however often that is read, is not understood. */
const MAX_REDEFINITIONS = 20;
/** The stream waits while a chunk is published: that should take a fifth of the time that the read may. */
const HOLD_WEIGHT = 5;

/** What a table is read with, until its definition changes. */
export interface Reading {
  readonly definition: DefinedTable;
  readonly plan: TablePlan;
  readonly rows: CopiedRows;
}

/** One table on its way into the lanes: what the two ways to copy one have in common. */
export class TableCopier {
  readonly options: TableCopierOptions;
  /** Id of the copy. */
  readonly id: string;
  readonly table: TableCopy;
  /** Of its rows; undefined: all. */
  readonly part: CopyPart | undefined;
  readonly watched: WatchedTable;
  /** Everything that waits is given up then. */
  readonly ended: AbortSignal;
  #shown: TableProgress;

  constructor(options: TableCopierOptions, id: string, table: TableCopy, ended: AbortSignal) {
    this.options = options;
    this.id = id;
    this.table = table;
    this.part = options.list.get(id).part;
    this.watched = new WatchedTable(table, this.part?.of === 'keys');
    this.ended = ended;
    this.#shown = this.show(0);
  }

  get progress(): CopyProgress {
    const { clock, pace, reader } = this.options;
    return this.#shown.progress(clock, pace.waitsFor ?? reader.waitsFor);
  }

  /** For those who look at it. */
  show(estimatedRows: number): TableProgress {
    this.#shown = new TableProgress(this.id, this.table, estimatedRows, this.options.clock);
    return this.#shown;
  }

  /** Whether the copy was neither paused nor cancelled. */
  get isActive(): boolean {
    return this.options.list.isActive(this.id);
  }

  /** Nothing of the table is published until its rows are. */
  get isExact(): boolean {
    return this.options.list.get(this.id).isExact === true;
  }

  /** Reads the definition of the table as the stream has left it; undefined: there is none. */
  async define(): Promise<Reading | undefined> {
    const { reader, planOf, stream } = this.options;
    const { watched, ended } = this;
    const seen = await stream.now(() => {
      watched.redefine();
      // Should there be no such table, nothing of it may have come since.
      if (this.isExact) watched.open();
      return stream.seen;
    }, ended);
    const definition = await reader.definition(this.table, seen);
    if (definition === undefined) return undefined;
    requireCopyable(definition);
    const plan = planOf(definition, this.id);
    watched.expect(plan);
    const { taker, turnBytes } = stream;
    const rows = new CopiedRows({ plan, taker, turn: () => stream.turn(ended), turnBytes });
    return { definition, plan, rows };
  }

  /**
   * The same in the middle of a copy, when something has changed it; undefined: it is gone. `redefinitions`: how often
   * this is so, without rows that were published between.
   */
  async redefine(redefinitions: number): Promise<Reading | undefined> {
    if (redefinitions > MAX_REDEFINITIONS) throw this.#neverFits();
    return this.define();
  }

  /** What `read` gives; undefined when another statement has changed the table: the stream will say so. */
  async read<T>(read: (seen: Seen) => Promise<T>): Promise<T | undefined> {
    const seen = await this.open();
    try {
      return await read(seen);
    } catch (error) {
      if (!this.options.reader.isRedefinition(error)) throw error;
      this.watched.isRedefined = true;
      return undefined;
    }
  }

  /**
   * Publishes what was read since `beganMs`, at its place in the stream. `given`: what `give` says; `ms`: how long it
   * took, in which the stream's waiting weighs more.
   */
  async publish<T>(
    end: BinlogEnd,
    beganMs: number,
    give: () => Promise<T>,
  ): Promise<{ readonly given: T; readonly ms: number }> {
    const { clock, stream, pace } = this.options;
    const readMs = clock.monotonic() - beganMs;
    let heldMs = 0;
    const given = await stream.during(
      end,
      async () => {
        const heldSinceMs = clock.monotonic();
        const done = await give();
        heldMs = clock.monotonic() - heldSinceMs;
        return done;
      },
      this.ended,
    );
    this.watched.close();
    pace.worked(readMs + heldMs);
    return { given, ms: Math.max(readMs, heldMs * HOLD_WEIGHT) };
  }

  /** From here on the stream is watched; what it has brought so far a read has to see. */
  open(): Promise<Seen> {
    const { stream } = this.options;
    return stream.now(() => {
      this.watched.open();
      return stream.seen;
    }, this.ended);
  }

  /** There was no such table when it was defined. False: there may be one again, of which something was withheld. */
  gone(): Promise<boolean> {
    const { watched } = this;
    return this.options.stream.now(() => {
      if (this.isExact && (watched.isTouched || watched.isRedefined)) return false;
      this.options.list.update(this.id, { ...this.table, state: 'gone' });
      return true;
    }, this.ended);
  }

  nextChunk(): ChunkIdentity {
    return this.options.nextChunk(this.id);
  }

  /** How far the table is; `rest`: where it is gone on after a restart. */
  update(state: TableCopy['state'], rows: number, rest: Pick<TableCopy, 'key' | 'after' | 'keysDone'> = {}): void {
    const { database, table } = this.table;
    this.options.list.update(this.id, { database, table, state, rows, ...rest });
  }

  begin(definition: TableDefinition, replaces = false): Omit<CopyMark, 'position' | 'gtidSet'> {
    return this.#mark({ what: 'begin', sql: definition.createStatement, rows: 0, replaces });
  }

  end(rows: number, replaces = false): Omit<CopyMark, 'position' | 'gtidSet'> {
    return this.#mark({ what: 'end', sql: '', rows, replaces });
  }

  #mark(facts: Pick<CopyMark, 'what' | 'sql' | 'rows' | 'replaces'>): Omit<CopyMark, 'position' | 'gtidSet'> {
    const { database, table } = this.table;
    const { source, number, readMs } = this.nextChunk();
    return { copy: this.id, database, table, source, change: `${number}#0`, atMs: readMs, ...facts };
  }

  /** Throws COPY_TABLE_UNSUPPORTED when the key of the table is not `before`: what was asked for means nothing then. */
  requireKey(definition: TableDefinition, before: string | undefined): void {
    if (before === undefined || before === keyOf(definition)) return;
    throw new RelayError(
      'COPY_TABLE_UNSUPPORTED',
      `${nameOf(this.table)} has another primary key than when the copy of a part of it was begun`,
      { remedy: 'Ask for the rows by their new keys, or for the whole table.' },
    );
  }

  /** A row is updated whenever it is read, and the stream has only parts of it. */
  neverWhole(): RelayError {
    return new RelayError(
      'COPY_TABLE_UNSUPPORTED',
      `${nameOf(this.table)}: a row is updated all the time, and the binlog has only the columns that change`,
      {
        remedy:
          'Set binlog_row_image = FULL on the source, for new sessions too, or ask for its copy again at a quiet time.',
      },
    );
  }

  /** More of its rows change while a chunk is read than are remembered. */
  neverStill(): RelayError {
    return new RelayError(
      'COPY_TABLE_UNSUPPORTED',
      `${nameOf(this.table)}: more of its rows change while a chunk is read than the relay remembers`,
      { remedy: 'Ask for its copy again at a quieter time.' },
    );
  }

  /** Its rows in the binlog have another shape than its definition, whenever that is read. */
  #neverFits(): RelayError {
    return new RelayError(
      'COPY_TABLE_UNSUPPORTED',
      `${nameOf(this.table)}: its rows in the binlog have other columns than the server says, or its definition changes all the time`,
      {
        remedy:
          'Ask for its copy again when nothing alters it. If that does not help, report the SHOW CREATE TABLE of it.',
      },
    );
  }
}

export const nameOf = ({ database, table }: TableCopy): string => `${database}.${table}`;

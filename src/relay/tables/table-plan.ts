import { RelayError } from '../../base/errors.ts';
import type { TimeZone } from '../../base/time-zone.ts';
import type { Column, Table } from '../../binlog/binlog.ts';
import type { CodecOptions } from '../../binlog/rows/columns.ts';
import {
  addColumn,
  columnSet,
  compileCompare,
  compileImageEnd,
  type ColumnSet,
  type CompareImages,
  type RowColumn,
  type ImageEnd,
} from '../../binlog/rows/row-compiler.ts';
import type { Ordering } from '../../change/change.ts';
import { RowKey } from '../../change/row-key.ts';
import type { TableFilter } from '../../change/table-filter.ts';
import type { ChangeKind, Format, MarkName, Marks, TableFormat } from '../../format/format.ts';
import { tagOf } from '../../format/properties.ts';
import type { ChangeCounter } from './change-counter.ts';
import { InvalidText } from './invalid-text.ts';
import { MessageClasses } from './message-classes.ts';
import { planBytes, type PlanMemory } from './plan-memory.ts';
import type { PublishPolicy } from './publish-policy.ts';
import { LOGGED, type ValueForm } from './value-form.ts';

/** How the relay treats the rows of one version of an included table: everything compiled once, used per row. */
export class TablePlan {
  readonly table: Table;
  /** Counts the changes of the table in a transaction; shared by all versions of the table. */
  readonly counter: ChangeCounter;
  /** Of this plan, and of those that are made of it. */
  readonly memory: PlanMemory;
  readonly tag: string;
  readonly key: RowKey;
  readonly format: TableFormat;
  readonly imageEnd: ImageEnd;
  readonly compare: CompareImages;
  /** Scratch for `compare`. */
  readonly changed: ColumnSet;
  readonly classes: MessageClasses<MessageClass>;
  readonly invalidText: InvalidText;
  /** Why the rows are not whole; empty when they are. */
  readonly marks: readonly MarkName[];
  readonly #columns: readonly RowColumn[];
  readonly #options: PlanOptions;
  readonly #reduced: Reduced;
  #skeleton: TablePlan | undefined;

  /** Throws BINLOG_UNSUPPORTED, naming the column, when a published column cannot be written exactly. */
  constructor(
    table: Table,
    { counter, memory }: Pick<TablePlan, 'counter' | 'memory'>,
    options: PlanOptions,
    reduced: Reduced = WHOLE,
  ) {
    const { ordering, format } = options;
    this.invalidText = reduced.invalidText ?? new InvalidText();
    const codec = codecOptions(options, this.invalidText);
    const columns = reduced.columns ?? table.columns.map((column) => rowColumn(table, column, options, codec));
    this.table = table;
    this.counter = counter;
    this.memory = memory;
    this.tag = tagOf(table.database, table.name);
    this.key =
      reduced.key ??
      new RowKey(
        table,
        columns.map((each) => keyColumn(each, codec, options)),
        ordering,
      );
    this.format = format.forTable(table, columns, { ...formsOf(options), ...reduced.marks }, options.copy);
    this.imageEnd = compileImageEnd(columns);
    this.compare =
      reduced.known === undefined ? compileCompare(columns) : masked(compileCompare(columns), reduced.known);
    this.changed = columnSet(columns.length);
    this.classes = new MessageClasses((kind, source) => new MessageClass(this, kind, source), memory);
    this.marks = reduced.names;
    this.#columns = columns;
    this.#options = options;
    this.#reduced = reduced;
    memory.add(planBytes(columns.length));
  }

  /** `database.table` */
  get name(): string {
    return `${this.table.database}.${this.table.name}`;
  }

  /** See PlanOptions. */
  get copy(): string | undefined {
    return this.#options.copy;
  }

  /** See Format. */
  get splitsKeyChanges(): boolean {
    return this.#options.format.splitsKeyChanges;
  }

  /** True when an update of these columns is to be a delete and an insert. */
  isSplitBy(changed: ColumnSet): boolean {
    return this.key.isMovedBy(changed) || (this.splitsKeyChanges && this.key.isChangedBy(changed));
  }

  /** True when the images hold only some of the published columns of the table. */
  get isPartial(): boolean {
    return this.marks.includes('partial');
  }

  /**
   * The plan for images that hold only the columns `present`, by index in table order; of an update, the previous
   * values of the columns `known` alone. The key must be among them.
   */
  reducedTo(present: readonly number[], known: readonly number[]): TablePlan {
    const { database, name, columns, primaryKey } = this.table;
    const placed = new Map(
      columns
        .filter(({ index }) => present.includes(index))
        .map((column, index) => [column.index, { ...column, index }]),
    );
    const keyParts = primaryKey.flatMap(({ column, prefix }) => {
      const found = placed.get(column.index);
      return found === undefined ? [] : [{ column: found, prefix }];
    });
    const knownPlaces = columnSet(placed.size);
    for (const index of known) addColumn(knownPlaces, placed.get(index)?.index ?? 0);
    const names = (isNamed: (index: number) => boolean): string[] =>
      this.#columns
        .filter(({ column, codec }) => codec !== undefined && isNamed(column.index))
        .map(({ column }) => column.name);
    const absent = names((index) => !placed.has(index));
    const oldAbsent = names((index) => placed.has(index) && !known.includes(index));
    const table = { database, name, columns: [...placed.values()], primaryKey: keyParts };
    // What is excluded may be absent: rows are whole without it.
    const isWhole = absent.length === 0 && oldAbsent.length === 0;
    return new TablePlan(table, this, this.#options, {
      known: knownPlaces,
      marks: isWhole ? {} : { absent, ...(oldAbsent.length > 0 && { oldAbsent }) },
      names: isWhole ? [] : ['partial'],
    });
  }

  /** True when only the keys of the rows are written. */
  get isSkeleton(): boolean {
    return this.marks.includes('oversize');
  }

  /**
   * The same rows with the columns of their key only, and with no column when the table has none. A key that indexes
   * only the beginning of a column is none here: that column may be what makes the row large.
   */
  get skeleton(): TablePlan {
    this.#skeleton ??= this.#newSkeleton();
    return this.#skeleton;
  }

  #newSkeleton(): TablePlan {
    const { primaryKey } = this.table;
    const key = this.key.isEmpty || primaryKey.some(({ prefix }) => prefix > 0) ? [] : primaryKey;
    const isKept = (column: Column): boolean => key.some((part) => part.column.index === column.index);
    const columns = this.#columns.map((each) => (isKept(each.column) ? each : { ...each, codec: undefined }));
    const omitted = this.#columns.filter(({ column, codec }) => codec !== undefined && !isKept(column));
    return new TablePlan(this.table, this, this.#options, {
      columns,
      key: this.key,
      invalidText: this.invalidText,
      ...(this.#reduced.known !== undefined && { known: this.#reduced.known }),
      marks: {
        ...(this.#reduced.marks.absent !== undefined && { absent: this.#reduced.marks.absent }),
        omitted: omitted.map(({ column }) => column.name),
      },
      names: [...this.marks, 'oversize'],
    });
  }
}

/**
 * What the rows of one message have in common: table version, kind, the set of changed columns of updates, and the
 * server part of their change ids. So `old` is exact for every row, and a reader that looks a column up across the
 * whole `old` array reads it right.
 */
export class MessageClass {
  readonly plan: TablePlan;
  readonly kind: ChangeKind;
  readonly source: string;
  /** The body up to the first row. */
  readonly head: Buffer;

  constructor(plan: TablePlan, kind: ChangeKind, source: string) {
    this.plan = plan;
    this.kind = kind;
    this.source = source;
    this.head = plan.format.head(kind, source);
  }
}

/** How a plan differs from that of whole rows. */
interface Reduced {
  readonly columns?: readonly RowColumn[];
  readonly key?: RowKey;
  /** That of the plan whose columns these are. */
  readonly invalidText?: InvalidText;
  /** The columns whose previous values an update brings; all unless given. */
  readonly known?: ColumnSet;
  readonly marks: Marks;
  readonly names: readonly MarkName[];
}

const WHOLE: Reduced = { marks: {}, names: [] };

/** Takes no column as changed whose previous value is not known. */
function masked(compare: CompareImages, known: ColumnSet): CompareImages {
  return (b, before, after, changed) => {
    compare(b, before, after, changed);
    for (const [i, word] of known.entries()) changed[i] = (changed[i] ?? 0) & word;
  };
}

export interface PlanOptions {
  readonly filter: TableFilter;
  readonly ordering: Ordering;
  readonly format: Format;
  /** Those of EXACT unless given. */
  readonly invalidText?: PublishPolicy['invalidText'];
  readonly binary?: PublishPolicy['binary'];
  /** UTC unless given. */
  readonly timeZone?: TimeZone | undefined;
  /** Of the images; LOGGED unless given. */
  readonly form?: ValueForm;
  /** Id of the copy that the rows are of; those of the stream are of none. */
  readonly copy?: string;
}

function codecOptions({ invalidText, binary = 'base64', timeZone }: PlanOptions, invalid: InvalidText): CodecOptions {
  return {
    binary,
    timeZone,
    invalidText:
      invalidText === 'base64'
        ? (column) => {
            invalid.add(column);
          }
        : 'fail',
  };
}

/** How values are written, where that is not the usual way. */
const formsOf = ({ binary, timeZone }: PlanOptions): Marks => ({
  ...(timeZone !== undefined && { timeZone: timeZone.name }),
  ...(binary === 'latin1' && { binary }),
});

/**
 * A column as the key of a row is read from it: in one form, however it is published, so that no setting moves rows to
 * other lanes. Bytes that are no text have an empty one: equal values may differ in them, by spaces at the end, and
 * must not be told apart.
 */
function keyColumn(each: RowColumn, { invalidText }: CodecOptions, { form = LOGGED }: PlanOptions): RowColumn {
  if (each.codec === undefined) return each;
  return { ...each, codec: form.codec(each.column, { invalidText: invalidText === 'fail' ? 'fail' : 'empty' }) };
}

function rowColumn(
  table: Table,
  column: Column,
  { filter, form = LOGGED }: PlanOptions,
  codec: CodecOptions,
): RowColumn {
  const size = form.size(column);
  const isExcluded = filter.excludesColumn(table.database, table.name, column.name);
  if (isExcluded && table.primaryKey.some((part) => part.column.index === column.index))
    throw keyExcluded(`${table.database}.${table.name}`, column.name);
  if (isExcluded || column.isHidden === true) return { column, size, codec: undefined };
  try {
    return { column, size, codec: form.codec(column, codec) };
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const name = `${table.database}.${table.name}.${column.name}`;
    throw new RelayError(error.code, `table ${table.database}.${table.name}: ${error.message}`, {
      remedy: `${error.remedy} To leave it out: tables.excludeColumns: ["${name}"]`,
      cause: error,
    });
  }
}

const keyExcluded = (table: string, column: string): RelayError =>
  new RelayError('BINLOG_UNSUPPORTED', `table ${table}: the column ${column} is left out, and is part of its key`, {
    details: { table, column },
    remedy: `Rows cannot be told apart without it. Take it out of tables.excludeColumns, or leave the table out: tables.exclude: ["${table}"].`,
  });

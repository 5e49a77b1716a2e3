import { RelayError } from '../base/errors.ts';
import type { Column, Table } from '../binlog/binlog.ts';
import { columnCodec, valueSize } from '../binlog/columns.ts';
import {
  columnSet,
  compileCompare,
  compileSkip,
  type ColumnSet,
  type CompareImages,
  type RowColumn,
  type SkipImage,
} from '../binlog/row-compiler.ts';
import type { Ordering } from '../change/change.ts';
import { RowKey } from '../change/row-key.ts';
import type { TableFilter } from '../change/table-filter.ts';
import type { Format, TableFormat } from '../format/format.ts';
import { tagOf } from '../format/properties.ts';
import { MessageClasses } from './message-class.ts';

/** How the relay treats the rows of one version of an included table: everything compiled once, used per row. */
export class TablePlan {
  readonly table: Table;
  /** Counts the changes of the table in a transaction; shared by all versions of the table. */
  readonly counter: ChangeCounter;
  readonly tag: string;
  readonly key: RowKey;
  readonly format: TableFormat;
  readonly skip: SkipImage;
  readonly compare: CompareImages;
  /** Scratch for `compare`. */
  readonly changed: ColumnSet;
  readonly classes: MessageClasses;

  /** Throws BINLOG_UNSUPPORTED, naming the column, when a published column cannot be written exactly. */
  constructor(table: Table, counter: ChangeCounter, { filter, ordering, format }: PlanOptions) {
    const columns = table.columns.map((column) => rowColumn(table, column, filter));
    this.table = table;
    this.counter = counter;
    this.tag = tagOf(table.database, table.name);
    this.key = new RowKey(table, columns, ordering);
    this.format = format.forTable(table, columns);
    this.skip = compileSkip(columns);
    this.compare = compileCompare(columns);
    this.changed = columnSet(columns.length);
    this.classes = new MessageClasses(this);
  }
}

/** Numbers the changes of one table within a transaction, and knows which were taken before the connection was lost. */
export interface ChangeCounter {
  /** Serial of the transaction that `next` belongs to. */
  serial: number;
  /** Number of the table's next change. */
  next: number;
  /** Changes below this number were taken already, by a session that was cut in this transaction. */
  taken: number;
}

export interface PlanOptions {
  readonly filter: TableFilter;
  readonly ordering: Ordering;
  readonly format: Format;
}

function rowColumn(table: Table, column: Column, filter: TableFilter): RowColumn {
  const size = valueSize(column);
  if (filter.excludesColumn(table.database, table.name, column.name)) return { column, size, codec: undefined };
  try {
    return { column, size, codec: columnCodec(column) };
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const name = `${table.database}.${table.name}.${column.name}`;
    throw new RelayError(error.code, `table ${table.database}.${table.name}: ${error.message}`, {
      remedy: `${error.remedy} To leave it out: tables.excludeColumns: ["${name}"]`,
      cause: error,
    });
  }
}

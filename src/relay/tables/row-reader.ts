import { RelayError } from '../../base/errors.ts';
import { expandPartialUpdate } from '../../binlog/rows/partial-update.ts';
import { mergeUpdateImages } from '../../binlog/rows/partial-images.ts';
import { isFullImage, newRowsHeader, readRowsHeader } from '../../binlog/rows/rows.ts';
import type { ColumnSet } from '../../binlog/rows/row-compiler.ts';
import { newRowChange, type RowChange, type Transaction } from '../../change/change.ts';
import type { PublishPolicy } from './publish-policy.ts';
import type { MessageClass, TablePlan } from './table-plan.ts';
import { readTableId, type Tables } from './tables.ts';

/** Where row changes go. */
export interface RowTaker {
  /** `changed`: the changed columns of an update. Throws what makes it impossible to publish the change. */
  add(messageClass: MessageClass, change: RowChange, changed: ColumnSet | undefined): void;
  /**
   * What was added of the transaction with this serial is not there any more. It has to be the last one of which
   * anything was added.
   */
  takeBack(serial: number): void;
}

/**
 * Takes the row changes out of rows events and gives them, identified, to where they go.
 *
 * A rows event holds one image per inserted or deleted row, and two, before and after, per updated row.
 */
export class RowReader {
  readonly counters = { inserted: 0, updated: 0, deleted: 0 };
  readonly #tables: Tables;
  readonly #taker: RowTaker;
  readonly #partialRows: PublishPolicy['partialRows'];
  readonly #header = newRowsHeader();
  readonly #change = newRowChange();

  constructor(tables: Tables, taker: RowTaker, partialRows: PublishPolicy['partialRows']) {
    this.#tables = tables;
    this.#taker = taker;
    this.#partialRows = partialRows;
  }

  /** A transaction begins. */
  begin(): void {
    this.#tables.trim();
  }

  /** See RowTaker. */
  takeBack(serial: number): void {
    this.#taker.takeBack(serial);
  }

  /** See Tables. */
  get tablesVersion(): number {
    return this.#tables.version;
  }

  tableMap(b: Buffer, start: number, end: number, writerVersion: number): void {
    this.#tables.map(b, start, end, writerVersion);
  }

  /** False for a TABLE_MAP or rows event of an excluded table. Throws BINLOG_DECODE. */
  isPublished(b: Buffer, start: number, end: number): boolean {
    return this.#planOf(readTableId(b, start, end)) !== undefined;
  }

  /**
   * One rows event; `end` is after its body. Throws when anything in it cannot be published exactly. JSON differences
   * are made whole values first.
   */
  rows(b: Buffer, start: number, end: number, transaction: Transaction, serial: number): void {
    const header = this.#header;
    readRowsHeader(b, start, end, header);
    const plan = this.#planOf(header.tableId);
    if (plan === undefined) return;
    if (!this.#areFullRows(plan, b)) {
      this.#partial(plan, b, end, transaction, serial);
      return;
    }
    if (header.partial) {
      const whole = expandPartialUpdate(b, start, end, header, plan.table.columns);
      this.rows(whole, 0, whole.length, transaction, serial);
      return;
    }
    this.#images(plan, b, header.rows, end, transaction, serial);
  }

  /** Rows of which the event holds only some columns. */
  #partial(plan: TablePlan, b: Buffer, end: number, transaction: Transaction, serial: number): void {
    const header = this.#header;
    const { plan: reduced, merged } = this.#tables.partialPlansOf(plan).find(b, header);
    if (this.#partialRows === 'fail' && reduced.isPartial) {
      throw new RelayError('ROW_IMAGE_NOT_FULL', `rows of ${plan.name} hold only some of their columns`);
    }
    if (header.partial) {
      throw new RelayError(
        'ROW_IMAGE_NOT_FULL',
        `rows of ${plan.name} hold only some of their columns, and of JSON only what changed in them`,
        { remedy: "SET PERSIST binlog_row_image = FULL, or SET PERSIST binlog_row_value_options = ''." },
      );
    }
    if (merged === undefined) {
      this.#images(reduced, b, header.rows, end, transaction, serial);
      return;
    }
    const images = mergeUpdateImages(b, header.rows, end, merged);
    this.#images(reduced, images, 0, images.length, transaction, serial);
  }

  #images(plan: TablePlan, b: Buffer, from: number, end: number, transaction: Transaction, serial: number): void {
    const isUpdate = this.#header.kind === 'update';
    const { counter } = plan;
    counter.countIn(serial);
    const change = this.#change;
    change.transaction = transaction;
    change.serial = serial;
    change.image = b;
    for (let p = from; p < end;) {
      const start = isUpdate ? this.#endOfImage(plan, b, p, end) : p;
      change.before = p;
      change.start = start;
      p = this.#endOfImage(plan, b, start, end);
      change.end = p;
      change.n = counter.next;
      counter.next += 1;
      this.#take(plan, change);
    }
  }

  /** Undefined: excluded. */
  #planOf(tableId: number): TablePlan | undefined {
    const plan = this.#tables.find(tableId);
    if (plan !== null) return plan;
    throw new RelayError('BINLOG_DECODE', `rows of table id ${tableId}, which no table map has named`);
  }

  #take(plan: TablePlan, change: RowChange): void {
    const { key, classes } = plan;
    const { source } = change.transaction;
    switch (this.#header.kind) {
      case 'insert':
        this.counters.inserted += 1;
        key.read(change.image, change.start, change.row);
        this.#taker.add(classes.insert(source), change, undefined);
        return;
      case 'delete':
        this.counters.deleted += 1;
        key.read(change.image, change.start, change.row);
        this.#taker.add(classes.delete(source), change, undefined);
        return;
      case 'update':
        this.counters.updated += 1;
        plan.compare(change.image, change.before, change.start, plan.changed);
        if (plan.isSplitBy(plan.changed)) {
          this.#takeKeyChange(plan, change);
          return;
        }
        key.read(change.image, change.start, change.row);
        this.#taker.add(classes.update(source, plan.changed), change, plan.changed);
    }
  }

  /** The row leaves one key and comes to another, each in its lane: a delete and an insert. */
  #takeKeyChange(plan: TablePlan, change: RowChange): void {
    if (plan.isPartial) {
      throw new RelayError(
        'ROW_IMAGE_NOT_FULL',
        `an update of ${plan.name} changes the primary key, and holds only some columns of the row: what is inserted under the new key would not be whole`,
        {
          remedy: plan.splitsKeyChanges
            ? 'SET PERSIST binlog_row_image = FULL.'
            : 'SET PERSIST binlog_row_image = FULL; or publish with ordering: table, which keeps such an update in one.',
        },
      );
    }
    const { key, classes } = plan;
    const { image, before, start, end } = change;
    const { source } = change.transaction;
    change.start = before;
    change.end = start;
    key.read(image, before, change.row);
    this.#taker.add(classes.delete(source), change, undefined);
    change.start = start;
    change.end = end;
    change.isInsertHalf = true;
    key.read(image, start, change.row);
    this.#taker.add(classes.insert(source), change, undefined);
    change.isInsertHalf = false;
  }

  #endOfImage(plan: TablePlan, b: Buffer, p: number, end: number): number {
    const imageEnd = plan.imageEnd(b, p);
    if (imageEnd <= end) return imageEnd;
    throw new RelayError('BINLOG_DECODE', `a row of ${plan.name} is longer than its event: the table map does not fit`);
  }

  #areFullRows(plan: TablePlan, b: Buffer): boolean {
    const { columns, present, presentAfter } = this.#header;
    if (columns !== plan.table.columns.length) {
      throw new RelayError(
        'BINLOG_DECODE',
        `rows of ${plan.name} have ${columns} columns, its table map ${plan.table.columns.length}`,
      );
    }
    return isFullImage(b, present, columns) && isFullImage(b, presentAfter, columns);
  }
}

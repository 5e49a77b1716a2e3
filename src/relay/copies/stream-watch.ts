import type { ColumnSet } from '../../binlog/rows/row-compiler.ts';
import type { DdlStatement } from '../../binlog/statements/ddl-statement.ts';
import { newRowChange, type RowChange } from '../../change/change.ts';
import type { TableName } from '../../source/source.ts';
import type { RowTaker } from '../tables/row-reader.ts';
import type { MessageClass, TablePlan } from '../tables/table-plan.ts';
import { LOGGED } from '../tables/value-form.ts';
import { ChangedKeys } from './changed-keys.ts';
import type { RowKey } from '../../change/row-key.ts';
import { ExactKey } from './exact-key.ts';
import { identityKey, LikelyKeys } from './likely-keys.ts';
import { isSameShape } from './same-shape.ts';

/**
 * Sees every row and every statement of the stream on their way into the lanes, and remembers what a copy has to know
 * of the one table that is being copied.
 */
export class StreamWatch implements RowTaker {
  readonly #taker: RowTaker;
  #watched: WatchedTable | undefined;

  constructor(taker: RowTaker) {
    this.#taker = taker;
  }

  /** Undefined: nothing. Only one table is watched at a time. */
  set watched(watched: WatchedTable | undefined) {
    this.#watched = watched;
  }

  add(messageClass: MessageClass, change: RowChange, changed: ColumnSet | undefined): void {
    this.#watched?.row(messageClass, change);
    this.#taker.add(messageClass, change, changed);
  }

  takeBack(serial: number): void {
    // What it has touched stays so: a copy reads it once more, or leaves it to the stream.
    this.#taker.takeBack(serial);
  }

  /** A statement was read that is neither rows nor transaction control. */
  statement(objects: DdlStatement['objects']): void {
    this.#watched?.statement(objects);
  }
}

/** What the stream does to one table while it is copied. */
export class WatchedTable {
  /** Since `open`. */
  readonly changed = new ChangedKeys();
  /** Keys that rows were given since `open`: those of inserts, and of updates after them. */
  readonly given = new LikelyKeys();
  /** Rows of the table have come since `open`. */
  isTouched = false;
  /** Its definition may be another one since `redefine`. */
  isRedefined = false;
  readonly #name: TableName;
  readonly #keys = new WeakMap<TablePlan, KeyReaders>();
  #plan: TablePlan | undefined;
  #isOpen = false;
  readonly #isOfKeys: boolean;
  readonly #identity = newRowChange().row;

  /** `isOfKeys`: keys that are not found are of interest. */
  constructor(name: TableName, isOfKeys = false) {
    this.#name = name;
    this.#isOfKeys = isOfKeys;
  }

  /** A chunk will be read now: what comes from here on counts. */
  open(): void {
    this.#isOpen = true;
    this.isTouched = false;
    this.#forget();
  }

  close(): void {
    this.#isOpen = false;
    this.#forget();
  }

  #forget(): void {
    this.changed.clear();
    this.given.clear();
  }

  /** Its definition is about to be read. */
  redefine(): void {
    this.isRedefined = false;
    this.#plan = undefined;
  }

  /** Rows are read with this plan from now on: those of the stream should have the same shape. */
  expect(plan: TablePlan): void {
    this.#plan = plan;
  }

  row({ plan, kind }: MessageClass, { image, before, start }: RowChange): void {
    const { database, name } = plan.table;
    if (name !== this.#name.table || database !== this.#name.database) return;
    const expected = this.#plan;
    if (expected !== undefined && !plan.isPartial && !isSameShape(plan, expected)) this.isRedefined = true;
    if (!this.#isOpen) return;
    this.isTouched = true;
    if (plan.table.primaryKey.length === 0) return;
    const { exact, identity } = this.#keysOf(plan);
    this.changed.add(exact.read(image, start), plan.isPartial && kind !== 'DELETE');
    if (kind === 'UPDATE') this.changed.add(exact.read(image, before), false);
    if (kind === 'DELETE' || !this.#isOfKeys) return;
    identity.read(image, start, this.#identity);
    this.given.add(this.#identity);
  }

  statement(objects: DdlStatement['objects']): void {
    if (objects === 'none') return;
    if (objects === 'unclear' || objects.some((object) => this.#mayBe(object.database, object.table)))
      this.isRedefined = true;
  }

  /** Names in a statement: only the server knows whether their case matters. */
  #mayBe(database: string, table: string | undefined): boolean {
    const { database: ownDatabase, table: ownTable } = this.#name;
    if (database.toLowerCase() !== ownDatabase.toLowerCase()) return false;
    return table === undefined || table.toLowerCase() === ownTable.toLowerCase();
  }

  #keysOf(plan: TablePlan): KeyReaders {
    let keys = this.#keys.get(plan);
    if (keys === undefined) {
      keys = { exact: new ExactKey(plan.table, LOGGED), identity: identityKey(plan.table, LOGGED) };
      this.#keys.set(plan, keys);
    }
    return keys;
  }
}

interface KeyReaders {
  readonly exact: ExactKey;
  readonly identity: RowKey;
}

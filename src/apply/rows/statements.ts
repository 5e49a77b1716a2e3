import { GrowingBytes } from '../../base/growing-bytes.ts';
import type { TablePlan } from './table-plan.ts';
import { writeTuples, type TupleColumn, type TupleShape } from './tuples.ts';

/** One statement that writes rows of one table. */
export interface Statement {
  readonly plan: TablePlan;
  /** Changes that it makes. */
  readonly rows: number;
  /** So many rows the server must find; undefined: it may be any number. */
  readonly found: number | undefined;
  readonly sql: Buffer;
}

/** How the rows of messages of one kind become one statement. */
export interface TupleStatement {
  readonly plan: TablePlan;
  readonly before: string;
  readonly after: string;
  readonly columns: readonly TupleColumn[];
  readonly shape: TupleShape;
}

interface Growing {
  readonly plan: TablePlan;
  readonly before: string;
  readonly after: string;
  rows: number;
  readonly found: number | undefined;
  readonly sql: GrowingBytes;
}

/**
 * The statements of one transaction. Rows of different tables do not touch each other, so rows join the newest
 * statement of their table when it is of the same kind.
 */
export class Statements {
  bytes = 0;
  rows = 0;
  readonly #all: Growing[] = [];
  readonly #newest = new Map<string, Growing>();

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /**
   * Adds the rows that begin at `begin`, and returns where the bracket after them stands. Throws MESSAGE_UNREADABLE.
   */
  addRows({ plan, before, after, columns, shape }: TupleStatement, body: Buffer, begin: number, rows: number): number {
    const newest = this.#newest.get(plan.sql);
    const joins = newest?.before === before && newest.plan === plan && newest.sql.length < FULL_BYTES;
    const growing = joins ? newest : this.#open(plan, before, after, undefined);
    const length = growing.sql.length;
    if (joins) growing.sql.append(shape.betweenRows);
    try {
      const end = writeTuples(body, begin, rows, columns, shape, growing.sql);
      this.#count(growing, growing.sql.length - length, rows);
      return end;
    } catch (error) {
      growing.sql.length = length;
      throw error;
    }
  }

  /** Adds a statement of its own, which is `rows` changes. */
  add(plan: TablePlan, sql: string, rows: number, found?: number): void {
    const growing = this.#open(plan, '', '', found);
    growing.sql.append(Buffer.from(sql));
    this.#count(growing, growing.sql.length, rows);
    // No rows may join it.
    this.#newest.delete(plan.sql);
  }

  take(): readonly Statement[] {
    return this.#all.map(({ plan, rows, found, sql, after }) => {
      sql.append(Buffer.from(after));
      return { plan, rows, found, sql: sql.written() };
    });
  }

  /** What `take` gave is not used any more: its memory is. */
  recycle(): void {
    for (const { sql } of this.#all.splice(0)) sql.recycle();
    this.#newest.clear();
  }

  #open(plan: TablePlan, before: string, after: string, found: number | undefined): Growing {
    const sql = new GrowingBytes({ bytes: 0 }, FIRST_BYTES);
    sql.append(Buffer.from(before));
    const growing: Growing = { plan, before, after, rows: 0, found, sql };
    this.#all.push(growing);
    this.#newest.set(plan.sql, growing);
    this.bytes += before.length + after.length;
    return growing;
  }

  #count(growing: Growing, bytes: number, rows: number): void {
    growing.rows += rows;
    this.bytes += bytes;
    this.rows += rows;
  }
}

const FIRST_BYTES = 1024;
/** A longer statement makes nothing faster. */
const FULL_BYTES = 1 << 20;

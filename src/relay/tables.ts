import { decodeError } from '../binlog/decode-error.ts';
import { eventType, HEADER_BYTES } from '../binlog/event-header.ts';
import { eventName } from '../binlog/event-types.ts';
import { readTableMap, readTableMapName } from '../binlog/table-map.ts';
import { ChangeCounter } from './change-counter.ts';
import { TablePlan, type PlanOptions } from './table-plan.ts';

/**
 * What the table ids of a stream stand for. A table map precedes the rows of every statement, nearly always the same bytes as before:
 * it is compared, and read only when it differs. An excluded table is known by its id and never read further, whatever its columns.
 */
export class Tables {
  readonly #options: PlanOptions;
  readonly #mostTables: number;
  readonly #byId = new Map<number, Mapped>();
  /** The same table under another id (after a restart of the server, FLUSH TABLES, …) has the same map but for the id. */
  readonly #plans = new Map<string, TablePlan>();
  readonly #counters = new Map<string, ChangeCounter>();
  /** Plans that those in `#plans` have made of themselves, for rows that are not whole. */
  #reducedPlans = 0;
  #writerVersion = 0;

  /** `mostTables`: how many are remembered beyond the transaction that names them; of plans, those for rows that are not whole count as well. */
  constructor(options: PlanOptions, mostTables = MOST_TABLES) {
    this.#options = {
      ...options,
      onReduced: () => {
        this.#reducedPlans += 1;
      },
    };
    this.#mostTables = mostTables;
  }

  /** Takes a TABLE_MAP event of a server of version `writerVersion` (80036). */
  map(b: Buffer, start: number, end: number, writerVersion: number): void {
    if (writerVersion !== this.#writerVersion) {
      this.#writerVersion = writerVersion;
      this.#forgetPlans();
    }
    const tableId = readTableId(b, start, end);
    const from = start + HEADER_BYTES + TABLE_ID_BYTES;
    const known = this.#byId.get(tableId);
    if (
      known !== undefined &&
      known.bytes.length === end - from &&
      b.compare(known.bytes, 0, known.bytes.length, from, end) === 0
    ) {
      return;
    }
    const { database, name } = readTableMapName(b, start, end);
    const bytes = Buffer.from(b.subarray(from, end));
    const plan = this.#options.filter.includes(database, name)
      ? this.#plan(b, start, end, bytes, database, name)
      : undefined;
    this.#byId.set(tableId, { bytes, plan });
  }

  /** Undefined: excluded. `null`: no table map has named the id. */
  find(tableId: number): TablePlan | undefined | null {
    const known = this.#byId.get(tableId);
    return known === undefined ? null : known.plan;
  }

  /** A transaction begins, and will name its tables again: what has become too much is dropped. Table ids never stop growing. */
  trim(): void {
    if (this.#byId.size > this.#mostTables) this.#byId.clear();
    if (this.#plans.size + this.#reducedPlans > this.#mostTables) this.#forgetPlans();
    if (this.#counters.size > this.#mostTables) this.#trimCounters();
  }

  /** Those of the newest transaction stay: it may have been cut, and begin again. A plan keeps its counter, so plans go as well. */
  #trimCounters(): void {
    let newest = 0;
    for (const { serial } of this.#counters.values()) newest = Math.max(newest, serial);
    for (const [name, { serial }] of this.#counters) if (serial !== newest) this.#counters.delete(name);
    this.#forgetPlans();
  }

  #forgetPlans(): void {
    this.#byId.clear();
    this.#plans.clear();
    this.#reducedPlans = 0;
  }

  /** The connection was lost in a transaction: the changes that were taken of it are not to be taken again. */
  rewind(serial: number): void {
    for (const counter of this.#counters.values()) counter.rewind(serial);
  }

  #plan(b: Buffer, start: number, end: number, bytes: Buffer, database: string, name: string): TablePlan {
    const text = bytes.toString('latin1');
    const known = this.#plans.get(text);
    if (known !== undefined) return known;
    const plan = new TablePlan(
      readTableMap(b, start, end, this.#writerVersion),
      this.#counter(`${database}\0${name}`),
      this.#options,
    );
    this.#plans.set(text, plan);
    return plan;
  }

  #counter(tableName: string): ChangeCounter {
    let counter = this.#counters.get(tableName);
    if (counter === undefined) {
      counter = new ChangeCounter();
      this.#counters.set(tableName, counter);
    }
    return counter;
  }
}

interface Mapped {
  /** The table map behind its table id. */
  readonly bytes: Buffer;
  readonly plan: TablePlan | undefined;
}

/** Of a TABLE_MAP or rows event. Throws BINLOG_DECODE. */
export function readTableId(b: Buffer, start: number, end: number): number {
  const at = start + HEADER_BYTES;
  if (end - at < TABLE_ID_BYTES) throw decodeError(eventName(eventType(b, start)), 'a table id', HEADER_BYTES);
  return b.readUIntLE(at, TABLE_ID_BYTES);
}

const TABLE_ID_BYTES = 6;
/** A plan of 20 columns takes some 50 KB. */
const MOST_TABLES = 5_000;

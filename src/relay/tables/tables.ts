import { decodeError } from '../../binlog/wire/decode-error.ts';
import { eventType, HEADER_BYTES } from '../../binlog/wire/event-header.ts';
import { eventName } from '../../binlog/wire/event-types.ts';
import { readTableMap, readTableMapName } from '../../binlog/tables/table-map.ts';
import { ChangeCounter } from './change-counter.ts';
import { PartialPlans } from './partial-plans.ts';
import { ENTRY_BYTES, PlanMemory } from './plan-memory.ts';
import { TablePlan, type PlanOptions } from './table-plan.ts';

/**
 * What the table ids of a stream stand for. A table map precedes the rows of every statement, nearly always the same
 * bytes as before: it is compared, and read only when it differs. An excluded table is known by its id and never read
 * further, whatever its columns.
 */
export class Tables {
  /** Rises whenever a table id comes to stand for something else. */
  version = 0;
  readonly #options: PlanOptions;
  readonly #maxBytes: number;
  readonly #byId = new Map<number, Mapped>();
  /**
   * The same table under another id (after a restart of the server, FLUSH TABLES, …) has the same map but for the id.
   */
  readonly #plans = new Map<string, TablePlan>();
  readonly #counters = new Map<string, ChangeCounter>();
  readonly #partialPlans = new WeakMap<TablePlan, PartialPlans>();
  readonly #memory = { bytes: 0 };
  #writerVersion = 0;

  /** `maxBytes`: what may be remembered beyond the transaction that names the tables, about; see PlanMemory. */
  constructor(options: PlanOptions, maxBytes = MAX_BYTES) {
    this.#options = options;
    this.#maxBytes = maxBytes;
  }

  /** Versions of included tables that are remembered. */
  get count(): number {
    return this.#plans.size;
  }

  /** What all that is remembered takes, about. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Takes a TABLE_MAP event of a server of version `writerVersion` (80036). */
  map(b: Buffer, start: number, end: number, writerVersion: number): void {
    if (writerVersion !== this.#writerVersion) {
      this.#writerVersion = writerVersion;
      this.#forget(() => false);
    }
    const tableId = readTableId(b, start, end);
    const from = start + HEADER_BYTES + TABLE_ID_BYTES;
    const known = this.#byId.get(tableId);
    if (
      known !== undefined &&
      known.bytes.length === end - from &&
      b.compare(known.bytes, 0, known.bytes.length, from, end) === 0
    ) {
      known.isUsed = true;
      return;
    }
    const { database, name } = readTableMapName(b, start, end);
    const bytes = Buffer.from(b.subarray(from, end));
    const plan = this.#options.filter.includes(database, name)
      ? this.#plan(b, start, end, bytes, database, name)
      : undefined;
    this.version += 1;
    if (known !== undefined) this.#memory.bytes -= mappedBytes(known);
    const mapped = { bytes, plan, isUsed: false };
    this.#byId.set(tableId, mapped);
    this.#memory.bytes += mappedBytes(mapped);
  }

  /** Undefined: excluded. `null`: no table map has named the id. */
  find(tableId: number): TablePlan | undefined | null {
    const known = this.#byId.get(tableId);
    return known === undefined ? null : known.plan;
  }

  /** Of the rows of a table whose images do not hold all its columns. */
  partialPlansOf(plan: TablePlan): PartialPlans {
    let plans = this.#partialPlans.get(plan);
    if (plans === undefined) {
      plans = new PartialPlans(plan);
      this.#partialPlans.set(plan, plans);
    }
    return plans;
  }

  /**
   * A transaction begins, and will name its tables again: what has become too much is dropped, first what was named
   * once only since this was last done. Table ids never stop growing.
   */
  trim(): void {
    if (this.#memory.bytes <= this.#maxBytes) return;
    const isEnough = (): boolean => this.#memory.bytes <= this.#maxBytes * KEPT_SHARE;
    this.#forget((mapped) => {
      const isKept = mapped.isUsed || isEnough();
      mapped.isUsed = false;
      return isKept;
    });
    this.#forget(isEnough);
  }

  /** Drops the ids that are not to be kept, the oldest first, then the plans that no id stands for any more. */
  #forget(isKept: (mapped: Mapped) => boolean): void {
    const ids = new Map<TablePlan, number>();
    for (const { plan } of this.#byId.values()) if (plan !== undefined) ids.set(plan, (ids.get(plan) ?? 0) + 1);
    for (const [text, plan] of this.#plans) if (!ids.has(plan)) this.#forgetPlan(text, plan);
    for (const [id, mapped] of this.#byId) {
      if (isKept(mapped)) continue;
      this.#byId.delete(id);
      this.#memory.bytes -= mappedBytes(mapped);
      const { plan } = mapped;
      if (plan === undefined) continue;
      const left = (ids.get(plan) ?? 1) - 1;
      ids.set(plan, left);
      if (left === 0) this.#forgetPlan(mapped.bytes.toString('latin1'), plan);
    }
    // Two versions of a table share a counter, so one that is in use stays.
    this.#counters.clear();
    for (const { table, counter } of this.#plans.values())
      this.#counters.set(counterName(table.database, table.name), counter);
  }

  #forgetPlan(text: string, plan: TablePlan): void {
    this.#plans.delete(text);
    plan.memory.release();
  }

  #plan(b: Buffer, start: number, end: number, bytes: Buffer, database: string, name: string): TablePlan {
    const text = bytes.toString('latin1');
    const known = this.#plans.get(text);
    if (known !== undefined) return known;
    const memory = new PlanMemory(this.#memory);
    const plan = new TablePlan(
      readTableMap(b, start, end, this.#writerVersion),
      { counter: this.#counter(counterName(database, name)), memory },
      this.#options,
    );
    memory.add(text.length + ENTRY_BYTES);
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
  /** The table map after its table id. */
  readonly bytes: Buffer;
  readonly plan: TablePlan | undefined;
  /** It was named again. */
  isUsed: boolean;
}

/** A name may hold any character but this one. */
const counterName = (database: string, name: string): string => `${database}\0${name}`;
const mappedBytes = ({ bytes }: Mapped): number => bytes.length + ENTRY_BYTES;

/** Of a TABLE_MAP or rows event. Throws BINLOG_DECODE. */
export function readTableId(b: Buffer, start: number, end: number): number {
  const at = start + HEADER_BYTES;
  if (end - at < TABLE_ID_BYTES) throw decodeError(eventName(eventType(b, start)), 'a table id', HEADER_BYTES);
  return b.readUIntLE(at, TABLE_ID_BYTES);
}

const TABLE_ID_BYTES = 6;
/** Of some 2,500 tables with 20 columns each. */
const MAX_BYTES = 64 << 20;
const KEPT_SHARE = 0.75;

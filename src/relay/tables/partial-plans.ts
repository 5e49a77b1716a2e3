import { RelayError } from '../../base/errors.ts';
import { presentColumns, type MergedColumns } from '../../binlog/rows/partial-images.ts';
import type { RowsHeader } from '../../binlog/rows/rows.ts';
import { valueSize } from '../../binlog/rows/columns.ts';
import type { TablePlan } from './table-plan.ts';

/** How rows are read whose images hold only some columns of their table. */
export interface PartialPlan {
  readonly plan: TablePlan;
  /** Of an update, whose images are to be merged first; undefined otherwise. */
  readonly merged: MergedColumns | undefined;
}

/** The partial plans of one table version, one for each set of columns that its images have held. */
export class PartialPlans {
  readonly #whole: TablePlan;
  readonly #plans = new Map<string, PartialPlan>();
  #bytes = 0;

  constructor(whole: TablePlan) {
    this.#whole = whole;
  }

  /**
   * For the rows after `header`, which is that of an event in `b`. Throws ROW_IMAGE_NOT_FULL when they lack a column of
   * the key.
   */
  find(b: Buffer, header: RowsHeader): PartialPlan {
    const bitmaps = b.toString('latin1', header.present, header.rows);
    let found = this.#plans.get(bitmaps);
    if (found === undefined) {
      if (this.#plans.size >= MAX_PLANS || this.#bytes > MAX_BYTES) this.#forget();
      const { bytes } = this.#whole.memory;
      found = this.#newPlan(b, header);
      this.#plans.set(bitmaps, found);
      this.#bytes += this.#whole.memory.bytes - bytes;
    }
    return found;
  }

  /** What their classes have taken since stays counted: too much rather than too little. */
  #forget(): void {
    this.#plans.clear();
    this.#whole.memory.add(-this.#bytes);
    this.#bytes = 0;
  }

  #newPlan(b: Buffer, { kind, present, presentAfter, columns }: RowsHeader): PartialPlan {
    const { table, name } = this.#whole;
    const before = presentColumns(b, present, columns);
    const missing = table.primaryKey.filter(({ column }) => !before.includes(column.index));
    if (missing.length > 0) {
      const names = missing.map(({ column }) => column.name).join(', ');
      throw new RelayError('ROW_IMAGE_NOT_FULL', `rows of ${name} do not hold ${names} of their primary key`);
    }
    if (kind !== 'update') return { plan: this.#whole.reducedTo(before, before), merged: undefined };
    const after = presentColumns(b, presentAfter, columns);
    const either = [...new Set([...before, ...after])].sort((a, z) => a - z);
    const placesOf = (indexes: readonly number[]): readonly number[] => indexes.map((index) => either.indexOf(index));
    return {
      plan: this.#whole.reducedTo(either, before),
      merged: {
        sizes: table.columns.filter(({ index }) => either.includes(index)).map(valueSize),
        before: placesOf(before),
        after: placesOf(after),
      },
    };
  }
}

/**
 * Per table version. An application that writes other columns each time makes plans again, which costs time, and no
 * memory.
 */
const MAX_PLANS = 256;
const MAX_BYTES = 8 << 20;

import type { Form } from './form.ts';

/** A column that messages bring, and what it is in the target. */
export interface ColumnPlan {
  readonly name: string;
  /** As SQL has it. */
  readonly sql: string;
  /** As the message declares it. */
  readonly type: string;
  /** The target computes it: nobody may write it. */
  readonly isGenerated: boolean;
  readonly value: Form;
  readonly key: Form;
}

/** The column of the target that tells when a row was deleted in the source. */
export interface SoftDelete {
  /** As SQL has it. */
  readonly sql: string;
  /** Of the fraction of a second. */
  readonly digits: number;
}

/** How rows of one table, as one version of it has them, are written into the target. */
export interface TablePlan {
  /** `copy_shop.orders`, for people. */
  readonly name: string;
  /** As SQL has it. */
  readonly sql: string;
  /** By the names of the message. */
  readonly columns: ReadonlyMap<string, ColumnPlan>;
  /** Undefined for a table without a key: its rows are found by all that they hold. */
  readonly key: readonly ColumnPlan[] | undefined;
  /** Rows that are deleted stay, and this column tells when that was; undefined: they are removed. */
  readonly softDelete: SoftDelete | undefined;
  /** Columns, as SQL has them, that the target would change by itself with any update. */
  readonly keptOnUpdate: readonly string[];
  /** Names in the target of ENUM columns: one whose index is 0 is stored with a warning. */
  readonly enums: readonly string[];
  /**
   * Of FLOAT columns without a number of digits: the largest FLOAT is stored with a warning, its text being a bit
   * more.
   */
  readonly floats: readonly string[];
  /**
   * Several rows of a key of several columns as `(a = 1 AND b = 2) OR …`: the server finds no range in `(a, b) IN`.
   */
  readonly comparesOneByOne: boolean;
}

export function columnOf(plan: TablePlan, name: string): ColumnPlan {
  const column = plan.columns.get(name);
  // The plan was made of the types of the same message.
  if (column === undefined) throw new Error(`${plan.name} has no plan for column ${name}`);
  return column;
}

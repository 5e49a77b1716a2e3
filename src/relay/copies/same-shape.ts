import type { Column, Table } from '../../binlog/binlog.ts';
import type { TablePlan } from '../tables/table-plan.ts';

/** Whether rows of both plans have the same columns and the same key, so that their messages are alike. */
export function isSameShape(a: TablePlan, b: TablePlan): boolean {
  const known = SAME.get(a);
  if (known?.plan === b) return known.isSame;
  const isSame = isSameTable(a.table, b.table);
  SAME.set(a, { plan: b, isSame });
  return isSame;
}

/** What was compared last: plans live as long as their version of the table. */
const SAME = new WeakMap<TablePlan, { readonly plan: TablePlan; readonly isSame: boolean }>();

function isSameTable(a: Table, b: Table): boolean {
  return (
    a.columns.length === b.columns.length &&
    a.columns.every((column, i) => isSameColumn(column, b.columns[i])) &&
    a.primaryKey.length === b.primaryKey.length &&
    a.primaryKey.every(({ column, prefix }, i) => {
      const other = b.primaryKey[i];
      return other?.column.index === column.index && other.prefix === prefix;
    })
  );
}

function isSameColumn(a: Column, b: Column | undefined): boolean {
  return (
    b !== undefined &&
    a.name === b.name &&
    a.type === b.type &&
    a.meta === b.meta &&
    a.unsigned === b.unsigned &&
    a.collation === b.collation &&
    a.isHidden === b.isHidden &&
    a.labels.length === b.labels.length &&
    a.labels.every((label, i) => b.labels[i]?.equals(label) === true)
  );
}

/** What health, metrics and pages say of copies of tables. */
import type { Copy, TableCopy, TableCopyState } from '../checkpoint/checkpoint.ts';

/** How far one table is: without its place, which is the key of a row. */
export type ShownTable = Omit<TableCopy, 'after' | 'key'>;

export type ShownCopy = Omit<Copy, 'tables'> & { readonly tables?: readonly ShownTable[] };

export function shownCopies(copies: readonly Copy[]): readonly ShownCopy[] {
  return copies.map(({ tables, ...copy }) => ({
    ...copy,
    ...(tables !== undefined && {
      tables: tables.map(({ database, table, state, rows, reason }) => ({
        database,
        table,
        state,
        rows,
        ...(reason !== undefined && { reason }),
      })),
    }),
  }));
}

/** How many tables are so, each as the newest copy that names it has it; copied ones of ended copies as often. */
export function tablesIn(state: TableCopyState, copies: readonly Copy[]): number {
  const named = newestOfTables(copies).filter(({ table }) => table.state === state).length;
  if (state !== 'copied') return named;
  return named + copies.reduce((sum, { outcome }) => sum + (outcome?.copied ?? 0), 0);
}

/** A sentence for each table whose newest copy has failed; a copy that was cancelled is wanted by nobody. */
export function copyReasons(copies: readonly Copy[]): readonly string[] {
  const failed = newestOfTables(copies).filter(({ table }) => table.state === 'failed');
  const shown = failed.slice(0, MAX_FAILED).map(({ id, name, table: { reason = 'for no known reason' } }) => {
    return `the copy of ${name} has failed: ${reason}: see to it, then binlog-relay copy ${name} (copy ${id})`;
  });
  return failed.length <= MAX_FAILED
    ? shown
    : [...shown, `the copies of ${failed.length - MAX_FAILED} more tables have failed`];
}

interface NewestOfTable {
  readonly id: string;
  readonly name: string;
  readonly table: TableCopy;
}

function newestOfTables(copies: readonly Copy[]): readonly NewestOfTable[] {
  const newest = new Map<string, NewestOfTable>();
  for (const { id, isCancelled, tables = [] } of copies) {
    for (const table of tables) {
      const name = `${table.database}.${table.table}`;
      if (isCancelled === true) newest.delete(name);
      else newest.set(name, { id, name, table });
    }
  }
  return [...newest.values()];
}

const MAX_FAILED = 10;

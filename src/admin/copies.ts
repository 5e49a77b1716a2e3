/** What health, metrics and pages say of copies of tables. */
import type { Copy, CopyPart, TableCopy, TableCopyState } from '../checkpoint/checkpoint.ts';

/** How far one table is: without its place, which is the key of a row. */
export type ShownTable = Omit<TableCopy, 'after' | 'key'>;

/** How many keys were asked for, or that it is a range: never the keys. */
export type ShownPart = { readonly of: 'keys'; readonly count: number } | { readonly of: 'range' };

export type ShownCopy = Omit<Copy, 'tables' | 'part'> & {
  readonly part?: ShownPart;
  readonly tables?: readonly ShownTable[];
};

export function shownCopies(copies: readonly Copy[]): readonly ShownCopy[] {
  return copies.map(({ tables, part, ...copy }) => ({
    ...copy,
    ...(part !== undefined && { part: shownPart(part) }),
    ...(tables !== undefined && {
      tables: tables.map(({ database, table, state, rows, keysDone, reason }) => ({
        database,
        table,
        state,
        rows,
        ...(keysDone !== undefined && { keysDone }),
        ...(reason !== undefined && { reason }),
      })),
    }),
  }));
}

const shownPart = (part: CopyPart): ShownPart =>
  part.of === 'keys' ? { of: 'keys', count: part.count } : { of: 'range' };

/** How many tables are so, each as the newest copy that names it has it; copied ones of ended copies as often. */
export function tablesIn(state: TableCopyState, copies: readonly Copy[]): number {
  const named = newestOfTables(copies).filter(({ table }) => table.state === state).length;
  if (state !== 'copied') return named;
  return named + copies.reduce((sum, { outcome }) => sum + (outcome?.copied ?? 0), 0);
}

/** A sentence for each table whose newest copy has failed; a copy that was cancelled is wanted by nobody. */
export function copyReasons(copies: readonly Copy[]): readonly string[] {
  const failed = newestOfTables(copies).filter(({ table }) => table.state === 'failed');
  const shown = failed.slice(0, MAX_FAILED).map(({ id, name, isPart, table: { reason = 'for no known reason' } }) => {
    if (isPart)
      return `the copy of a part of ${name} has failed: ${reason}: ask for it again, then binlog-relay copy --cancel ${id}`;
    return `the copy of ${name} has failed: ${reason}: see to it, then binlog-relay copy ${name} (copy ${id})`;
  });
  return failed.length <= MAX_FAILED
    ? shown
    : [...shown, `the copies of ${failed.length - MAX_FAILED} more tables have failed`];
}

interface NewestOfTable {
  readonly id: string;
  readonly name: string;
  /** It is for itself: a part says nothing of the whole table. */
  readonly isPart: boolean;
  readonly table: TableCopy;
}

function newestOfTables(copies: readonly Copy[]): readonly NewestOfTable[] {
  const newest = new Map<string, NewestOfTable>();
  for (const { id, isCancelled, part, tables = [] } of copies) {
    for (const table of tables) {
      const name = `${table.database}.${table.table}`;
      const isPart = part !== undefined;
      const key = isPart ? `${id} ${name}` : name;
      if (isCancelled === true) newest.delete(key);
      else newest.set(key, { id, name, isPart, table });
    }
  }
  return [...newest.values()];
}

const MAX_FAILED = 10;

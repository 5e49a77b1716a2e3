import { textLiteral } from '../rows/literal.ts';
import { fit, type FitRules, type Misfit } from '../tables/fit.ts';
import { readTargetTable, type TargetKey, type TargetTable } from '../tables/target-table.ts';
import type { Session } from '../target/target.ts';
import { bounded, type TargetFinding, type TargetProblem } from './finding.ts';
import type { ReachedDatabase } from './reached-databases.ts';

export interface TableRules extends FitRules {
  readonly create: boolean;
}

/** What is wrong with the tables that are there, as far as their rows need not be known; changes nothing. */
export async function checkTables(
  session: Session,
  databases: readonly ReachedDatabase[],
  rules: TableRules,
): Promise<readonly TargetFinding[]> {
  const problems: (TargetProblem & Pick<Misfit, 'kind'>)[] = [];
  let looked = 0;
  for (const { name, isNamed, isThere, hasTable } of databases) {
    if (!isThere) continue;
    for (const table of await tablesOf(session, name)) {
      const found = hasTable(table) ? await readTargetTable(session, name, table) : undefined;
      if (found === undefined) continue;
      looked += 1;
      for (const { kind, what, remedy } of tableMisfits(found, session.server, rules)) {
        problems.push({
          kind,
          part: 'tables',
          level: isNamed ? 'error' : 'warning',
          code: 'TARGET_TABLE_UNFIT',
          message: `${name}.${table}: ${what}`,
          remedy: `${remedy}; or tables.exclude, if the topic has no such table`,
        });
      }
    }
  }
  const missing = databases.flatMap(({ name, isThere }) => (isThere ? [] : missingDatabase(name, rules)));
  const kinds = [...new Set(problems.map(({ kind }) => kind))];
  const bad = kinds.flatMap((kind) =>
    (['error', 'warning'] as const).flatMap((level) =>
      bounded(
        problems.filter((each) => each.kind === kind && each.level === level),
        `of this kind: ${kind}`,
      ),
    ),
  );
  return [...bounded(missing, 'databases are missing'), ...bad, ...(problems.length === 0 ? [fitting(looked)] : [])];
}

async function tablesOf(session: Session, database: string): Promise<readonly string[]> {
  const rows = await session.query(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') " +
      `AND TABLE_SCHEMA = ${textLiteral(database)} ORDER BY TABLE_NAME`,
  );
  return rows.map(({ name }) => name ?? '');
}

/** As if the source had the same columns and the same key. Pure. */
export function tableMisfits(table: TargetTable, server: Session['server'], rules: TableRules): readonly Misfit[] {
  const isOfSource = (name: string): boolean => name.toLowerCase() !== rules.softDelete?.toLowerCase();
  const types = new Map(table.columns.flatMap(({ name, type }) => (isOfSource(name) ? [[name, type]] : [])));
  const { key, others } = keysOf(table);
  const head = { types, key, absent: [], omitted: [] };
  return fit(head, { ...table, uniqueKeys: others }, server, rules).misfits ?? [];
}

/**
 * The key by which the source tells rows apart, and the UNIQUE keys without those that could be it: of several that
 * are never NULL, without a PRIMARY KEY, the first in the source is it, and that is not known here.
 */
function keysOf({ columns, uniqueKeys }: TargetTable): {
  readonly key: readonly string[] | undefined;
  readonly others: readonly TargetKey[];
} {
  const neverNull = new Set(columns.flatMap(({ name, isNullable }) => (isNullable ? [] : [name])));
  const primary = uniqueKeys.find(({ name }) => name === 'PRIMARY');
  const candidates =
    primary === undefined
      ? uniqueKeys.filter((key) => key.columns.every((column) => column !== undefined && neverNull.has(column)))
      : [primary];
  const [first] = candidates;
  return {
    key: first?.columns.flatMap((column) => column ?? []),
    others: uniqueKeys.filter((key) => key === first || !candidates.includes(key)),
  };
}

function missingDatabase(name: string, { create }: TableRules): readonly TargetProblem[] {
  if (create) return [];
  return [
    {
      part: 'tables',
      level: 'warning',
      code: 'TARGET_TABLE_MISSING',
      message: `the target has no database ${name}, or the account cannot see it`,
      remedy: 'Make it with the tables of the copy; or set create: true and have them copied.',
    },
  ];
}

const fitting = (tables: number): TargetFinding => ({
  part: 'tables',
  level: 'ok',
  message:
    tables === 0
      ? 'none is there yet'
      : `${tables} may be written; columns and types are compared when their rows come`,
});

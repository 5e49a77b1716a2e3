import type { Attempt } from './attempt.ts';
import type { Shrunk } from './shrink.ts';
import { sourceTable } from './tables.ts';
import { sqlOf } from './workload.ts';

const MAX_CHARACTERS = 4000;

/** A failed attempt in words and SQL: enough to see it, and to make it again by hand. */
export function report({ attempt, outcome }: Shrunk): string {
  const { difference, what } = outcome.problem ?? { what: 'nothing failed' };
  const lines = [
    what,
    ...attempt.tables.map((table) => `${sourceTable('round_trip', table, attempt.kept)};`),
    ...statements(attempt),
    ...outcome.bodies.map((body) => `published: ${body}`),
  ];
  if (difference !== undefined) {
    const { column, n, source, copy, table } = difference;
    const name = column === undefined ? 'the whole row' : (table.columns[column]?.name ?? '');
    lines.push(`table ${table.name}, n = ${n}, ${name}: source ${source ?? 'nothing'}, copy ${copy ?? 'nothing'}`);
  }
  return lines.map((line) => (line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line)).join('\n');
}

const statements = ({ tables, transactions, kept }: Attempt): string[] =>
  transactions.flatMap(({ settings, operations, end }) => [
    `${settings.join('; ')}; BEGIN;`,
    ...operations.flatMap((operation) => {
      const table = tables[operation.table];
      const sql = table === undefined ? undefined : sqlOf('round_trip', table, operation, kept);
      return sql === undefined ? [] : [`${sql};`];
    }),
    `${end};`,
  ]);

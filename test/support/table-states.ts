/**
 * What the server itself says its tables hold, in the texts that docs/message-format.md promises; and the same of
 * messages.
 */
import type { Connection } from 'mysql2/promise';
import type { MessageBody } from './replay.ts';
import { quoted } from '../../src/mysql/quoted.ts';

/**
 * Rows as `<table> <its columns and types> <key> <row>`, each with how often it is there; of changes, how much more
 * often than before.
 */
export type RowCounts = Map<string, number>;

interface ColumnRow {
  readonly tableName: string;
  readonly name: string;
  readonly dataType: string;
  readonly type: string;
}

/** All rows of the tables of `database` that `isPublished`. */
export async function tableStates(
  connection: Connection,
  database: string,
  isPublished: (table: string) => boolean,
): Promise<RowCounts> {
  const columns = await query<ColumnRow>(
    connection,
    'SELECT table_name AS tableName, column_name AS name, data_type AS dataType, column_type AS type FROM information_schema.columns WHERE table_schema = ? ORDER BY table_name, ordinal_position',
    [database],
  );
  const keys = await query<{ readonly tableName: string; readonly name: string }>(
    connection,
    "SELECT table_name AS tableName, column_name AS name FROM information_schema.statistics WHERE table_schema = ? AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index",
    [database],
  );
  const counts: RowCounts = new Map();
  for (const table of new Set(columns.map(({ tableName }) => tableName).filter(isPublished))) {
    const own = columns.filter(({ tableName }) => tableName === table);
    const key = keys.filter(({ tableName }) => tableName === table).map(({ name }) => name);
    const types = Object.fromEntries(own.map(({ name, type }) => [name, withoutWidth(type)]));
    const texts = own.map(({ name, dataType }) => textOf(quoted(name), dataType));
    const [rows] = await connection.query({
      sql: `SELECT ${texts.join()} FROM ${quoted(database)}.${quoted(table)}`,
      rowsAsArray: true,
    });
    for (const values of rows as unknown as (string | null)[][]) {
      const row = Object.fromEntries(own.map(({ name }, i) => [name, values[i] ?? null]));
      count(counts, rowText(table, types, key.length === 0 ? null : key, row), 1);
    }
  }
  return counts;
}

/** What the statements between two states have added and taken away. */
export function stateChange(before: RowCounts, after: RowCounts): RowCounts {
  const counts: RowCounts = new Map();
  for (const [row, n] of after) count(counts, row, n);
  for (const [row, n] of before) count(counts, row, -n);
  return counts;
}

/** What the messages' changes that `isMeant` by the number of their transaction add and take away. */
export function publishedChange(bodies: readonly MessageBody[], isMeant: (gno: number) => boolean): RowCounts {
  const counts: RowCounts = new Map();
  for (const { table, type, pkNames, mysqlType, data, old, changes } of bodies) {
    for (const [i, row] of data.entries()) {
      if (!isMeant(Number(changes[i]?.split('#')[0]))) continue;
      const before = { ...row, ...old?.[i] };
      if (type !== 'INSERT') count(counts, rowText(table, mysqlType, pkNames, before), -1);
      if (type !== 'DELETE') count(counts, rowText(table, mysqlType, pkNames, row), 1);
    }
  }
  return counts;
}

function count(counts: RowCounts, row: string, n: number): void {
  const sum = (counts.get(row) ?? 0) + n;
  if (sum === 0) counts.delete(row);
  else counts.set(row, sum);
}

const rowText = (
  table: string,
  types: Readonly<Record<string, string>>,
  key: readonly string[] | null,
  row: Readonly<Record<string, string | null>>,
): string => `${table} ${JSON.stringify(types)} ${JSON.stringify(key)} ${JSON.stringify(row)}`;

/** A table map does not tell it, and servers since 8.0.19 do not print it. */
const withoutWidth = (type: string): string => type.replace(/^(\w*int|year)\(\d+\)/, '$1');

/** In a session with `time_zone = '+00:00'`. */
function textOf(column: string, dataType: string): string {
  if (/binary|blob|^vector$|^geom|^(multi)?(point|linestring|polygon)$/.test(dataType))
    return `REPLACE(TO_BASE64(${column}), '\\n', '')`;
  return dataType === 'bit' ? `CAST(${column} + 0 AS CHAR)` : `CAST(${column} AS CHAR)`;
}

async function query<T>(connection: Connection, sql: string, values: string[]): Promise<readonly T[]> {
  const [rows] = await connection.query(sql, values);
  return rows as unknown as readonly T[];
}

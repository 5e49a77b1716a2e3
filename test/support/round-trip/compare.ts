import type { Connection } from 'mysql2/promise';
import { quoted } from '../../../src/mysql/quoted.ts';
import { keeps, type Kept, type TestTable } from './tables.ts';

export interface Difference {
  readonly table: TestTable;
  /** Number of the row, and of its column; undefined: a whole row is missing, or one too many. */
  readonly n: number;
  readonly column: number | undefined;
  /** Exact text of the value, or of the row, on both sides; undefined: there is none. */
  readonly source: string | undefined;
  readonly copy: string | undefined;
}

export interface Sides {
  readonly source: Connection;
  readonly copy: Connection;
  readonly database: string;
  readonly copyDatabase: string;
}

/** Compares all rows by checksums, one a column and one for whole rows; reads rows only when those differ. */
export async function firstDifference(
  { source, copy, database, copyDatabase }: Sides,
  table: TestTable,
  kept: Kept,
): Promise<{ readonly rows: number; readonly difference: Difference | undefined }> {
  const columns = table.columns.flatMap((column, i) => (keeps(kept, i) ? [{ column, i }] : []));
  const exact = columns.map(({ column: { kind, name } }) => `IFNULL(${kind.exact(quoted(name))}, 'NULL')`);
  const sums = [...exact.map((text) => checksum(['n', text])), checksum(['n', ...exact])];
  const bothSides = async (select: string, end = ''): Promise<[unknown[][], unknown[][]]> => {
    const from = (name: string): string => `SELECT ${select} FROM ${quoted(name)}.${quoted(table.name)} ${end}`;
    return Promise.all([rowsOf(source, from(database)), rowsOf(copy, from(copyDatabase))]);
  };
  const [[sourceSums = []], [copySums = []]] = await bothSides(['COUNT(*)', ...sums].join(', '));
  const rows = Number(sourceSums[0]);
  if (sourceSums.every((sum, i) => String(sum) === String(copySums[i]))) return { rows, difference: undefined };

  const wrong = columns.findIndex((_, i) => String(sourceSums[i + 1]) !== String(copySums[i + 1]));
  const isWhole = String(sourceSums[0]) !== String(copySums[0]) || wrong < 0;
  const shown = isWhole ? `CONCAT_WS('|', ${['n', ...exact].join(', ')})` : (exact[wrong] ?? 'n');
  const [left, right] = await bothSides(`n, ${shown}`, 'ORDER BY 1, 2');
  const at = left.findIndex((row, i) => String(row) !== String(right[i]));
  const i = at < 0 ? left.length : at;
  const text = (row: unknown[] | undefined): string | undefined => (row === undefined ? undefined : String(row[1]));
  const n = Math.min(...[left[i], right[i]].flatMap((row) => (row === undefined ? [] : [Number(row[0])])));
  return {
    rows,
    difference: {
      table,
      n,
      column: isWhole ? undefined : columns[wrong]?.i,
      source: text(left[i]),
      copy: text(right[i]),
    },
  };
}

/** The sum of 60 bits of a hash of every row: rows in any order, and equal ones counted. */
const checksum = (texts: readonly string[]): string =>
  `SUM(CAST(CONV(LEFT(SHA2(CONCAT_WS('|', ${texts.join(', ')}), 256), 15), 16, 10) AS UNSIGNED))`;

async function rowsOf(connection: Connection, sql: string): Promise<unknown[][]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  return rows as unknown as unknown[][];
}

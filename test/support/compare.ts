/** Compares tables of two databases value by value. */
import type { Connection, RowDataPacket } from 'mysql2/promise';

export interface Difference {
  readonly table: string;
  /** The first row, in key order, that is not the same on both sides; undefined where there is none. */
  readonly source: Readonly<Record<string, unknown>> | undefined;
  readonly copy: Readonly<Record<string, unknown>> | undefined;
}

export interface Comparison {
  readonly rows: number;
  readonly difference: Difference | undefined;
}

const PAGE_ROWS = 5_000;

/** Reads both sides in key order and stops at the first difference. */
export async function compareTables(
  source: { readonly connection: Connection; readonly database: string },
  copy: { readonly connection: Connection; readonly database: string },
  tables: readonly string[],
): Promise<Comparison> {
  let rows = 0;
  for (const table of tables) {
    for (let from = 0; ; from += PAGE_ROWS) {
      const [left, right] = await Promise.all([page(source, table, from), page(copy, table, from)]);
      for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
        if (JSON.stringify(left[i]) !== JSON.stringify(right[i])) {
          return { rows, difference: { table, source: left[i], copy: right[i] } };
        }
        rows += 1;
      }
      if (left.length < PAGE_ROWS) break;
    }
  }
  return { rows, difference: undefined };
}

/**
 * One page in key order, every value as the bytes of MySQL's own text, so that no driver stands between the two sides.
 */
async function page(
  { connection, database }: { readonly connection: Connection; readonly database: string },
  table: string,
  from: number,
): Promise<RowDataPacket[]> {
  const [columns] = await connection.query<RowDataPacket[]>(
    'SELECT column_name AS name, column_key AS columnKey FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
    [database, table],
  );
  const names = columns.map((column) => `\`${String(column['name'])}\``);
  const key = columns.flatMap((column, i) => (column['columnKey'] === 'PRI' ? [names[i]] : []));
  const values = names.map((name) => `CAST(${name} AS CHAR CHARACTER SET binary) AS ${name}`);
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT ${values.join()} FROM \`${database}\`.\`${table}\` ORDER BY ${(key.length > 0 ? key : names).join()} LIMIT ${PAGE_ROWS} OFFSET ${from}`,
  );
  return rows;
}

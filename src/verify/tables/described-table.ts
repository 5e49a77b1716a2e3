import { quotedTable } from '../../mysql/quoted.ts';
import { isTable, readColumns, type TableColumn } from '../../mysql/table-columns.ts';
import type { Asked } from '../verify.ts';

/** `type` in lower case. */
export interface DescribedColumn extends Pick<
  TableColumn,
  'name' | 'dataType' | 'type' | 'charset' | 'collation' | 'isNullable' | 'octets'
> {
  readonly isVirtual: boolean;
}

export interface DescribedIndex {
  readonly name: string;
  readonly columns: readonly DescribedColumn[];
}

/** A table as its server describes it, as far as it matters here. */
export interface DescribedTable {
  readonly database: string;
  readonly table: string;
  readonly sql: string;
  readonly flavour: Asked['flavour'];
  /** BASE TABLE, SYSTEM VERSIONED of MariaDB, VIEW … */
  readonly kind: string;
  /** As the server estimates. */
  readonly estimatedRows: number;
  readonly columns: readonly DescribedColumn[];
  /** Unique ones of whole columns that are never NULL, in the server's own order; PRIMARY first. */
  readonly keys: readonly DescribedIndex[];
}

/** Undefined when there is no such table. */
export async function describeTable(
  asked: Asked,
  database: string,
  table: string,
): Promise<DescribedTable | undefined> {
  const [found] = await asked.query(
    `SELECT TABLE_TYPE AS kind, COALESCE(TABLE_ROWS, 0) AS estimate FROM information_schema.TABLES WHERE ${isTable(database, table)}`,
  );
  if (found === undefined) return undefined;
  const columns = (await readColumns(asked, database, table)).map((column) => ({
    ...column,
    type: column.type.toLowerCase(),
    isVirtual: column.extra.includes('VIRTUAL'),
  }));
  const sql = quotedTable(database, table);
  const keys = found['kind'] === 'VIEW' ? [] : keysOf(await asked.query(`SHOW INDEX FROM ${sql}`), columns);
  return {
    database,
    table,
    sql,
    flavour: asked.flavour,
    kind: found['kind'] ?? '',
    estimatedRows: Number(found['estimate']),
    columns,
    keys,
  };
}

/** Of a charset or a collation: servers have two names for one. */
export const oneName = (name: string): string => name.replace(/^utf8(?=_|$)/, 'utf8mb3');

function keysOf(
  rows: readonly Readonly<Record<string, string | null>>[],
  columns: readonly DescribedColumn[],
): readonly DescribedIndex[] {
  const names = [...new Set(rows.map((row) => row['Key_name'] ?? ''))];
  const indexes = names.flatMap((name): readonly DescribedIndex[] => {
    const parts = rows.filter((row) => row['Key_name'] === name);
    const isUnique = parts.every((row) => row['Non_unique'] === '0' && row['Index_type'] !== 'HASH');
    const isWhole = name === 'PRIMARY' || parts.every((row) => row['Sub_part'] === null);
    const found = parts.flatMap((row) => columns.filter((column) => column.name === row['Column_name']));
    const isKey = name === 'PRIMARY' || found.every(({ isNullable, isVirtual }) => !isNullable && !isVirtual);
    return isUnique && isWhole && isKey && found.length === parts.length ? [{ name, columns: found }] : [];
  });
  return [...indexes].sort((a, b) => Number(b.name === 'PRIMARY') - Number(a.name === 'PRIMARY'));
}

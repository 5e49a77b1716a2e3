import { quotedTable } from '../../mysql/quoted.ts';
import { textLiteral } from '../../mysql/text-literal.ts';
import type { Asked } from '../verify.ts';

export interface DescribedColumn {
  readonly name: string;
  /** `varchar` */
  readonly dataType: string;
  /** `varchar(20)` */
  readonly type: string;
  readonly charset: string;
  readonly collation: string;
  readonly isNullable: boolean;
  /** Most bytes of a text or of bytes; 0 for other types. */
  readonly octets: number;
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
  const where = `TABLE_SCHEMA = ${textLiteral(database)} AND TABLE_NAME = ${textLiteral(table)}`;
  const [found] = await asked.query(
    `SELECT TABLE_TYPE AS kind, COALESCE(TABLE_ROWS, 0) AS estimate FROM information_schema.TABLES WHERE ${where}`,
  );
  if (found === undefined) return undefined;
  const rows = await asked.query(
    'SELECT COLUMN_NAME AS col, DATA_TYPE AS data_type, COLUMN_TYPE AS column_type, CHARACTER_SET_NAME AS cs, COLLATION_NAME AS coll, ' +
      'IS_NULLABLE AS nullable, CHARACTER_OCTET_LENGTH AS octets, EXTRA AS extra ' +
      `FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  const columns = rows.map((row) => ({
    name: row['col'] ?? '',
    dataType: (row['data_type'] ?? '').toLowerCase(),
    type: (row['column_type'] ?? '').toLowerCase(),
    charset: row['cs'] ?? '',
    collation: row['coll'] ?? '',
    isNullable: row['nullable'] === 'YES',
    octets: Number(row['octets'] ?? 0),
    isVirtual: row['extra']?.includes('VIRTUAL') === true,
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

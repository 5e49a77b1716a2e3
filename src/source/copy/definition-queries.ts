/** What the server says of one table. */
import { quotedTable } from '../../mysql/quoted.ts';
import { numberOf, textOf, type Asked, type Row } from '../rows.ts';
import { isAtLeast, type ServerVersion } from '../server-version.ts';

export interface TableFacts {
  /** BASE TABLE, SYSTEM VERSIONED of MariaDB, VIEW … */
  readonly type: string;
  readonly engine: string;
  readonly rows: number;
}

export interface IndexInfo {
  readonly name: string;
  readonly isUnique: boolean;
  readonly isHash: boolean;
  readonly parts: readonly {
    /** Undefined: an expression. */
    readonly column: string | undefined;
    readonly prefix: number;
    readonly isNullable: boolean;
  }[];
}

/** Undefined when it was dropped. */
export async function askTable(asked: Asked, database: string, name: string): Promise<TableFacts | undefined> {
  const [row] = await asked.query(
    `SELECT TABLE_TYPE AS type, COALESCE(ENGINE, '') AS engine, COALESCE(TABLE_ROWS, 0) AS estimate
     FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [database, name],
  );
  return (
    row && {
      type: textOf(row, 'type'),
      engine: textOf(row, 'engine'),
      rows: numberOf(row, 'estimate'),
    }
  );
}

/** In the order of the row image. */
export function askColumns(
  asked: Asked,
  version: ServerVersion,
  database: string,
  name: string,
): Promise<readonly Row[]> {
  // From then on MariaDB has collations with one name for several charsets, and shows their ids in another table.
  const isByCharset = version.flavour === 'mariadb' && isAtLeast(version, [10, 10, 1]);
  const collations = isByCharset
    ? 'COLLATION_CHARACTER_SET_APPLICABILITY l ON l.FULL_COLLATION_NAME = c.COLLATION_NAME'
    : 'COLLATIONS l ON l.COLLATION_NAME = c.COLLATION_NAME';
  return asked.query(
    `SELECT c.COLUMN_NAME AS col, c.DATA_TYPE AS data_type, c.COLUMN_TYPE AS column_type, c.IS_NULLABLE AS nullable,
       c.CHARACTER_OCTET_LENGTH AS bytes, c.NUMERIC_PRECISION AS prec, c.NUMERIC_SCALE AS scale, c.DATETIME_PRECISION AS fraction,
       c.CHARACTER_SET_NAME AS charset, c.COLLATION_NAME AS collation, l.ID AS collation_id, c.EXTRA AS extra, c.GENERATION_EXPRESSION AS expression
     FROM information_schema.COLUMNS c LEFT JOIN information_schema.${collations}
     WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION`,
    [database, name],
  );
}

/** In the server's own order, which information_schema does not tell. */
export async function askIndexes(asked: Asked, database: string, name: string): Promise<readonly IndexInfo[]> {
  const rows = await asked.query(`SHOW INDEX FROM ${quotedTable(database, name)}`);
  const names = new Set(rows.map((row) => textOf(row, 'Key_name')));
  return [...names].map((index) => {
    const parts = rows.filter((row) => row['Key_name'] === index);
    return {
      name: index,
      isUnique: parts[0]?.['Non_unique'] === '0',
      isHash: parts[0]?.['Index_type'] === 'HASH',
      parts: parts.map((row) => ({
        column: row['Column_name'] ?? undefined,
        prefix: Number(row['Sub_part'] ?? 0),
        isNullable: row['Null'] === 'YES',
      })),
    };
  });
}

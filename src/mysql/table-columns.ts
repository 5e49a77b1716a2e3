/** What a server says of the columns of a table, for who reads it over whichever connection. */
import { textLiteral } from './text-literal.ts';

/** A connection that gives each value as the server's text. */
export interface AskedForColumns {
  query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
}

export interface TableColumn {
  readonly name: string;
  /** `varchar(20)` */
  readonly type: string;
  /** `varchar`, in lower case. */
  readonly dataType: string;
  /** Empty where it has none. */
  readonly charset: string;
  readonly collation: string;
  readonly isNullable: boolean;
  /** Most bytes of a text or of bytes; 0 for other types. */
  readonly octets: number;
  readonly hasDefault: boolean;
  /** The default is NULL, or there is none. */
  readonly isDefaultNull: boolean;
  /** `auto_increment`, `VIRTUAL GENERATED`, `DEFAULT_GENERATED on update CURRENT_TIMESTAMP` … */
  readonly extra: string;
}

/** Condition on `schema` and `name`, columns of a table of information_schema. */
export const isTable = (database: string, table: string, schema = 'TABLE_SCHEMA', name = 'TABLE_NAME'): string =>
  `${schema} = ${textLiteral(database)} AND ${name} = ${textLiteral(table)}`;

/** In their order; none where there is no such table. */
export async function readColumns(
  asked: AskedForColumns,
  database: string,
  table: string,
): Promise<readonly TableColumn[]> {
  const rows = await asked.query(
    'SELECT COLUMN_NAME AS col, COLUMN_TYPE AS column_type, DATA_TYPE AS data_type, CHARACTER_SET_NAME AS cs, COLLATION_NAME AS coll, ' +
      'IS_NULLABLE AS nullable, CHARACTER_OCTET_LENGTH AS octets, COLUMN_DEFAULT IS NOT NULL AS has_default, ' +
      // MariaDB has the word NULL there.
      "COALESCE(COLUMN_DEFAULT, 'NULL') = 'NULL' AS null_default, EXTRA AS extra " +
      `FROM information_schema.COLUMNS WHERE ${isTable(database, table)} ORDER BY ORDINAL_POSITION`,
  );
  return rows.map((row) => ({
    name: row['col'] ?? '',
    type: row['column_type'] ?? '',
    dataType: (row['data_type'] ?? '').toLowerCase(),
    charset: row['cs'] ?? '',
    collation: row['coll'] ?? '',
    isNullable: row['nullable'] === 'YES',
    octets: Number(row['octets'] ?? 0),
    hasDefault: row['has_default'] === '1',
    isDefaultNull: row['null_default'] === '1',
    extra: row['extra'] ?? '',
  }));
}

/** What information_schema says of the published tables, as far as the account may see them. */
import { SYSTEM_SCHEMAS } from '../base/system-schemas.ts';
import type { CascadeInfo, ColumnInfo, Published, TableInfo } from './preflight-tables.ts';
import { textOf, type Asked, type Row } from './rows.ts';

/** MariaDB's tables that keep their history are of the second type. */
const TABLE_TYPES = "('BASE TABLE', 'SYSTEM VERSIONED')";
const OWN_SCHEMAS = `('${[...SYSTEM_SCHEMAS].join("', '")}')`;

/** By the index: MariaDB shows constraints to no one who may only SELECT. */
export async function allTables(control: Asked): Promise<readonly TableInfo[]> {
  const rows = await control.query(
    `SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS tbl, t.ENGINE AS engine, s.INDEX_NAME AS primary_key
     FROM information_schema.TABLES t
     LEFT JOIN information_schema.STATISTICS s
       ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY' AND s.SEQ_IN_INDEX = 1
     WHERE t.TABLE_TYPE IN ${TABLE_TYPES} AND t.TABLE_SCHEMA NOT IN ${OWN_SCHEMAS}
     ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME`,
  );
  return rows.map((row) => ({
    ...nameOf(row),
    engine: row['engine'] ?? 'unknown',
    hasPrimaryKey: (row['primary_key'] ?? '') !== '',
  }));
}

export async function publishedColumns(control: Asked, published: Published): Promise<readonly ColumnInfo[]> {
  const rows = await control.query(
    `SELECT c.TABLE_SCHEMA AS db, c.TABLE_NAME AS tbl, c.COLUMN_NAME AS col, c.COLUMN_TYPE AS column_type, c.COLUMN_KEY AS column_key, c.CHARACTER_SET_NAME AS charset
     FROM information_schema.COLUMNS c
     JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
     WHERE t.TABLE_TYPE IN ${TABLE_TYPES} AND c.TABLE_SCHEMA NOT IN ${OWN_SCHEMAS}
     ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
  );
  return rows
    .map((row) => ({
      ...nameOf(row),
      column: textOf(row, 'col'),
      columnType: textOf(row, 'column_type'),
      isKey: row['column_key'] === 'PRI',
      charset: row['charset'] ?? undefined,
    }))
    .filter(({ database, table }) => published.includes(database, table));
}

/** MariaDB's. */
export async function sequences(
  control: Asked,
): Promise<readonly { readonly database: string; readonly table: string }[]> {
  const rows = await control.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS tbl FROM information_schema.TABLES
     WHERE TABLE_TYPE = 'SEQUENCE' ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  return rows.map(nameOf);
}

/** Foreign keys by the child table, which is the one that holds the constraint. */
export async function publishedCascades(control: Asked, published: Published): Promise<readonly CascadeInfo[]> {
  const rows = await control.query(
    `SELECT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS tbl, CONSTRAINT_NAME AS name, UPDATE_RULE AS on_update, DELETE_RULE AS on_delete
     FROM information_schema.REFERENTIAL_CONSTRAINTS
     ORDER BY CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME`,
  );
  return rows
    .map((row) => ({
      ...nameOf(row),
      constraint: textOf(row, 'name'),
      updateRule: textOf(row, 'on_update'),
      deleteRule: textOf(row, 'on_delete'),
    }))
    .filter(({ database, table }) => published.includes(database, table));
}

function nameOf(row: Row): { readonly database: string; readonly table: string } {
  return { database: textOf(row, 'db'), table: textOf(row, 'tbl') };
}

/**
 * A table as the server describes it, for whoever has seen no table map of it. What is asked takes several statements:
 * a definition is of one moment only if a DDL cannot come between them, as when the session's transaction has read the
 * table before.
 */
import { RelayError } from '../../base/errors.ts';
import type { Column, KeyPart, Table } from '../../binlog/binlog.ts';
import { collationOf } from '../../binlog/charsets/collations.ts';
import { requireMariadbTable } from '../../binlog/tables/mariadb-table.ts';
import { isBlob } from '../../binlog/wire/column-types.ts';
import { isGrantMissing, serverErrorNumber } from '../mysql-errors.ts';
import { textOf, type Asked, type Row } from '../rows.ts';
import { isAtLeast, type ServerVersion } from '../server-version.ts';
import { columnOf } from './column-definition.ts';
import { quotedTable } from '../../mysql/quoted.ts';
import { askColumns, askIndexes, askTable, type IndexInfo } from './definition-queries.ts';
import { hashColumns, versionColumns } from './mariadb-columns.ts';
import { labelBytes } from './label-bytes.ts';

/** A text column in a key: what a literal is written with that compares as the column does. */
export interface KeyCharset {
  readonly charset: string;
  readonly collation: string;
}

export interface TableDefinition {
  /** What readTableMap gives for the table's next TABLE_MAP event (binlog_row_metadata=FULL). */
  readonly table: Table;
  /** `InnoDB` … */
  readonly engine: string;
  /** SYSTEM VERSIONED of MariaDB: its old rows are rows of it, too. */
  readonly isVersioned: boolean;
  /** SHOW CREATE TABLE. */
  readonly createStatement: string;
  /** As the server estimates. */
  readonly estimatedRows: number;
  /** Of each part of `table.primaryKey`; undefined for what is no CHAR, VARCHAR or TEXT. */
  readonly keyCharsets: readonly (KeyCharset | undefined)[];
  /** The index of `table.primaryKey`: PRIMARY, or that of the unique key that stands for it; undefined without. */
  readonly keyIndex: string | undefined;
}

const NO_SUCH_TABLE = new Set([
  1049, // ER_BAD_DB_ERROR
  1146, // ER_NO_SUCH_TABLE
]);
const POINTER_BYTES = 8;
const BASE_TABLE = new Set(['BASE TABLE', 'SYSTEM VERSIONED']);

/**
 * Undefined: there is no such table. Throws SOURCE_GRANT_MISSING when it may not be SELECTed, BINLOG_UNSUPPORTED when
 * it is a view or a sequence, or has columns whose rows no table map tells exactly.
 *
 * Asked of a session whose `sql_mode` changes no quotes, as that of every ControlSession; shows it generated invisible
 * primary keys.
 */
export async function readDefinition(
  asked: Asked,
  version: ServerVersion,
  database: string,
  name: string,
): Promise<TableDefinition | undefined> {
  try {
    return await describe(asked, version, database, name);
  } catch (error) {
    if (NO_SUCH_TABLE.has(serverErrorNumber(error) ?? 0)) return undefined;
    throw error;
  }
}

async function describe(
  asked: Asked,
  version: ServerVersion,
  database: string,
  name: string,
): Promise<TableDefinition | undefined> {
  await showGeneratedKeys(asked, version);
  await requireSelect(asked, database, name);
  const facts = await askTable(asked, database, name);
  if (facts === undefined) return undefined;
  if (!BASE_TABLE.has(facts.type)) throw noTable(database, name, facts.type);

  const rows = await askColumns(asked, version, database, name);
  const indexes = await askIndexes(asked, database, name);
  const labels = await labelBytes(asked, version, { database, name }, rows);
  const isVersioned = facts.type === 'SYSTEM VERSIONED';
  const columns: Column[] = rows.map((row, index) => columnOf(version, row, index, labels[index] ?? []));
  const hidden = isVersioned ? versionColumns(rows) : [];
  columns.push(...hidden.map((make, i) => make(rows.length + i)));
  if (version.flavour === 'mariadb') columns.push(...hashColumns(columns, indexes, facts.engine));

  const key = keyOf(indexes, columns, rows, facts.engine);
  const end = hidden.length === 0 || key === undefined ? undefined : columns[rows.length + 1];
  const primaryKey: KeyPart[] = [...(key?.parts ?? []), ...(end === undefined ? [] : [{ column: end, prefix: 0 }])];
  const table: Table = { database, name, columns, primaryKey };
  if (version.flavour === 'mariadb') requireMariadbTable(table);
  const [created] = await asked.query(`SHOW CREATE TABLE ${quotedTable(database, name)}`);
  return {
    table,
    engine: facts.engine,
    isVersioned,
    createStatement: textOf(created, 'Create Table'),
    estimatedRows: facts.rows,
    keyCharsets: primaryKey.map(({ column }) => charsetOf(rows[column.index])),
    keyIndex: key?.index,
  };
}

/** Without them the description would lack a column that is in the binlog. Off in a session only if it is for all. */
async function showGeneratedKeys(asked: Asked, version: ServerVersion): Promise<void> {
  if (version.flavour === 'mysql' && isAtLeast(version, [8, 0, 30]))
    await asked.query('SET SESSION show_gipk_in_create_table_and_information_schema = ON');
}

/** Columns that may not be read would be missing from the description. */
async function requireSelect(asked: Asked, database: string, name: string): Promise<void> {
  const place = quotedTable(database, name);
  try {
    // Not their names: the driver refuses an answer with some, such as __proto__.
    await asked.query(`SELECT 1 FROM (SELECT * FROM ${place} LIMIT 0) t`);
  } catch (error) {
    if (!isGrantMissing(error)) throw error;
    throw new RelayError('SOURCE_GRANT_MISSING', `${database}.${name} cannot be copied: ${error.message}`, {
      details: { database, table: name },
      remedy: `GRANT SELECT ON ${place} TO '<${error.section}.user>'@'<host>';`,
      section: error.section,
      cause: error,
    });
  }
}

function noTable(database: string, name: string, type: string): RelayError {
  const table = `${database}.${name}`;
  return new RelayError('BINLOG_UNSUPPORTED', `${table} is no table whose rows are in the binlog, but a ${type}`, {
    details: { database, table: name },
    remedy: `Name the tables that it reads, or leave it out: tables.exclude: ["${table}"]`,
  });
}

interface Key {
  readonly index: string;
  readonly parts: readonly KeyPart[];
}

/**
 * The primary key, or the first unique key that the server takes for one: of whole columns that are never NULL, and
 * that it need not compute. Indexes come in the server's own order.
 */
function keyOf(
  indexes: readonly IndexInfo[],
  columns: readonly Column[],
  rows: readonly Row[],
  engine: string,
): Key | undefined {
  const keys = indexes
    .filter(({ isUnique, isHash }) => isUnique && (!isHash || engine === 'MEMORY'))
    .map(({ name, parts }) => ({
      index: name,
      parts: parts.flatMap((part) => keyPart(part, columns)),
      of: parts.length,
    }))
    .filter(({ parts, of }) => parts.length === of);
  return (
    keys.find(({ index }) => index === 'PRIMARY') ??
    keys.find(({ parts }) =>
      parts.every(
        ({ column, prefix }) =>
          prefix === 0 && !column.nullable && rows[column.index]?.['extra']?.includes('VIRTUAL') !== true,
      ),
    )
  );
}

/** None for an expression. */
function keyPart(part: IndexInfo['parts'][number], columns: readonly Column[]): KeyPart[] {
  const column = columns.find(({ name }) => name === part.column);
  if (column === undefined) return [];
  // There is no key of a whole BLOB: early versions show none where the prefix takes as much as a pointer.
  const bytes = part.prefix === 0 && isBlob(column.type) ? POINTER_BYTES : 0;
  return [{ column, prefix: part.prefix + Math.floor(bytes / (collationOf(column.collation)?.maxBytes ?? 1)) }];
}

function charsetOf(row: Row | undefined): KeyCharset | undefined {
  const isText = /char|text/.test(row?.['data_type'] ?? '');
  const charset = row?.['charset'] ?? undefined;
  const collation = row?.['collation'] ?? undefined;
  return isText && charset !== undefined && collation !== undefined ? { charset, collation } : undefined;
}

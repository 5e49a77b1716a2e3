/** Findings about the tables that are published. Pure: what the server says of them comes as rows. */
import { isKnownCharset } from '../binlog/charsets/collations.ts';
import { someOf, type Finding } from './finding.ts';

/** Which tables and columns are published; a TableFilter of the change room is one. */
export interface Published {
  /** The tables that are included by name, without wildcards. */
  readonly named?: readonly { readonly database: string; readonly table: string }[];
  includes(database: string, table: string): boolean;
  excludesColumn(database: string, table: string, column: string): boolean;
}

export interface TableInfo {
  readonly database: string;
  readonly table: string;
  readonly engine: string;
  readonly hasPrimaryKey: boolean;
}

export interface ColumnInfo {
  readonly database: string;
  readonly table: string;
  readonly column: string;
  /** COLUMN_TYPE of information_schema: as declared. */
  readonly columnType?: string | undefined;
  /** Part of the primary key, or of the unique key that stands for it. */
  readonly isKey?: boolean;
  /** Undefined for a column that is no text. */
  readonly charset: string | undefined;
}

/** A foreign key whose child rows change when a parent row does. */
export interface CascadeInfo {
  readonly database: string;
  readonly table: string;
  readonly constraint: string;
  readonly updateRule: string;
  readonly deleteRule: string;
}

const SILENT_RULES = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT']);

export function columnFindings(columns: readonly ColumnInfo[], published: Published): readonly Finding[] {
  const unsupported = columns
    .filter((column) => published.includes(column.database, column.table))
    .filter((column) => !published.excludesColumn(column.database, column.table, column.column))
    .map((column) => ({ column, problem: columnProblem(column) }))
    .filter(({ problem }) => problem !== undefined)
    .map(({ column, problem }) => `${column.database}.${column.table}.${column.column} (${String(problem)})`);
  if (unsupported.length === 0) return [];
  return [
    {
      level: 'error',
      code: 'COLUMN_NOT_SUPPORTED',
      message: `Columns that this version cannot write exactly yet: ${someOf(unsupported)}.`,
      remedy:
        'Exclude them with tables.excludeColumns, or their tables with tables.exclude (with tail: --exclude); a charset can be changed with ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4.',
    },
  ];
}

/**
 * Names that no table has: a misprint, or a table to come. One that differs in case only may never come: MySQL compares
 * as it stores.
 */
export function nameFindings(tables: readonly TableInfo[], published: Published): readonly Finding[] {
  const { named = [] } = published;
  const known = new Set(tables.map(fullName));
  const isEmpty = !tables.some(({ database, table }) => published.includes(database, table));
  return named
    .filter((name) => !known.has(fullName(name)))
    .map((name): Finding => {
      const wanted = fullName(name);
      const alike = tables.map(fullName).find((other) => other.toLowerCase() === wanted.toLowerCase());
      return {
        level: alike !== undefined && isEmpty ? 'error' : 'warning',
        code: 'TABLE_NOT_FOUND',
        message:
          alike === undefined
            ? `tables.include names ${wanted}, and the server has no such table: nothing of it is published before it is made.`
            : `tables.include names ${wanted}, and the server has ${alike}, another name: nothing of it is published.`,
        remedy: `Write it as the server has it${alike === undefined ? '' : `: ${alike}`}.`,
      };
    });
}

/** A key that is not published whole identifies no row: the relay stops at the first table map of such a table. */
export function keyFindings(columns: readonly ColumnInfo[], published: Published): readonly Finding[] {
  const excluded = columns
    .filter(({ database, table, isKey }) => isKey === true && published.includes(database, table))
    .filter(({ database, table, column }) => published.excludesColumn(database, table, column))
    .map((column) => `${fullName(column)}.${column.column}`);
  if (excluded.length === 0) return [];
  return [
    {
      level: 'error',
      code: 'KEY_COLUMN_EXCLUDED',
      message: `Columns that are left out, and are part of the key of their table: ${someOf(excluded)}.`,
      remedy:
        'Rows cannot be told apart without them. Take them out of tables.excludeColumns, or exclude their tables with tables.exclude.',
    },
  ];
}

/** MariaDB logs the state of a sequence as rows of it; the relay stops at those of one that is published. */
export function sequenceFindings(
  sequences: readonly { readonly database: string; readonly table: string }[],
  published: Published,
): readonly Finding[] {
  const included = sequences.filter(({ database, table }) => published.includes(database, table)).map(fullName);
  if (included.length === 0) return [];
  return [
    {
      level: 'error',
      code: 'TABLE_NOT_SUPPORTED',
      message: `Sequences, whose state is no row that a copy could keep: ${someOf(included)}.`,
      remedy: 'Exclude them with tables.exclude (with tail: --exclude).',
    },
  ];
}

export function tableFindings(tables: readonly TableInfo[], published: Published): readonly Finding[] {
  const included = tables.filter(({ database, table }) => published.includes(database, table));
  const findings: Finding[] = [];
  const keyless = included.filter(({ hasPrimaryKey }) => !hasPrimaryKey).map(fullName);
  if (keyless.length > 0) {
    findings.push({
      level: 'warning',
      code: 'NO_PRIMARY_KEY',
      message: `Tables without a primary key: ${someOf(keyless)}. A reader can tell their rows apart by change id only, and all rows of one share a lane. On a replica their change ids may differ.`,
      remedy:
        'Give them a primary key, an invisible one if need be: ALTER TABLE … ADD id BIGINT UNSIGNED AUTO_INCREMENT INVISIBLE PRIMARY KEY.',
    });
  }
  const unsafe = included
    .filter(({ engine }) => engine.toLowerCase() !== 'innodb')
    .map((table) => `${fullName(table)} (${table.engine})`);
  if (unsafe.length > 0) {
    findings.push({
      level: 'warning',
      code: 'ENGINE_NOT_TRANSACTIONAL',
      message: `Tables of an engine other than InnoDB: ${someOf(unsafe)}. After a rollback or a crash such a table and the binlog may differ, and so may the copy.`,
      remedy: 'ALTER TABLE … ENGINE = InnoDB.',
    });
  }
  return findings;
}

/** `hidesCascades`: InnoDB carries out the rules by itself; the server that does it in SQL logs the child rows. */
export function cascadeFindings(
  cascades: readonly CascadeInfo[],
  published: Published,
  hidesCascades: boolean,
): readonly Finding[] {
  if (!hidesCascades) return [];
  const hidden = cascades
    .filter(({ database, table }) => published.includes(database, table))
    .filter(({ updateRule, deleteRule }) => SILENT_RULES.has(updateRule) || SILENT_RULES.has(deleteRule))
    .map((cascade) => `${fullName(cascade)}.${cascade.constraint}`);
  if (hidden.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'CASCADE_HIDDEN',
      message: `Foreign keys with ON DELETE or ON UPDATE actions: ${someOf(hidden)}. The server does not log the rows of the child table that they change, so a copy keeps the old ones.`,
      remedy:
        'Let the readers carry out the same actions (the same foreign keys in the copy); or replace them with RESTRICT and change the child rows in the application; MySQL 9.6 and later log them.',
    },
  ];
}

/** `doDatabases` and `ignoreDatabases`: the lists of SHOW BINARY LOG STATUS, separated by commas. */
export function filterFindings(
  doDatabases: string,
  ignoreDatabases: string,
  databases: readonly string[],
): readonly Finding[] {
  const only = new Set(doDatabases.split(',').filter((name) => name !== ''));
  const not = new Set(ignoreDatabases.split(',').filter((name) => name !== ''));
  if (only.size === 0 && not.size === 0) return [];
  const option = only.size > 0 ? `binlog_do_db (${doDatabases})` : `binlog_ignore_db (${ignoreDatabases})`;
  const hidden = databases.filter((name) => (only.size > 0 ? !only.has(name) : not.has(name)));
  const remedy = 'Start mysqld without that option, or exclude those databases with tables.exclude.';
  return [
    hidden.length > 0
      ? {
          level: 'error',
          code: 'BINLOG_FILTERED',
          message: `The server does not log changes of ${someOf(hidden)}: ${option}. Tables there are to be published.`,
          remedy,
        }
      : {
          level: 'warning',
          code: 'BINLOG_FILTERED',
          message: `The server logs some databases only: ${option}. Tables of others, also of later ones, cannot be published.`,
          remedy,
        },
  ];
}

/** What the column codecs of the binlog room cannot write exactly; they throw BINLOG_UNSUPPORTED for the same. */
function columnProblem({ charset, columnType }: ColumnInfo): string | undefined {
  // So MariaDB shows a column made with mysql56_temporal_format=OFF.
  if (columnType?.endsWith('/* mariadb-5.3 */') === true)
    return `${columnType}: ALTER TABLE … FORCE with mysql56_temporal_format=ON`;
  return charset === undefined || isKnownCharset(charset.toLowerCase()) ? undefined : `charset ${charset}`;
}

function fullName({ database, table }: { readonly database: string; readonly table: string }): string {
  return `${database}.${table}`;
}

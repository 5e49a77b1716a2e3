import { RelayError } from '../base/errors.ts';
import { parseGlob, type Glob } from '../base/glob.ts';
import { SYSTEM_SCHEMAS } from '../base/system-schemas.ts';

/** Which tables and columns are published, as patterns; their form: base/glob.ts. */
export interface TablePatterns {
  /** `database.table` */
  readonly include: readonly string[];
  /** `database.table`; wins over include. */
  readonly exclude: readonly string[];
  /** `database.table.column` */
  readonly excludeColumns: readonly string[];
}

/** Asked once for each table map, not per row. */
export interface TableFilter {
  /** The tables that are included by name, without wildcards. */
  readonly named: readonly { readonly database: string; readonly table: string }[];
  includes(database: string, table: string): boolean;
  /**
   * For names as a statement has them: whether the table, or with `undefined` some table of the database, may be a
   * published one. Without regard to case, since only the server knows what lower_case_table_names makes of it.
   */
  mayInclude(database: string, table: string | undefined): boolean;
  /** True when the column's values must not leave the relay. */
  excludesColumn(database: string, table: string, column: string): boolean;
}

/**
 * Names of databases and tables are compared exactly, as the binlog has them: with lower_case_table_names=1 MySQL
 * stores them in lower case, so patterns are written so too. Names of columns have no case in MySQL, so case does not
 * matter there either.
 *
 * Throws CONFIG_INVALID when a pattern is not valid.
 */
export function tableFilter({ include, exclude, excludeColumns }: TablePatterns): TableFilter {
  const included = include.map((pattern) => parse(pattern, 2));
  const excluded = exclude.map((pattern) => parse(pattern, 2));
  const excludedColumns = excludeColumns.map((pattern) => parse(pattern, 3));
  return {
    named: included.flatMap(([database, table]) =>
      database?.literal === undefined || table?.literal === undefined
        ? []
        : [{ database: database.literal, table: table.literal }],
    ),
    includes: (database, table) =>
      !SYSTEM_SCHEMAS.has(database) &&
      included.some((globs) => matchesTable(globs, database, table)) &&
      !excluded.some((globs) => matchesTable(globs, database, table)),
    mayInclude: (database, table) =>
      !SYSTEM_SCHEMAS.has(database) &&
      included.some((globs) => mayMatch(globs, database, table)) &&
      !excluded.some((globs) =>
        table === undefined ? matchesAllOf(globs, database) : matchesTable(globs, database, table),
      ),
    excludesColumn: (database, table, column) =>
      excludedColumns.some(
        (globs) => matchesTable(globs, database, table) && globs[2]?.matchesIgnoringCase(column) === true,
      ),
  };
}

function matchesTable([databaseGlob, tableGlob]: readonly Glob[], database: string, table: string): boolean {
  return databaseGlob?.matches(database) === true && tableGlob?.matches(table) === true;
}

function mayMatch([databaseGlob, tableGlob]: readonly Glob[], database: string, table: string | undefined): boolean {
  if (databaseGlob?.matchesIgnoringCase(database) !== true) return false;
  return table === undefined || tableGlob?.matchesIgnoringCase(table) === true;
}

function matchesAllOf([databaseGlob, tableGlob]: readonly Glob[], database: string): boolean {
  return databaseGlob?.matches(database) === true && tableGlob?.matchesAll === true;
}

function parse(pattern: string, parts: 2 | 3): readonly Glob[] {
  const parsed = parseGlob(pattern, parts);
  if (parsed.ok) return parsed.parts;
  throw new RelayError('CONFIG_INVALID', `the table pattern ${JSON.stringify(pattern)} ${parsed.problem}`);
}

/** What a table map of MariaDB leaves open, so that its rows cannot be read or are no rows of a table. */
import { RelayError } from '../../base/errors.ts';
import type { Column, Table } from '../binlog.ts';
import { TYPE } from '../wire/column-types.ts';

/**
 * Columns that were made with mysql56_temporal_format=OFF, or by MariaDB 5.3: with or without a fraction, and so of
 * what size, the map does not tell (Field_timestamp, Field_time and Field_datetime of sql/field.h, and their _hires
 * variants, have one type).
 */
const AMBIGUOUS = new Set<number>([TYPE.TIMESTAMP, TYPE.DATETIME, TYPE.TIME]);

/** The columns of every sequence: sequence_structure of sql/sql_sequence.cc. */
const SEQUENCE = [
  'next_not_cached_value',
  'minimum_value',
  'maximum_value',
  'start_value',
  'increment',
  'cache_size',
  'cycle_option',
  'cycle_count',
].join();

/**
 * How many of the last columns are those in which the server keeps hashes for unique keys that are too long for an
 * index (UNIQUE on BLOB and TEXT, USING HASH), as MariaDB 10.11 logs them. A last column of one's own of that name and
 * type is taken for one.
 */
export function hashColumnCount(columns: readonly Column[]): number {
  const last = columns.findLastIndex(
    ({ name, type, unsigned }) => !(type === TYPE.LONGLONG && unsigned && /^DB_ROW_HASH_\d+$/.test(name)),
  );
  return columns.length - 1 - last;
}

/** Throws BINLOG_UNSUPPORTED, naming the table, and the column if it is one. */
export function requireMariadbTable({ database, name, columns }: Table): void {
  const table = `${database}.${name}`;
  const old = columns.find(({ type }) => AMBIGUOUS.has(type));
  if (old !== undefined) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `TABLE_MAP of ${table}: the column ${old.name} is stored as before MariaDB 10.0, and the binlog does not tell whether with a fraction`,
      {
        details: { table, column: old.name },
        remedy: `SET GLOBAL mysql56_temporal_format = ON; ALTER TABLE ${table} FORCE; and start after it; or exclude the table.`,
      },
    );
  }
  if (columns.map((column) => column.name).join() === SEQUENCE) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `TABLE_MAP of ${table}: it is a sequence, whose state is no row that a copy could keep`,
      { details: { table }, remedy: `Leave it out: tables.exclude: ["${table}"]` },
    );
  }
}

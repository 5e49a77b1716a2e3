/** The statements that read a table: a chunk of it, single keys, or all. The server alone compares keys. Pure. */
import { RelayError } from '../../base/errors.ts';
import type { Column } from '../../binlog/binlog.ts';
import { selectedExpression } from '../../binlog/rows/selected.ts';
import { BINARY_COLLATION } from '../../binlog/charsets/collations.ts';
import { isBlob, isVarchar, TYPE } from '../../binlog/wire/column-types.ts';
import type { KeyBytes, KeyRange } from '../source.ts';
import type { TableDefinition } from './definition.ts';
import { allEqual, beyond, keyLiteral, type KeyForm } from '../../mysql/key-range.ts';
import { quoted, quotedTable } from '../../mysql/quoted.ts';

export interface Selection {
  readonly definition: TableDefinition;
  /** Those that are read, in table order; all others are NULL in what is read. */
  readonly columns: readonly Column[];
}

/** All rows of a table, in no order. */
export function selectAll({ definition: { table }, columns }: Selection): string {
  const list = columns.length === 0 ? '1' : columns.map(expressionOf).join(', ');
  return `SELECT ${list} FROM ${quotedTable(table.database, table.name)}`;
}

/** No row, but the lock that any read of the table takes until its transaction has ended. */
export const selectNone = (selection: Selection): string => `${selectAll(selection)} LIMIT 0`;

/** The `maxRows` rows of the range that come first in the order of the primary key, after the key `after`. */
export function selectChunk(
  selection: Selection,
  after: KeyBytes | undefined,
  maxRows: number,
  { from, to }: KeyRange = {},
): string {
  const { definition } = selection;
  const names = namesOf(definition);
  const bounds = [
    ...(after === undefined ? [] : [beyond(names, literalsOf(definition, after), '>')]),
    ...(after === undefined && from !== undefined ? [beyond(names, boundOf(definition, from), '>=')] : []),
    ...(to === undefined ? [] : [beyond(names, boundOf(definition, to), '<=')]),
  ];
  const where = bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`;
  return `${selectAll(selection)}${byKey(definition)}${where} ORDER BY ${names.join(', ')} LIMIT ${maxRows}`;
}

/** The rows with these keys, in no order. */
export function selectKeys(selection: Selection, keys: readonly KeyBytes[]): string {
  const { definition } = selection;
  const where = keys.map((key) => equal(definition, key)).join(' OR ');
  return `${selectAll(selection)}${byKey(definition)} WHERE ${where}`;
}

/** One row: 1 in the column `e0` when there is a row with the first key, in `e1` with the second. */
export function selectFound({ definition }: Selection, keys: readonly KeyBytes[]): string {
  const { database, name } = definition.table;
  const rows = `SELECT 1 FROM ${quotedTable(database, name)}${byKey(definition)}`;
  return `SELECT ${keys.map((key, i) => `EXISTS (${rows} WHERE ${equal(definition, key)}) AS e${i}`).join(', ')}`;
}

const byKey = ({ keyIndex = 'PRIMARY' }: TableDefinition): string => ` FORCE INDEX (${quoted(keyIndex)})`;

const namesOf = ({ table }: TableDefinition): readonly string[] =>
  table.primaryKey.map(({ column }) => quoted(column.name));

const equal = (definition: TableDefinition, key: KeyBytes): string =>
  allEqual(namesOf(definition), literalsOf(definition, key));

function literalsOf({ table, keyCharsets }: TableDefinition, key: KeyBytes): readonly string[] {
  return table.primaryKey.map(({ column }, i) => literal(column, key[i], keyCharsets[i]));
}

const boundOf = ({ table, keyCharsets }: TableDefinition, bound: KeyBytes): readonly string[] =>
  table.primaryKey.slice(0, bound.length).map(({ column }, i) => literal(column, bound[i], keyCharsets[i]));

function literal(column: Column, value: Buffer | undefined, charset: TableDefinition['keyCharsets'][number]): string {
  const sql = value && keyLiteral(formOf(column, charset), value.toString('hex'));
  if (sql === undefined) throw keyError(column);
  return sql;
}

function formOf({ type, collation }: Column, charset: TableDefinition['keyCharsets'][number]): KeyForm {
  if (isVarchar(type) || isBlob(type) || type === TYPE.STRING)
    return collation === BINARY_COLLATION || charset === undefined ? { kind: 'bytes' } : { kind: 'text', ...charset };
  return { kind: type === TYPE.BIT ? 'bit' : 'plain' };
}

function keyError({ name }: Column): RelayError {
  return new RelayError('COPY_PLACE_INVALID', `the column ${name} has no value that its key can begin after`);
}

/** Under a name of its own: mysql2 takes no column that is called `__proto__`. */
const expressionOf = (column: Column): string =>
  `${selectedExpression(column, quoted(column.name))} AS c${column.index}`;

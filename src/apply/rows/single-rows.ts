/** Statements of rows that are looked at one by one: marked ones, changed keys, and tables without a key. */
import { RelayError } from '../../base/errors.ts';
import { isBinary, sameAs } from './form.ts';
import { bytesLiteral, literal } from './literal.ts';
import type { Row } from './scanner.ts';
import type { Statements } from './statements.ts';
import { columnOf, type ColumnPlan, type SoftDelete, type TablePlan } from './table-plan.ts';

/** One change of a message. */
export interface Change {
  /** After the change, for a DELETE before it. */
  readonly row: Row;
  /** Of an update: what the changed columns held before; otherwise empty. */
  readonly old: Row;
  /** Columns of `row` and of `old` whose text is the base64 of bytes that are no text. */
  readonly invalid: ReadonlySet<string>;
  readonly invalidOld: ReadonlySet<string>;
  /** Binary columns are not in base64, but each byte is the character of its number. */
  readonly isLatin1: boolean;
}

/** A table with a key: writes the row over what is there, whole or with the columns that it has. */
export function replaceRow(out: Statements, plan: TablePlan, change: Change): void {
  const columns = written(plan, change.row);
  const values = columns.map((column) => valueOf(column, change));
  out.add(plan, `REPLACE INTO ${plan.sql} (${columns.map(({ sql }) => sql).join()}) VALUES (${values.join()})`, 1);
}

export function insertRow(out: Statements, plan: TablePlan, change: Change): void {
  const columns = written(plan, change.row);
  const values = columns.map((column) => valueOf(column, change));
  out.add(plan, `INSERT INTO ${plan.sql} (${columns.map(({ sql }) => sql).join()}) VALUES (${values.join()})`, 1);
}

/** Removes the row that has the key as it was before the change. `removal`: the statement up to WHERE. */
export function deleteRow(
  out: Statements,
  plan: TablePlan,
  key: readonly ColumnPlan[],
  change: Change,
  removal: string,
): void {
  out.add(plan, `${removal} WHERE ${whereKey(key, change)}`, 1);
}

/** The key that the row gets is free of a row that is marked as deleted. */
export function freeKey(
  out: Statements,
  plan: TablePlan,
  key: readonly ColumnPlan[],
  { sql }: SoftDelete,
  change: Change,
): void {
  const where = whereKey(key, { ...change, old: NOTHING_OLD });
  out.add(plan, `DELETE FROM ${plan.sql} WHERE ${where} AND ${sql} IS NOT NULL`, 0);
}

const NOTHING_OLD: Row = new Map();

/** Writes the columns that the row has where its key is, as it was before the change. */
export function updateRow(out: Statements, plan: TablePlan, key: readonly ColumnPlan[], change: Change): void {
  const columns = written(plan, change.row);
  const kept = plan.keptOnUpdate.filter((sql) => columns.every((column) => column.sql !== sql));
  const set = [
    ...columns.map((column) => `${column.sql} = ${valueOf(column, change)}`),
    ...kept.map((sql) => `${sql} = ${sql}`),
    // It is there in the source.
    ...(plan.softDelete === undefined ? [] : [`${plan.softDelete.sql} = NULL`]),
  ];
  out.add(plan, `UPDATE ${plan.sql} SET ${set.join()} WHERE ${whereKey(key, change)}`, 1);
}

/** Of several rows that are the same in all columns one is meant, whichever. */
export function deleteSameRow(out: Statements, plan: TablePlan, change: Change): void {
  out.add(plan, `DELETE FROM ${plan.sql} WHERE ${whereSame(plan, change)} LIMIT 1`, 1, 1);
}

export function updateSameRow(out: Statements, plan: TablePlan, change: Change): void {
  const set = [...change.old.keys()]
    .map((name) => columnOf(plan, name))
    .filter(({ isGenerated }) => !isGenerated)
    .map((column) => `${column.sql} = ${valueOf(column, change)}`);
  // Nothing but generated columns: the row is as it was.
  if (set.length === 0) return;
  out.add(plan, `UPDATE ${plan.sql} SET ${set.join()} WHERE ${whereSame(plan, change)} LIMIT 1`, 1, 1);
}

function written(plan: TablePlan, row: Row): readonly ColumnPlan[] {
  return [...row.keys()].map((name) => columnOf(plan, name)).filter(({ isGenerated }) => !isGenerated);
}

function valueOf(column: ColumnPlan, { row, invalid, isLatin1 }: Change): string {
  return sqlOf(column, row.get(column.name), invalid.has(column.name), isLatin1, 'value');
}

/** As it was before the change. */
function keyOf(column: ColumnPlan, { row, old, invalid, invalidOld, isLatin1 }: Change): string {
  const text = old.get(column.name);
  return text === undefined
    ? sqlOf(column, row.get(column.name), invalid.has(column.name), isLatin1, 'key')
    : sqlOf(column, text, invalidOld.has(column.name), isLatin1, 'key');
}

function whereKey(key: readonly ColumnPlan[], change: Change): string {
  return key.map((column) => `${column.sql} = ${keyOf(column, change)}`).join(' AND ');
}

function whereSame(plan: TablePlan, change: Change): string {
  return [...change.row.keys()]
    .map((name) => columnOf(plan, name))
    .filter(({ isGenerated }) => !isGenerated)
    .map((column) => {
      const isOld = change.old.has(column.name);
      const isInvalid = (isOld ? change.invalidOld : change.invalid).has(column.name);
      const value = keyOf(column, change);
      if (!isInvalid) return sameAs(column.sql, column.type, value);
      return isLabel(column) ? `${column.sql} + 0 <=> ${value}` : `CAST(${column.sql} AS BINARY) <=> ${value}`;
    })
    .join(' AND ');
}

function sqlOf(
  column: ColumnPlan,
  text: string | null | undefined,
  isInvalid: boolean,
  isLatin1: boolean,
  use: 'value' | 'key',
): string {
  if (text === undefined) throw new RelayError('MESSAGE_UNREADABLE', `a row has no column ${column.name}`);
  if (text === null) return 'NULL';
  if (isInvalid) return isLabel(column) ? String(labelNumber(text)) : `FROM_BASE64("${base64(text)}")`;
  if (isLatin1 && isBinary(column.type)) return bytesLiteral(text);
  return literal(text, use === 'value' ? column.value : column.key);
}

const isLabel = ({ type }: ColumnPlan): boolean => /^(enum|set)\b/.test(type);

/** The number of an ENUM or the bits of a SET, whose bytes have the lowest first. */
function labelNumber(text: string): bigint {
  return [...Buffer.from(text, 'base64')].reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function base64(text: string): string {
  if (/^[A-Za-z0-9+/=]*$/.test(text)) return text;
  throw new RelayError('MESSAGE_UNREADABLE', 'a value that `invalidText` names is not base64');
}

/** The statements of a comparison. Pure. */
import { hexExpressions, isKey, rangeCondition, type HexKey } from '../../mysql/key-range.ts';
import { quoted } from '../../mysql/quoted.ts';
import type { Row } from '../verify.ts';
import type { Side } from './table-pair.ts';

/** Rows after a key up to another; open where one is undefined. */
export interface KeyRange {
  readonly after: HexKey | undefined;
  readonly upTo: HexKey | undefined;
}

export const EVERYTHING: KeyRange = { after: undefined, upTo: undefined };

/** What a set of rows is, whatever their order: equal for equal rows, each as often. */
export interface Sums {
  readonly rows: number;
  /** Decimal digits. */
  readonly first: string;
  readonly second: string;
}

export const areEqual = (one: Sums, other: Sums): boolean =>
  one.rows === other.rows && one.first === other.first && one.second === other.second;

/** The key of the last of the `rows` rows after `after`; no row when there are fewer. */
export function selectBound(side: Side, after: HexKey | undefined, rows: number): string {
  const { table, key, index } = side;
  const names = key.map(({ name }) => quoted(name)).join(', ');
  return `SELECT ${namedKeys(key)} FROM ${table}${index}${where(side, { after, upTo: undefined })} ORDER BY ${names} LIMIT 1 OFFSET ${rows - 1}`;
}

/** One row for `sumsIn`. The limit keeps the servers from computing each hash several times. */
export function selectSums(side: Side, range: KeyRange): string {
  const { table, key, index, rowHash } = side;
  const rows = `SELECT ${rowHash} AS h FROM ${table}${index}${where(side, range)}`;
  const limit = key.length === 0 ? '' : ' LIMIT 18446744073709551615';
  const half = (side: string): string => `COALESCE(SUM(CAST(CONV(${side}(h, 16), 16, 10) AS UNSIGNED)), 0)`;
  return `SELECT COUNT(*) AS n, COUNT(h) AS hashed, ${half('LEFT')} AS a, ${half('RIGHT')} AS b FROM (${rows}${limit}) r`;
}

/** Undefined: the server could not compute some hash. */
export function sumsIn(row: Row | undefined): Sums | undefined {
  const rows = Number(row?.['n']);
  if (row?.['n'] !== row?.['hashed'] || !Number.isSafeInteger(rows)) return undefined;
  return { rows, first: row?.['a'] ?? '', second: row?.['b'] ?? '' };
}

/** Keys and hashes of the rows in the range, for `keyIn` and `hashIn`. */
export const selectRows = (side: Side, range: KeyRange): string =>
  `SELECT ${namedKeys(side.key)}, ${side.rowHash} AS h FROM ${side.table}${side.index}${where(side, range)}`;

/** Likewise of the rows with these keys, as the server compares. */
export const selectKeys = ({ table, key, index, counted, rowHash }: Side, keys: readonly HexKey[]): string =>
  `SELECT ${namedKeys(key)}, ${rowHash} AS h FROM ${table}${index} WHERE ${both(keys.map((value) => isKey(key, value)).join(' OR '), counted)}`;

/**
 * Keys of the rows in the range that show one of these keys, and that the server does not find by it. In one statement,
 * so that no change can come between the two.
 */
export function selectUnfound(side: Side, range: KeyRange, keys: readonly HexKey[]): string {
  const { table, key, index } = side;
  const shown = `CONCAT_WS(',', ${hexExpressions(key).join(', ')})`;
  const ids = keys.map((value) => `'${keyId(value)}'`);
  const unfound = keys.map((value, i) => `(${shown} = ${ids[i] ?? ''} AND (${isKey(key, value)}) IS NOT TRUE)`);
  const wanted = `${shown} IN (${ids.join(', ')}) AND (${unfound.join(' OR ')})`;
  return `SELECT ${namedKeys(key)} FROM ${table}${index} WHERE ${both(rangeCondition(key, range.after, range.upTo), both(wanted, side.counted))}`;
}

/** Of one row, each expression as `c0`, `c1` … */
export const selectColumns = ({ table, key, counted }: Side, value: HexKey, expressions: readonly string[]): string =>
  `SELECT ${expressions.map((sql, i) => `${sql} AS c${i}`).join(', ')} FROM ${table} WHERE ${both(isKey(key, value), counted)}`;

export const keyIn = (row: Row, { key }: Side): HexKey => key.map((_column, i) => row[`k${i}`] ?? '');

/** Undefined: the server could not compute it. */
export const hashIn = (row: Row): string | undefined => row['h'] ?? undefined;

export const keyId = (key: HexKey): string => key.join(',');

const namedKeys = (key: Side['key']): string =>
  hexExpressions(key)
    .map((sql, i) => `${sql} AS k${i}`)
    .join(', ');

function where({ key, counted }: Side, { after, upTo }: KeyRange): string {
  const condition = both(rangeCondition(key, after, upTo), counted);
  return condition === '' ? '' : ` WHERE ${condition}`;
}

function both(one: string, other: string): string {
  return one === '' || other === '' ? one + other : `(${one}) AND ${other}`;
}

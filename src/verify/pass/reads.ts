/** What is read of one side. */
import type { HexKey } from '../../mysql/key-range.ts';
import { RelayError } from '../../base/errors.ts';
import type { Side } from '../tables/table-pair.ts';
import {
  hashIn,
  keyId,
  keyIn,
  selectKeys,
  selectRows,
  selectSums,
  selectUnfound,
  sumsIn,
  type KeyRange,
  type Sums,
} from '../tables/queries.ts';
import type { Asked, Row } from '../verify.ts';
import type { RowHash } from './candidates.ts';

/** Keys in one statement. */
const KEYS_AT_ONCE = 200;

/** Throws VERIFY_UNHASHABLE. */
export async function sumsOf(asked: Asked, side: Side, range: KeyRange): Promise<Sums> {
  const [row] = await asked.query(selectSums(side, range));
  const sums = sumsIn(row);
  if (sums === undefined) throw unhashable(side);
  return sums;
}

export interface KeyedRow {
  readonly key: HexKey;
  readonly hash: string;
  /** Other rows show the same key, as when several characters of a charset are one in UTF-8. */
  readonly hasOthersAlike: boolean;
}

/** What the server has under a key. */
export interface Found {
  readonly hash: RowHash;
  /** It is a row that shows this key, and not only one whose key the server takes for equal. */
  readonly isOwn: boolean;
}

/** By the id of the key. Throws VERIFY_UNHASHABLE. */
export async function rowsOf(asked: Asked, side: Side, range: KeyRange): Promise<ReadonlyMap<string, KeyedRow>> {
  return keyedRows(side, await asked.query(selectRows(side, range)));
}

/** The row that the server has under each of the keys, by the id of the key. Throws VERIFY_UNHASHABLE. */
export async function hashesOf(asked: Asked, side: Side, keys: readonly HexKey[]): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
    const some = keys.slice(i, i + KEYS_AT_ONCE);
    const rows = keyedRows(side, await asked.query(selectKeys(side, some)));
    for (const key of some) {
      const row = rows.get(keyId(key));
      found.set(keyId(key), { hash: row?.hash, isOwn: row !== undefined });
    }
    // The server takes a row for one of these keys although its bytes are others: `a` and `A`.
    const hasOther = [...rows.keys()].some((id) => !found.has(id));
    const unmet = hasOther ? some.filter((key) => !rows.has(keyId(key))) : [];
    for (const key of unmet) {
      const [row] = await asked.query(selectKeys(side, [key]));
      found.set(keyId(key), { hash: row && hashed(side, row), isOwn: false });
    }
  }
  return found;
}

/** Of the keys those, by id, by which the server does not find a row that it has in the range and that shows them. */
export async function unfoundOf(
  asked: Asked,
  side: Side,
  range: KeyRange,
  keys: readonly HexKey[],
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
    const rows = await asked.query(selectUnfound(side, range, keys.slice(i, i + KEYS_AT_ONCE)));
    for (const row of rows) ids.add(keyId(keyIn(row, side)));
  }
  return ids;
}

function keyedRows(side: Side, rows: readonly Row[]): ReadonlyMap<string, KeyedRow> {
  const found = new Map<string, KeyedRow>();
  for (const row of rows) {
    const key = keyIn(row, side);
    const id = keyId(key);
    found.set(id, { key, hash: hashed(side, row), hasOthersAlike: found.has(id) });
  }
  return found;
}

function hashed(side: Side, row: Row): string {
  const hash = hashIn(row);
  if (hash === undefined) throw unhashable(side);
  return hash;
}

const unhashable = ({ table }: Side): RelayError =>
  new RelayError('VERIFY_UNHASHABLE', `a server cannot compute the hash of a row of ${table}`);

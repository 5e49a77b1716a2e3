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
}

/** By the id of the key. Throws VERIFY_UNHASHABLE. */
export async function rowsOf(asked: Asked, side: Side, range: KeyRange): Promise<ReadonlyMap<string, KeyedRow>> {
  return keyedRows(side, await asked.query(selectRows(side, range)));
}

/** The hash of the row that the server has under each of the keys, by the id of the key. Throws VERIFY_UNHASHABLE. */
export async function hashesOf(
  asked: Asked,
  side: Side,
  keys: readonly HexKey[],
): Promise<ReadonlyMap<string, RowHash>> {
  const found = new Map<string, RowHash>();
  for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
    const some = keys.slice(i, i + KEYS_AT_ONCE);
    const rows = keyedRows(side, await asked.query(selectKeys(side, some)));
    for (const key of some) found.set(keyId(key), rows.get(keyId(key))?.hash);
    // The server takes a row for one of these keys although its bytes are others: `a` and `A`.
    const hasOther = [...rows.keys()].some((id) => !found.has(id));
    const unmet = hasOther ? some.filter((key) => !rows.has(keyId(key))) : [];
    for (const key of unmet) {
      const [row] = await asked.query(selectKeys(side, [key]));
      found.set(keyId(key), row && hashed(side, row));
    }
  }
  return found;
}

function keyedRows(side: Side, rows: readonly Row[]): ReadonlyMap<string, KeyedRow> {
  return new Map(
    rows.map((row) => {
      const key = keyIn(row, side);
      return [keyId(key), { key, hash: hashed(side, row) }];
    }),
  );
}

function hashed(side: Side, row: Row): string {
  const hash = hashIn(row);
  if (hash === undefined) throw unhashable(side);
  return hash;
}

const unhashable = ({ table }: Side): RelayError =>
  new RelayError('VERIFY_UNHASHABLE', `a server cannot compute the hash of a row of ${table}`);

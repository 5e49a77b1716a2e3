import type { Table } from '../../binlog/binlog.ts';
import type { RowIdentity } from '../../change/change.ts';
import { RowKey } from '../../change/row-key.ts';
import type { ValueForm } from '../tables/value-form.ts';

/** So many are told apart. */
const MAX_KEYS = 100_000;

/**
 * Keys that rows were given, as far as it is to be known whether the server may take another key as equal to one of
 * them: `abc` and `ABC` are one key under most collations. It never says no where the server would say yes.
 */
export class LikelyKeys {
  readonly #keys = new Set<number>();
  readonly #lanes = new Set<number>();
  /** Of keys that may be equal to all those of the same lane. */
  readonly #anyLanes = new Set<number>();
  #isOverflown = false;

  clear(): void {
    this.#keys.clear();
    this.#lanes.clear();
    this.#anyLanes.clear();
    this.#isOverflown = false;
  }

  add({ laneHash, keyHash, isAnyKey }: RowIdentity): void {
    if (this.#isOverflown) return;
    this.#lanes.add(laneHash);
    if (isAnyKey) this.#anyLanes.add(laneHash);
    else this.#keys.add(keyHash);
    if (this.#keys.size + this.#lanes.size <= MAX_KEYS) return;
    this.clear();
    this.#isOverflown = true;
  }

  /** Whether one of them may be equal to it. */
  has({ laneHash, keyHash, isAnyKey }: RowIdentity): boolean {
    if (this.#isOverflown) return true;
    return isAnyKey ? this.#lanes.has(laneHash) : this.#keys.has(keyHash) || this.#anyLanes.has(laneHash);
  }
}

/** Identities of rows by their key, whatever the ordering of the lanes. */
export function identityKey(table: Table, form: ValueForm): RowKey {
  const columns = table.columns.map((column) => ({
    column,
    size: form.size(column),
    codec: table.primaryKey.some((part) => part.column.index === column.index)
      ? form.codec(column, { invalidText: 'empty' })
      : undefined,
  }));
  return new RowKey(table, columns, 'key');
}

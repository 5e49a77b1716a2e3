import { RelayError } from '../../base/errors.ts';

/** A change's place in its transaction, among those of its table. */
export interface ChangePlace {
  readonly transaction: string;
  readonly n: number;
}

/** `changes`: as the body has them, `23#0`. `newest`: by transaction. Throws MESSAGE_UNREADABLE. */
export function newestChanges(
  source: string,
  changes: readonly string[],
): { readonly places: readonly ChangePlace[]; readonly newest: ReadonlyMap<string, number> } {
  const places = changes.map((change) => placeOf(source, change));
  const newest = new Map<string, number>();
  for (const { transaction, n } of places) newest.set(transaction, Math.max(n, newest.get(transaction) ?? 0));
  return { places, newest };
}

function placeOf(source: string, change: string): ChangePlace {
  const hash = change.lastIndexOf('#');
  const n = Number(change.slice(hash + 1));
  if (hash === -1 || !Number.isSafeInteger(n)) throw new RelayError('MESSAGE_UNREADABLE', '`changes` has no change id');
  return { transaction: `${source}:${change.slice(0, hash)}`, n };
}

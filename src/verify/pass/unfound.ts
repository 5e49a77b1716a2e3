import type { Ends } from '../verify.ts';
import { keyId } from '../tables/queries.ts';
import type { TablePair } from '../tables/table-pair.ts';
import type { Candidate, CandidatePlace } from './candidates.ts';
import type { LookedAt } from './looks.ts';
import { unfoundOf } from './reads.ts';

/**
 * Those of the rows that a server has and does not find by their key. A row that was found nowhere may have been
 * deleted on both sides; or its key has been read, or written into a statement, wrongly: then nothing is known of it.
 * What tells the two apart is a read of the whole part of the table by what the server shows of the keys.
 */
export async function unfoundAmong(
  { pair, ends }: { readonly pair: TablePair; readonly ends: Ends },
  looked: readonly LookedAt[],
): Promise<ReadonlySet<Candidate>> {
  const unfound = new Set<Candidate>();
  for (const side of ['source', 'target'] as const) {
    const unseen = looked.filter(({ isSeen }) => !isSeen[side]).map(({ candidate }) => candidate);
    for (const [place, candidates] of byPlace(unseen)) {
      const keys = candidates.map(({ key }) => key);
      const ids = await unfoundOf(await ends[side](), pair[side], place, keys);
      for (const candidate of candidates) if (ids.has(keyId(candidate.key))) unfound.add(candidate);
    }
  }
  return unfound;
}

function byPlace(candidates: readonly Candidate[]): ReadonlyMap<CandidatePlace, readonly Candidate[]> {
  const found = new Map<CandidatePlace, Candidate[]>();
  for (const candidate of candidates) found.set(candidate.from, [...(found.get(candidate.from) ?? []), candidate]);
  return found;
}

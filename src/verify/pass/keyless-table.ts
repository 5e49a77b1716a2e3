import { isAborted } from '../../base/retry.ts';
import { areEqual, EVERYTHING, type Sums } from '../tables/queries.ts';
import type { TableOptions } from './table-options.ts';
import { sumsOf } from './reads.ts';
import type { Compared } from './table-place.ts';

type KeylessOptions = Pick<
  TableOptions,
  'pair' | 'ends' | 'moments' | 'pace' | 'rules' | 'clock' | 'random' | 'stop' | 'onProgress'
>;

/**
 * Compares a table without a key as a whole, until both sides were equal once, or nothing moved in many looks and they
 * were not.
 */
export async function compareKeyless(options: KeylessOptions): Promise<Compared> {
  const { pair, ends, moments, pace, rules, clock, random, stop, onProgress } = options;
  let same = 0;
  let last: readonly [Sums, Sums] | undefined;
  let rows = 0;
  const outcome = (found: Partial<Compared>): Compared => ({
    rows,
    differences: [],
    different: 0,
    isCut: false,
    undecided: 0,
    undecidedRows: [],
    reason: '',
    ...found,
  });
  onProgress({ rows, open: 1, different: 0 });
  for (let looks = 0; looks < rules.maxLooks && !isAborted(stop); looks += 1) {
    await pace.wait();
    if (looks > 0) await clock.sleep(random() * 1_000, stop);
    const before = await pace.working(async () => sumsOf(await ends.source(), pair.source, EVERYTHING));
    rows = before.rows;
    onProgress({ rows, open: 1, different: 0 });
    const wanted = await moments.now();
    let target: Sums | undefined;
    while (target === undefined) {
      if (!(await moments.until(wanted, () => Promise.resolve()))) return outcome({ undecided: 1 });
      target = await moments.view(wanted, (view) => pace.working(() => sumsOf(view, pair.target, EVERYTHING)));
    }
    if (areEqual(before, target)) return outcome({});
    const after = await pace.working(async () => sumsOf(await ends.source(), pair.source, EVERYTHING));
    if (areEqual(after, target)) return outcome({});
    if (!areEqual(before, after)) {
      same = 0;
      continue;
    }
    const [source, copy] = last ?? [];
    const isAsBefore = source !== undefined && copy !== undefined && areEqual(source, before) && areEqual(copy, target);
    same = isAsBefore && same > 0 ? same + 1 : 1;
    last = [before, target];
    if (same >= rules.looks) {
      const reason =
        before.rows === target.rows
          ? `${before.rows} rows on both sides, but not the same`
          : `${before.rows} rows in the source, ${target.rows} in the target`;
      return outcome({ different: Math.max(1, Math.abs(before.rows - target.rows)), isCut: true, reason });
    }
  }
  return outcome({ undecided: 1, reason: 'it changed during every look' });
}

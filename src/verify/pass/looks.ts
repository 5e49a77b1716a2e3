import type { HexKey } from '../../mysql/key-range.ts';
import { keyId } from '../tables/queries.ts';
import type { Asked } from '../verify.ts';
import type { Candidate, Look, RowHash } from './candidates.ts';
import type { TableOptions } from './table-options.ts';
import { hashesOf } from './reads.ts';

/** While the target is waited for, no more rows than these are looked at again and again in the source. */
const SAMPLED = 500;

interface Looked {
  readonly candidate: Candidate;
  readonly source: RowHash[];
  target: RowHash;
  readonly isSeen: { source: boolean; target: boolean };
}

export interface LookedAt {
  readonly candidate: Candidate;
  readonly look: Look;
  /** On which sides a row was found that shows the candidate's key. */
  readonly isSeen: { readonly source: boolean; readonly target: boolean };
}

/** One look at rows, first in the source, then in the target, and in the source again. */
export class Looks {
  readonly #options: Pick<TableOptions, 'pair' | 'ends' | 'moments'>;
  readonly #looked: readonly Looked[];

  constructor(options: Pick<TableOptions, 'pair' | 'ends' | 'moments'>, candidates: readonly Candidate[]) {
    this.#options = options;
    this.#looked = candidates.map((candidate) => ({
      candidate,
      source: [],
      target: undefined,
      isSeen: { source: false, target: false },
    }));
  }

  /** What `read` gives in the view of the target that the rows are read in; undefined when it was stopped. */
  async take<T>(read: (target: Asked) => Promise<T>): Promise<T | undefined> {
    const { moments, pair } = this.#options;
    await this.#sample(this.#looked);
    const wanted = await moments.now();
    for (;;) {
      if (!(await moments.until(wanted, () => this.#sample(this.#looked.slice(0, SAMPLED))))) return undefined;
      const found = await moments.view(wanted, async (target) => {
        const result = { read: await read(target) };
        const hashes = await hashesOf(target, pair.target, this.#looked.map(keyOf));
        for (const looked of this.#looked) {
          const row = hashes.get(keyId(keyOf(looked)));
          looked.target = row?.hash;
          looked.isSeen.target = row?.isOwn === true;
        }
        return result;
      });
      if (found === undefined) continue;
      await this.#sample(this.#looked);
      return found.read;
    }
  }

  all(): readonly LookedAt[] {
    return this.#looked.map(({ candidate, source, target, isSeen }) => ({
      candidate,
      look: { source, target },
      isSeen,
    }));
  }

  async #sample(looked: readonly Looked[]): Promise<void> {
    if (looked.length === 0) return;
    const { ends, pair } = this.#options;
    const hashes = await hashesOf(await ends.source(), pair.source, looked.map(keyOf));
    for (const { candidate, source, isSeen } of looked) {
      const row = hashes.get(keyId(candidate.key));
      source.push(row?.hash);
      isSeen.source ||= row?.isOwn === true;
    }
  }
}

const keyOf = ({ candidate }: Looked): HexKey => candidate.key;

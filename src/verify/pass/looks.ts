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
}

/** One look at rows, first in the source, then in the target, and in the source again. */
export class Looks {
  readonly #options: Pick<TableOptions, 'pair' | 'ends' | 'moments'>;
  readonly #looked: readonly Looked[];

  constructor(options: Pick<TableOptions, 'pair' | 'ends' | 'moments'>, candidates: readonly Candidate[]) {
    this.#options = options;
    this.#looked = candidates.map((candidate) => ({ candidate, source: [], target: undefined }));
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
        for (const looked of this.#looked) looked.target = hashes.get(keyId(keyOf(looked)));
        return result;
      });
      if (found === undefined) continue;
      await this.#sample(this.#looked);
      return found.read;
    }
  }

  all(): readonly { readonly candidate: Candidate; readonly look: Look }[] {
    return this.#looked.map(({ candidate, source, target }) => ({ candidate, look: { source, target } }));
  }

  async #sample(looked: readonly Looked[]): Promise<void> {
    if (looked.length === 0) return;
    const { ends, pair } = this.#options;
    const hashes = await hashesOf(await ends.source(), pair.source, looked.map(keyOf));
    for (const { candidate, source } of looked) source.push(hashes.get(keyId(candidate.key)));
  }
}

const keyOf = ({ candidate }: Looked): HexKey => candidate.key;

/** Rows that differed once, and what further looks at them say. Pure. */
import type { HexKey } from '../../mysql/key-range.ts';
import type { KeyRange } from '../tables/queries.ts';

/** The hash of a row; undefined: there is no such row. */
export type RowHash = string | undefined;

/** One look at a row. */
export interface Look {
  /** In the source, in order: the first before the moment that the target has come to, the last after it was read. */
  readonly source: readonly RowHash[];
  readonly target: RowHash;
}

export type Verdict =
  | { readonly is: 'equal' }
  | { readonly is: 'different'; readonly source: RowHash; readonly target: RowHash }
  | { readonly is: 'undecided' }
  | { readonly is: 'open' };

export interface CandidateRules {
  /** A row differs if in so many looks, one after the other, neither side changed and the two were unequal. */
  readonly looks: number;
  /** After so many it is undecided. */
  readonly maxLooks: number;
  /** A row that only the target has is no difference. */
  readonly allowsExtra: boolean;
}

/** The part of the table that a row was found in. */
export interface CandidatePlace extends KeyRange {
  /** Rows before it. */
  readonly rows: number;
}

interface State {
  looks: number;
  same: number;
  source: RowHash;
  target: RowHash;
}

/** What is known of one row. */
export class Candidate {
  readonly key: HexKey;
  /** Where the comparison has to begin again so that the row is found again. */
  readonly from: CandidatePlace;
  readonly #rules: CandidateRules;
  #state: State = { looks: 0, same: 0, source: undefined, target: undefined };

  constructor(key: HexKey, from: CandidatePlace, rules: CandidateRules) {
    this.key = key;
    this.from = from;
    this.#rules = rules;
  }

  /**
   * What the look decides. Equal: the target shows the row as the source had it during the look. Different: only what
   * did not move, in many looks.
   */
  take({ source, target }: Look): Verdict {
    const { looks, maxLooks, allowsExtra } = this.#rules;
    if (source.includes(target)) return { is: 'equal' };
    const [first] = source;
    if (allowsExtra && source.every((hash) => hash === undefined)) return { is: 'equal' };
    const state = this.#state;
    const isStill = source.every((hash) => hash === first);
    const isAsBefore = state.same > 0 && state.source === first && state.target === target;
    this.#state = {
      looks: state.looks + 1,
      same: isStill ? (isAsBefore ? state.same + 1 : 1) : 0,
      source: first,
      target,
    };
    if (this.#state.same >= looks) return { is: 'different', source: first, target };
    return { is: this.#state.looks >= maxLooks ? 'undecided' : 'open' };
  }
}

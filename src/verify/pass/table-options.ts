import type { Clock } from '../../base/clock.ts';
import type { TablePair } from '../tables/table-pair.ts';
import type { Ends } from '../verify.ts';
import type { CandidateRules } from './candidates.ts';
import type { Moments } from './moments.ts';
import type { Pace } from './pace.ts';
import type { TablePlace } from './table-place.ts';

/** What the comparison of a table works with. */
export interface TableOptions {
  readonly pair: TablePair;
  readonly ends: Ends;
  readonly moments: Moments;
  readonly pace: Pace;
  readonly rules: CandidateRules;
  /** How long the read of one chunk should take. */
  readonly chunkMs: number;
  /** When so many rows differ, no more are looked for. */
  readonly maxDifferences: number;
  readonly showsValues: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly stop: AbortSignal;
  /** Everything up to there is decided: a comparison that is cut off goes on there. */
  readonly onPlace: (place: TablePlace) => Promise<void>;
  readonly onProgress: (progress: { readonly rows: number; readonly open: number; readonly different: number }) => void;
}

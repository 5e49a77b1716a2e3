import type { HexKey } from '../../mysql/key-range.ts';
import type { Difference, UndecidedRow } from '../verify.ts';

/** How far a table is compared: everything up to here is decided. */
export interface TablePlace {
  /** Undefined: at its beginning. */
  readonly after: HexKey | undefined;
  readonly rows: number;
  readonly differences: readonly Difference[];
}

export const BEGINNING: TablePlace = { after: undefined, rows: 0, differences: [] };

/** What a comparison of a table has found. */
export interface Compared {
  readonly rows: number;
  readonly differences: readonly Difference[];
  readonly different: number;
  /** There may be more. */
  readonly isCut: boolean;
  readonly undecided: number;
  readonly undecidedRows: readonly UndecidedRow[];
  readonly reason: string;
}

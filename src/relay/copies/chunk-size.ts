export interface ChunkLimits {
  /** How long the read of a chunk should take. */
  readonly chunkMs: number;
  /** What a chunk holds in memory at most, and one row. */
  readonly chunkBytes: number;
  readonly maxRows: number;
}

const FIRST_ROWS = 256;
/** A chunk is at most so many times as large as the one before. */
const GROWTH = 4;

/** How many rows the next chunk should have, from what the ones before took. */
export class ChunkSize {
  rows: number;
  readonly #limits: ChunkLimits;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
    this.rows = Math.min(FIRST_ROWS, limits.maxRows);
  }

  /** The chunk could not be used: a smaller one may be. */
  halve(): void {
    this.rows = Math.max(1, this.rows >> 1);
  }

  /** A chunk of `rows` rows was read. */
  took(rows: number, sizeBytes: number, ms: number): void {
    if (rows === 0) return;
    const { chunkMs, chunkBytes, maxRows } = this.#limits;
    const byTime = (rows * chunkMs) / Math.max(ms, 0.1);
    // Half of it, since rows may be larger further on.
    const byBytes = (rows * chunkBytes) / 2 / Math.max(sizeBytes, 1);
    const wanted = Math.min(byTime, byBytes, this.rows * GROWTH, maxRows);
    this.rows = Math.max(1, Math.floor(wanted));
  }
}

const FIRST_ROWS = 1_000;
/** Below it the way to the server takes longer than the read. */
const MIN_ROWS = 200;
const MAX_ROWS = 10_000;
/** A chunk is at most so many times as large as the one before. */
const GROWTH = 4;

/** How many rows the next chunk should have, from what the ones before took. */
export class ChunkRows {
  rows = FIRST_ROWS;
  readonly #chunkMs: number;

  /** `chunkMs`: how long the read of a chunk should take. */
  constructor(chunkMs: number) {
    this.#chunkMs = chunkMs;
  }

  took(rows: number, ms: number): void {
    if (rows === 0) return;
    const wanted = Math.min((rows * this.#chunkMs) / Math.max(ms, 0.1), this.rows * GROWTH, MAX_ROWS);
    this.rows = Math.max(MIN_ROWS, Math.floor(wanted));
  }
}

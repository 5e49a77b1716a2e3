/** Columns of the image that is being written whose bytes are no text, and are published in base64. */
export class InvalidText {
  #columns: string[] = [];

  /** The column is written in base64. */
  add(column: string): void {
    if (!this.#columns.includes(column)) this.#columns.push(column);
  }

  /** An image is about to be written. */
  clear(): void {
    if (this.#columns.length > 0) this.#columns = [];
  }

  /** Those of the image that was written; none of the next one. */
  take(): readonly string[] {
    if (this.#columns.length === 0) return NONE;
    const columns = this.#columns;
    this.#columns = [];
    return columns;
  }
}

const NONE: readonly string[] = [];

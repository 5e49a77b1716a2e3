/** So many keys are remembered before it is asked which of them matter: some ten megabytes. */
export const MAX_KEYS = 100_000;

/**
 * Exact keys of the rows that the stream has changed since a chunk was begun. Not more than MAX_KEYS, or as many as the
 * chunk has rows, however much comes before the stream is where the chunk belongs.
 */
export class ChangedKeys {
  readonly keys = new Set<string>();
  /** Those of them of which the stream has brought only some columns: it is not enough to leave them to it. */
  readonly partial = new Set<string>();
  /** Too much has come before the chunk was read: nobody knows what has changed. */
  isOverflown = false;
  readonly #maxKeys: number;
  #keysOfChunk: (() => ReadonlySet<string>) | undefined;
  /** From the moment on that there are too many others. */
  #only: ReadonlySet<string> | undefined;

  constructor(maxKeys = MAX_KEYS) {
    this.#maxKeys = maxKeys;
  }

  clear(): void {
    this.keys.clear();
    this.partial.clear();
    this.isOverflown = false;
    this.#keysOfChunk = undefined;
    this.#only = undefined;
  }

  /** The chunk is read: keys that are not in it do not matter. They are asked for when it is worth it. */
  narrow(keysOfChunk: () => ReadonlySet<string>): void {
    this.#keysOfChunk = keysOfChunk;
  }

  add(key: string, isPartial: boolean): void {
    if (this.isOverflown || this.#only?.has(key) === false) return;
    this.keys.add(key);
    if (isPartial) this.partial.add(key);
    if (this.#only === undefined && this.keys.size > this.#maxKeys) this.#restrict();
  }

  #keys(): ReadonlySet<string> | undefined {
    try {
      return this.#keysOfChunk?.();
    } catch {
      // Rows of another shape than the definition says: the stream is about to tell, and does not end for it.
      return undefined;
    }
  }

  #restrict(): void {
    this.#only = this.#keys();
    if (this.#only === undefined) {
      this.clear();
      this.isOverflown = true;
      return;
    }
    for (const key of this.keys) if (!this.#only.has(key)) this.keys.delete(key);
    for (const key of this.partial) if (!this.#only.has(key)) this.partial.delete(key);
  }
}

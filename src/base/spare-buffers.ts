/**
 * Buffers that were grown out of, for the next one that grows. Memory outside of V8's heap costs more than its
 * allocation: V8 counts it, and collects its whole heap for every few tens of megabytes (measured: without spares a
 * third more garbage collection in a backlog).
 *
 * What is given must not be in use anywhere: never a buffer that was handed to somebody else.
 */
export class SpareBuffers {
  readonly #maxBytes: number;
  /** By size, the size that was not asked for the longest first. No list is empty. */
  readonly #bySize = new Map<number, Buffer[]>();
  #bytes = 0;

  /** Keeps at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** At least `bytes` long, with anything in it. */
  take(bytes: number): Buffer {
    const size = sizeFor(bytes);
    const spares = this.#bySize.get(size);
    const spare = spares?.pop();
    if (spares === undefined || spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#bytes -= size;
    this.#bySize.delete(size);
    if (spares.length > 0) this.#bySize.set(size, spares);
    return spare;
  }

  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size < SMALLEST_BYTES || size > LARGEST_BYTES || !this.#makeRoom(size)) return;
    const spares = this.#bySize.get(size);
    if (spares === undefined) this.#bySize.set(size, [buffer]);
    else spares.push(buffer);
    this.#bytes += size;
  }

  /**
   * Drops what nobody asked for the longest: a pool that is full of sizes of the past would be of no use ever after.
   */
  #makeRoom(size: number): boolean {
    while (this.#bytes + size > this.#maxBytes) {
      const [oldest] = this.#bySize;
      if (oldest === undefined || oldest[0] === size) return false;
      const [oldestSize, spares] = oldest;
      spares.pop();
      this.#bytes -= oldestSize;
      if (spares.length === 0) this.#bySize.delete(oldestSize);
    }
    return true;
  }
}

/** Smaller ones are cheap, larger ones rare. */
const SMALLEST_BYTES = 1 << 10;
const LARGEST_BYTES = 1 << 20;

/** Few sizes, four in each octave, so that spares fit and at most a quarter of a buffer is unused. */
function sizeFor(bytes: number): number {
  if (bytes < SMALLEST_BYTES) return bytes;
  const step = 2 ** Math.floor(Math.log2(bytes)) / 4;
  return Math.ceil(bytes / step) * step;
}

import { SpareBuffers } from './spare-buffers.ts';

/**
 * Counts the bytes that all buffers of a relay occupy, used or not: the byte budget is about memory, not about text.
 */
export interface HeldBytes {
  bytes: number;
}

/** Bytes that grow at their end. `reserve` first, then write to `buffer` from `length` and raise `length`. */
export class GrowingBytes {
  buffer: Buffer;
  length = 0;
  readonly #held: HeldBytes;

  constructor(held: HeldBytes, capacity: number) {
    this.#held = held;
    this.buffer = SPARES.take(capacity);
    held.bytes += this.buffer.length;
  }

  /**
   * Makes room for `sizeBytes` more bytes and returns the buffer to write to. The one before is lost: nobody else may
   * have it.
   */
  reserve(sizeBytes: number): Buffer {
    const needed = this.length + sizeBytes;
    if (needed <= this.buffer.length) return this.buffer;
    const growth = this.buffer.length < LARGE_BYTES ? 2 : LARGE_GROWTH;
    const grown = SPARES.take(Math.max(needed, this.buffer.length * growth));
    this.buffer.copy(grown, 0, 0, this.length);
    this.#held.bytes += grown.length - this.buffer.length;
    SPARES.give(this.buffer);
    this.buffer = grown;
    return grown;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
  }

  /**
   * The bytes are no longer held; the object must not be used again. Somebody else may still read what `written` gave.
   */
  release(): void {
    this.#held.bytes -= this.buffer.length;
    this.buffer = NOTHING;
    this.length = 0;
  }

  /** `release`, when nobody else has the bytes. */
  recycle(): void {
    SPARES.give(this.buffer);
    this.release();
  }

  written(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

const NOTHING = Buffer.alloc(0);
/** A large buffer grows in smaller steps: most are as large by then as they get. */
const LARGE_BYTES = 256 << 10;
const LARGE_GROWTH = 1.25;
/** Enough for what grows at the same time: some messages of a quarter of a megabyte. */
const SPARES = new SpareBuffers(8 << 20);

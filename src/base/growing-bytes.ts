/** Counts the bytes that all buffers of a relay occupy, used or not: the byte budget is about memory, not about text. */
export interface HeldBytes {
  bytes: number;
}

/** A part of what is held: counted by itself, and in the whole as well. */
export class HeldPart implements HeldBytes {
  readonly #whole: HeldBytes;
  #bytes = 0;

  constructor(whole: HeldBytes) {
    this.#whole = whole;
  }

  get bytes(): number {
    return this.#bytes;
  }

  set bytes(bytes: number) {
    this.#whole.bytes += bytes - this.#bytes;
    this.#bytes = bytes;
  }
}

/** Bytes that grow at their end. `reserve` first, then write to `buffer` from `length` and raise `length`. */
export class GrowingBytes {
  buffer: Buffer;
  length = 0;
  readonly #held: HeldBytes;

  constructor(held: HeldBytes, capacity: number) {
    this.#held = held;
    this.buffer = Buffer.allocUnsafeSlow(capacity);
    held.bytes += capacity;
  }

  /** Makes room for `sizeBytes` more bytes and returns the buffer to write to. */
  reserve(sizeBytes: number): Buffer {
    const needed = this.length + sizeBytes;
    if (needed <= this.buffer.length) return this.buffer;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.#held.bytes += grown.length - this.buffer.length;
    this.buffer = grown;
    return grown;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The bytes are no longer held; the object must not be used again. */
  release(): void {
    this.#held.bytes -= this.buffer.length;
    this.buffer = NOTHING;
    this.length = 0;
  }

  written(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

const NOTHING = Buffer.alloc(0);

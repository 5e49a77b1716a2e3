/**
 * For every key hash, the number of the newest message of a lane that holds a row of that key.
 *
 * Open addressing in two typed arrays: a row costs one probe and no object. Entries of messages that have been sent are
 * stale; they are dropped when the table would have to grow, so its size follows the rows not yet sent.
 */
export class KeyIndex {
  #hashes = new Int32Array(64);
  #numbers = new Float64Array(64);
  #used = 0;

  /** The newest message that holds the key, 0 when none does. */
  newest(hash: number): number {
    return this.#numbers[this.#slot(hash)] ?? 0;
  }

  /**
   * Remembers that message `number` holds the key. Messages numbered up to `sent` are forgotten when room is needed.
   */
  set(hash: number, number: number, sent: number): void {
    const slot = this.#slot(hash);
    if (this.#hashes[slot] === EMPTY) {
      if ((this.#used + 1) * 2 > this.#hashes.length) {
        this.#rebuild(sent);
        this.set(hash, number, sent);
        return;
      }
      this.#used += 1;
      this.#hashes[slot] = hash === EMPTY ? ZERO : hash;
    }
    this.#numbers[slot] = number;
  }

  /** The slot that holds the hash, or the empty one where it belongs. */
  #slot(hash: number): number {
    const wanted = hash === EMPTY ? ZERO : hash | 0;
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    let slot = (Math.imul(wanted, 0x9e3779b1) >>> 7) & mask;
    for (;;) {
      const found = hashes[slot];
      if (found === wanted || found === EMPTY) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #rebuild(sent: number): void {
    const hashes = this.#hashes;
    const numbers = this.#numbers;
    let live = 0;
    for (let i = 0; i < numbers.length; i += 1) if ((numbers[i] ?? 0) > sent) live += 1;
    let capacity = 64;
    while (capacity < (live + 1) * 4) capacity *= 2;
    this.#hashes = new Int32Array(capacity);
    this.#numbers = new Float64Array(capacity);
    this.#used = 0;
    for (let i = 0; i < hashes.length; i += 1) {
      const number = numbers[i] ?? 0;
      if (number > sent) this.set(hashes[i] ?? EMPTY, number, sent);
    }
  }
}

const EMPTY = 0;
/** Stands for the hash 0, which marks an empty slot. Sharing a slot with a real hash only splits a message. */
const ZERO = 1;

import { mulberry32 } from '../../../dev/mulberry32.ts';

/** Random numbers that come again with the same seed. */
export class Random {
  readonly #seed: string;
  readonly #next: () => number;

  constructor(seed: string) {
    this.#seed = seed;
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(seed)) hash = Math.imul(hash ^ byte, 0x01000193);
    this.#next = mulberry32(hash);
  }

  /** Another line of numbers: what is drawn from it does not move this one. */
  fork(label: string | number): Random {
    return new Random(`${this.#seed} ${label}`);
  }

  /** From 0 up to, but without, 1. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** Both ends are possible. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.int(0, list.length - 1)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.int(0, 255)));
  }

  /** A number of at most `bits` bits, small ones as likely as large ones. */
  bits(bits: number): bigint {
    const width = this.int(0, bits);
    return BigInt(`0x${this.bytes(8).toString('hex')}`) & ((1n << BigInt(width)) - 1n);
  }

  list<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i));
  }
}

import type { MicroCase } from './micro-case.ts';

const STEPS = 1 << 16;
const bytes = new Uint8Array(1 << 12).map((_, i) => (i * 31) & 255);

/** Work of the kind that all cases are made of, and that no change of the product changes: a byte hash over 4 KiB. */
export const reference: MicroCase & { sink: number } = {
  name: 'reference',
  operations: STEPS,
  sink: 0,
  run() {
    let hash = 0x811c9dc5;
    for (let i = 0; i < STEPS; i += 1) hash = Math.imul(hash ^ (bytes[i & 4095] ?? 0), 0x01000193);
    this.sink ^= hash;
  },
};

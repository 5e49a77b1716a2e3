import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyIndex } from '../../../../src/relay/lanes/key-index.ts';

describe('KeyIndex', () => {
  it('knows the newest message of a key as a Map would, and forgets only what was sent', { timeout: 30_000 }, () => {
    const step = fc.record({
      hash: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer()),
      sent: fc.nat({ max: 2 }).map((n) => n >> 1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const index = new KeyIndex();
        const model = new Map<number, number>();
        const hashes: number[] = [];
        let number = 0;
        let sent = 0;
        for (const { hash, sent: more } of steps) {
          number += 1;
          sent = Math.min(number - 1, sent + more);
          index.set(hash, number, sent);
          // The hash 0 shares the slot of 1.
          hashes.push(hash === 0 ? 1 : hash | 0);
          model.set(hashes.at(-1) ?? 0, number);
          // The oldest message that is not sent is the next to be forgotten.
          const oldest = hashes[sent] ?? 0;
          if (index.newest(oldest) !== model.get(oldest)) expect(index.newest(oldest)).toBe(model.get(oldest));
        }
        for (const [hash, newest] of model) {
          const found = index.newest(hash);
          expect(found === newest || (found === 0 && newest <= sent)).toBe(true);
        }
      }),
    );
  });

  it('says 0 for a key that no message holds', () => {
    const index = new KeyIndex();
    for (let hash = 1; hash <= 1000; hash += 1) index.set(hash, hash, 0);
    expect(index.newest(1001)).toBe(0);
    expect(index.newest(1000)).toBe(1000);
  });
});

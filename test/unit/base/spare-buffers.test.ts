import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBytes } from '../../../src/base/growing-bytes.ts';
import { SpareBuffers } from '../../../src/base/spare-buffers.ts';

describe('SpareBuffers', () => {
  it('gives back what it was given, when it fits', () => {
    const spares = new SpareBuffers(1 << 20);
    const buffer = spares.take(5000);
    expect(buffer.length).toBe(5120);
    spares.give(buffer);
    expect(spares.take(4000)).not.toBe(buffer);
    expect(spares.take(4097)).toBe(buffer);
    expect(spares.take(4097)).not.toBe(buffer);
  });

  it('keeps no more than its limit', () => {
    const spares = new SpareBuffers(20_000);
    const buffers = [spares.take(8192), spares.take(8192), spares.take(8192)];
    for (const buffer of buffers) spares.give(buffer);
    expect(buffers).toContain(spares.take(8192));
    expect(buffers).toContain(spares.take(8192));
    expect(buffers).not.toContain(spares.take(8192));
  });

  it('is of use after other sizes have filled it', () => {
    const spares = new SpareBuffers(20_000);
    for (const buffer of [spares.take(1024), spares.take(4096), spares.take(10_240)]) spares.give(buffer);
    const buffers = [spares.take(8192), spares.take(8192)];
    for (const buffer of buffers) spares.give(buffer);
    expect(buffers).toContain(spares.take(8192));
    expect(buffers).toContain(spares.take(8192));
  });

  it('keeps the sizes that were asked for last', () => {
    const spares = new SpareBuffers(20_000);
    const [small, large] = [spares.take(4096), spares.take(8192)];
    spares.give(small);
    spares.give(large);
    spares.give(spares.take(4096));
    spares.give(spares.take(10_240));
    expect(spares.take(4096)).toBe(small);
    expect(spares.take(8192)).not.toBe(large);
  });

  it('wastes at most a quarter of a buffer', () => {
    const spares = new SpareBuffers(0);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 << 20 }), (bytes) => {
        const { length } = spares.take(bytes);
        expect(length).toBeGreaterThanOrEqual(bytes);
        expect(length - bytes).toBeLessThanOrEqual(bytes / 4);
      }),
    );
  });
});

describe('GrowingBytes', () => {
  it('keeps its bytes apart from those of all others, and counts what it holds', () => {
    const step = fc.record({
      which: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 6000 }),
      then: fc.constantFrom('go on', 'go on', 'go on', 'release', 'recycle'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
        const held = { bytes: 0 };
        const make = (): { bytes: GrowingBytes; expected: Buffer } => ({
          bytes: new GrowingBytes(held, 1024),
          expected: Buffer.alloc(0),
        });
        const all = [make(), make(), make(), make()];
        // What somebody else may still read: no later write may change it.
        const written: { given: Buffer; copy: Buffer }[] = [];
        for (const [i, { which, bytes, then }] of steps.entries()) {
          const one = all[which] ?? make();
          const added = Buffer.alloc(bytes, i + 1);
          one.bytes.append(added);
          one.expected = Buffer.concat([one.expected, added]);
          expect(one.bytes.written().equals(one.expected)).toBe(true);
          if (then === 'go on') continue;
          if (then === 'release') written.push({ given: one.bytes.written(), copy: one.expected });
          one.bytes[then]();
          all[which] = make();
        }
        for (const { given, copy } of written) expect(given.equals(copy)).toBe(true);
        for (const { bytes, expected } of all) expect(bytes.written().equals(expected)).toBe(true);
        for (const { bytes } of all) bytes.release();
        expect(held.bytes).toBe(0);
      }),
    );
  });
});

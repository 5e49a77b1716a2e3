import fc from 'fast-check';
import { expect } from 'vitest';
import type { Column, ColumnCodec, WriteText } from '../../src/binlog/binlog.ts';

/** A column called `c`, nullable, of `type`; the rest as given. */
export function columnOf(type: number, rest: Partial<Column> = {}): Column {
  return {
    index: 0,
    name: 'c',
    type,
    meta: 0,
    nullable: true,
    unsigned: false,
    collation: 0,
    labels: [],
    subtype: 0,
    ...rest,
  };
}

const PAD = 7;

/**
 * What `write` makes of `value`, which stands in the middle of a buffer of other bytes. Checks that nothing is written
 * elsewhere.
 */
export function textOf(write: WriteText, value: Uint8Array): string {
  return Buffer.from(bytesOf(write, value)).toString('utf8');
}

export function bytesOf(write: WriteText, value: Uint8Array): Uint8Array {
  const b = Buffer.alloc(value.length + 2 * PAD, 0xa5);
  b.set(value, PAD);
  const out = new Uint8Array(16 + 12 * value.length + 2000).fill(0xee);
  const o = write(out, PAD, b, PAD, PAD + value.length);
  expect(out.subarray(0, PAD).every((byte) => byte === 0xee)).toBe(true);
  expect(out.subarray(o).every((byte) => byte === 0xee)).toBe(true);
  return out.slice(PAD, o);
}

/**
 * The contract of WriteText for an `out` that is cut anywhere: same offset, same bytes as far as they fit. Checks
 * `maxBytes` too.
 */
export function expectOverflowContract(codec: ColumnCodec, values: fc.Arbitrary<Uint8Array>): void {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (value, cut) => {
      const b = Buffer.from(value);
      for (const write of [codec.text, codec.json]) {
        const whole = bytesOf(write, value);
        if (codec.maxBytes > 0) expect(whole.length).toBeLessThanOrEqual(codec.maxBytes);
        const out = new Uint8Array(Math.floor(cut * whole.length));
        expect(write(out, 0, b, 0, b.length)).toBe(whole.length);
        expect(Buffer.from(out).equals(Buffer.from(whole.subarray(0, out.length)))).toBe(true);
        // A start after the end of `out` is possible too: the caller writes a whole row before it looks.
        expect(write(out, out.length + 1000, b, 0, b.length)).toBe(out.length + 1000 + whole.length);
      }
    }),
  );
}

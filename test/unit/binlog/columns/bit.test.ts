import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitCodec } from '../../../../src/binlog/columns/bit.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

test('BIT is its big-endian number', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 64 })
        .chain((bits) => fc.tuple(fc.constant(bits), fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }))),
      ([bits, value]) => {
        const bytes = Buffer.from(value.toString(16).padStart(2 * Math.ceil(bits / 8), '0'), 'hex');
        expect(textOf(bitCodec(bits).text, bytes)).toBe(value.toString());
      },
    ),
    { examples: [[[64, 2n ** 64n - 1n]], [[32, 2n ** 32n - 1n]], [[33, 2n ** 33n - 1n]], [[1, 1n]]] },
  );
});

test('BIT keeps the overflow contract', () => {
  for (const bits of [1, 10, 32, 40, 64]) {
    const bytes = (bits + 7) >> 3;
    expectOverflowContract(bitCodec(bits), fc.uint8Array({ minLength: bytes, maxLength: bytes }));
  }
});

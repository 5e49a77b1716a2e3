import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { integerCodec, type IntegerBytes } from '../../../../src/binlog/columns/integer.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const WIDTHS: readonly IntegerBytes[] = [1, 2, 3, 4, 8];

describe.each(WIDTHS)('an integer of %i bytes', (bytes) => {
  test.each([false, true])('is its little-endian number (unsigned: %s)', (unsigned) => {
    const codec = integerCodec(bytes, unsigned);
    const check = (value: Uint8Array): void => {
      const raw = BigInt(`0x${Buffer.from(value).reverse().toString('hex')}`);
      expect(textOf(codec.text, value)).toBe((unsigned ? raw : BigInt.asIntN(8 * bytes, raw)).toString());
    };
    for (const fill of [0x00, 0xff, 0x7f, 0x80]) check(new Uint8Array(bytes).fill(fill));
    const least = new Uint8Array(bytes);
    least[bytes - 1] = 0x80;
    check(least);
    fc.assert(fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), check));
  });

  test('keeps the overflow contract', () => {
    for (const unsigned of [false, true]) {
      expectOverflowContract(integerCodec(bytes, unsigned), fc.uint8Array({ minLength: bytes, maxLength: bytes }));
    }
  });
});

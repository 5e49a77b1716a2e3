import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  writeInt32,
  writePadded,
  writeSigned64,
  writeUnsigned,
  writeUnsigned64,
} from '../../../../src/binlog/bytes/digits.ts';

const out = new Uint8Array(64);
const written = (o: number): string => Buffer.from(out.subarray(3, o)).toString('latin1');

/** Numbers around every power of ten: where the width changes. */
const EDGES = Array.from({ length: 20 }, (_, digits) => 10n ** BigInt(digits)).flatMap((edge) => [
  edge - 1n,
  edge,
  edge + 1n,
]);

test('writes integers below 2^53', () => {
  for (const edge of EDGES.filter((value) => value < 2n ** 53n)) {
    expect(written(writeUnsigned(out, 3, Number(edge)))).toBe(edge.toString());
  }
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(written(writeUnsigned(out, 3, value))).toBe(String(value));
    }),
  );
});

test('writes 32-bit numbers with their sign', () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      expect(written(writeInt32(out, 3, value))).toBe(String(value));
    }),
    { examples: [[-(2 ** 31)], [2 ** 31 - 1], [0], [-1]] },
  );
});

test('writes 64-bit numbers from their halves', () => {
  const check = (bits: bigint): void => {
    const high = Number(bits >> 32n);
    const low = Number(bits & 0xffffffffn);
    expect(written(writeUnsigned64(out, 3, high, low))).toBe(bits.toString());
    expect(written(writeSigned64(out, 3, high, low))).toBe(BigInt.asIntN(64, bits).toString());
  };
  for (const edge of [
    ...EDGES,
    2n ** 63n,
    2n ** 63n - 1n,
    2n ** 64n - 1n,
    2n ** 53n,
    2n ** 53n - 1n,
    2n ** 63n + 2n ** 32n,
  ])
    check(edge);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), check));
});

test('pads with zeros', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), fc.nat(), (width, seed) => {
      const value = seed % 10 ** width;
      expect(written(writePadded(out, 3, value, width))).toBe(width === 0 ? '' : String(value).padStart(width, '0'));
    }),
  );
});

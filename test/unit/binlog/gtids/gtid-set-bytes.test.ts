import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gtidSetBytes } from '../../../../src/binlog/gtids/gtid-set-bytes.ts';
import { GtidSet } from '../../../../src/binlog/gtids/gtid-set.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = '2c256447-3f0d-431b-9a25-bddf1f1f6ef6';
const hex = (text: string): string => gtidSetBytes(GtidSet.parse(text)).toString('hex');
const number = (n: bigint): string => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64LE(n);
  return b.toString('hex');
};
const uuid = (text: string): string => text.replaceAll('-', '');

it('an empty set asks for everything', () => {
  expect(hex('')).toBe(number(0n));
});

it('has the sources in order, and the number after each interval', () => {
  const ofA = uuid(A) + number(2n) + number(1n) + number(6n) + number(9n) + number(10n);
  const ofB = uuid(B) + number(1n) + number(7n) + number(9_223_372_036_854_775_807n);
  expect(hex(`${A}:1-5:9,${B}:7-9223372036854775806`)).toBe(number(2n) + ofB + ofA);
});

it('gives every source a tag where one has one', () => {
  const plain = `${uuid(A)}00${number(1n)}${number(1n)}${number(2n)}`;
  const tagged = `${uuid(A)}0c${Buffer.from('orders').toString('hex')}${number(1n)}${number(3n)}${number(4n)}`;
  expect(hex(`${A}:1:orders:3`)).toBe(number((1n << 56n) | (2n << 8n) | 1n) + plain + tagged);
});

it('takes 16 bytes an interval, however many there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), (intervals) => {
      const text = A + Array.from({ length: intervals }, (_, i) => `:${2 * i + 1}`).join('');
      expect(gtidSetBytes(GtidSet.parse(text)).length).toBe(8 + 16 + 8 + 16 * intervals);
    }),
    { numRuns: 10 },
  );
});

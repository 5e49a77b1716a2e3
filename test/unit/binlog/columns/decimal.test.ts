import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimalBytes, decimalCodec } from '../../../../src/binlog/columns/decimal.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

/** decimal2bin of strings/decimal.cc, in big numbers: `unscaled` is the value times 10^scale. */
function encode(unscaled: bigint, precision: number, scale: number): Buffer {
  const isNegative = unscaled < 0n;
  const digits = (isNegative ? -unscaled : unscaled).toString().padStart(precision, '0');
  const whole = digits.slice(0, precision - scale);
  const fraction = digits.slice(precision - scale);
  const groups = [
    ...(whole.length % 9 > 0 ? [whole.slice(0, whole.length % 9)] : []),
    ...(whole.slice(whole.length % 9).match(/.{9}/g) ?? []),
    ...(fraction.match(/.{1,9}/g) ?? []),
  ];
  const bytes = Buffer.concat(
    groups.map((group) => {
      const size = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4][group.length] ?? 0;
      const buffer = Buffer.alloc(size);
      buffer.writeUIntBE(Number(group), 0, size);
      return buffer;
    }),
  );
  if (isNegative) for (let i = 0; i < bytes.length; i++) bytes[i] = ~(bytes[i] ?? 0) & 0xff;
  bytes[0] = (bytes[0] ?? 0) ^ 0x80;
  return bytes;
}

function plain(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

/** A precision, a scale and a value that fits, with many short and many long ones. */
const decimals = fc
  .integer({ min: 1, max: 65 })
  .chain((precision) =>
    fc.tuple(
      fc.constant(precision),
      fc.integer({ min: 0, max: Math.min(30, precision) }),
      fc.integer({ min: 1, max: precision }),
    ),
  )
  .chain(([precision, scale, digits]) => {
    const limit = 10n ** BigInt(digits) - 1n;
    return fc.record({
      precision: fc.constant(precision),
      scale: fc.constant(scale),
      unscaled: fc.oneof(fc.bigInt({ min: -limit, max: limit }), fc.constantFrom(limit, -limit, 0n)),
    });
  });

describe('DECIMAL', () => {
  test('reads the example of the MySQL manual: 1234567890.1234 as DECIMAL(14,4)', () => {
    const { text } = decimalCodec('c', 14, 4);
    expect(textOf(text, Buffer.from('810dfb38d204d2', 'hex'))).toBe('1234567890.1234');
    expect(textOf(text, Buffer.from('7ef204c72dfb2d', 'hex'))).toBe('-1234567890.1234');
  });

  test('writes every value with its full scale', () => {
    fc.assert(
      fc.property(decimals, ({ precision, scale, unscaled }) => {
        const bytes = encode(unscaled, precision, scale);
        expect(bytes.length).toBe(decimalBytes(precision, scale));
        expect(textOf(decimalCodec('c', precision, scale).json, bytes)).toBe(plain(unscaled, scale));
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps the overflow contract', () => {
    for (const [precision, scale] of [
      [12, 2],
      [65, 30],
      [5, 5],
      [40, 0],
      [18, 9],
    ] as const) {
      const limit = 10n ** BigInt(precision) - 1n;
      const values = fc.bigInt({ min: -limit, max: limit }).map((value) => encode(value, precision, scale));
      expectOverflowContract(decimalCodec('c', precision, scale), values);
    }
  });

  test('refuses groups that no decimal has', () => {
    const bad = (precision: number, scale: number, hex: string): string | undefined =>
      codeOf(() => textOf(decimalCodec('c', precision, scale).text, Buffer.from(hex, 'hex')));
    expect(bad(3, 2, '8a00')).toBe('BINLOG_DECODE');
    expect(bad(3, 2, '8164')).toBe('BINLOG_DECODE');
    expect(bad(9, 0, 'bb9aca00')).toBe('BINLOG_DECODE');
    expect(bad(10, 9, '813b9aca00')).toBe('BINLOG_DECODE');
    expect(bad(10, 9, '813b9ac9ff')).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubleCodec, doubleText, floatCodec } from '../../../../src/binlog/columns/float.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

const floatText = (value: number): string => textOf(floatCodec('c').text, float(value));
/** Bit patterns, so that all sizes of numbers come up equally often. */
const floats = fc
  .uint8Array({ minLength: 4, maxLength: 4 })
  .filter((bytes) => Number.isFinite(Buffer.from(bytes).readFloatLE()));
const doubles = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .filter((bytes) => Number.isFinite(Buffer.from(bytes).readDoubleLE()));

describe('DOUBLE', () => {
  test.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-2.5, '-2.5'],
    [1e14, '100000000000000'],
    [999999999999999.9, '999999999999999.9'],
    [1e15, '1e15'],
    [1234567890123456.8, '1234567890123456.8'],
    [123456789012345680, '1.2345678901234568e17'],
    [1e300, '1e300'],
    [-1.7976931348623157e308, '-1.7976931348623157e308'],
    [1e-6, '0.000001'],
    [1e-7, '0.0000001'],
    [0.00001234567890123456, '0.00001234567890123456'],
    [-1e-15, '-0.000000000000001'],
    [0.0000012345678901234567, '0.0000012345678901234567'],
    [-0.0000012345678901234567, '-1.2345678901234567e-6'],
    [-0.000001234567890123456, '-0.000001234567890123456'],
    [1.234567890123456e-15, '1.234567890123456e-15'],
    [1e-16, '1e-16'],
    [1.5e-16, '1.5e-16'],
    [5e-324, '5e-324'],
  ])('prints %d as MySQL does', (value, text) => {
    expect(textOf(doubleCodec('c').json, double(value))).toBe(text);
  });

  test('has more room in JSON', () => {
    expect(doubleText(-1.2345678901234568e-15, 34)).toBe('-0.0000000000000012345678901234568');
    expect(doubleText(-1.2345678901234568e-16, 34)).toBe('-1.2345678901234568e-16');
  });

  test('reads back to the same bits', () => {
    fc.assert(
      fc.property(doubles, (bytes) => {
        const text = textOf(doubleCodec('c').text, bytes);
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/);
        expect(double(Number(text)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('FLOAT', () => {
  test.each([
    [1.1, '1.1'],
    [-0, '-0'],
    [0.1, '0.1'],
    [16777215, '16777215'],
    [16777216, '16777216'],
    [1.401298464324817e-45, '1e-45'],
    [2 ** -126, '1.1754944e-38'],
    [1e-14, '0.00000000000001'],
    [-123456.789, '-123456.79'],
    [1e15, '1e15'],
  ])('prints %d with the digits it has', (value, text) => {
    expect(floatText(value)).toBe(text);
  });

  test.each([1, -1])(
    'the largest is not written above what MySQL takes: strict servers refuse 3.4028235e38',
    (sign) => {
      const largest = sign * 3.4028234663852886e38;
      expect(floatText(largest)).toBe(`${sign < 0 ? '-' : ''}3.4028234e38`);
      expect(Math.fround(Number(floatText(largest)))).toBe(largest);
    },
  );

  test('reads back to the same bits, and no rounding to fewer digits does', () => {
    fc.assert(
      fc.property(floats, (bytes) => {
        const value = Buffer.from(bytes).readFloatLE();
        const text = textOf(floatCodec('c').text, bytes);
        expect(float(Number(text)).equals(Buffer.from(bytes))).toBe(true);
        const digits = text.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
        if (digits > 1) expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.toBe(value);
      }),
      { numRuns: 5000 },
    );
  });
});

test('keep the overflow contract', () => {
  expectOverflowContract(floatCodec('c'), floats);
  expectOverflowContract(doubleCodec('c'), doubles);
  expectOverflowContract(
    doubleCodec('c'),
    fc.constantFrom(double(-1.2345678901234567e-15), double(-1.2345678901234567e-308)),
  );
  expectOverflowContract(
    floatCodec('c'),
    fc.constantFrom(float(-1.2345678e-15), float(-1.2345678e-14), float(-1.2345678e-38)),
  );
});

test('refuse what MySQL cannot store', () => {
  expect(codeOf(() => floatText(NaN))).toBe('BINLOG_DECODE');
  expect(codeOf(() => textOf(doubleCodec('c').text, double(Infinity)))).toBe('BINLOG_DECODE');
});

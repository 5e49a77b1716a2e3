/** src/binlog/columns: date, time, datetime and timestamp. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ColumnCodec } from '../../../../src/binlog/binlog.ts';
import { dateCodec, yearCodec } from '../../../../src/binlog/columns/date.ts';
import { datetimeCodec } from '../../../../src/binlog/columns/datetime.ts';
import { timeCodec } from '../../../../src/binlog/columns/time.ts';
import { oldTimestampCodec } from '../../../../src/binlog/columns/old-temporal.ts';
import { timestampCodec } from '../../../../src/binlog/columns/timestamp.ts';
import { timeZoneOf } from '../../../../src/base/time-zone.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** `micros` cut to `digits` digits, as MySQL stores them, and as it prints them. */
function fraction(
  micros: number,
  digits: number,
): { readonly stored: number; readonly size: number; readonly text: string } {
  const size = Math.ceil(digits / 2);
  const kept = Math.floor(micros / 10 ** (6 - digits));
  return { stored: kept * 10 ** (2 * size - digits), size, text: digits === 0 ? '' : `.${pad(kept, digits)}` };
}

const bigEndian = (value: bigint, size: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

interface Encoded {
  readonly bytes: Buffer;
  readonly text: string;
}

const fractionDigits = [0, 1, 2, 3, 4, 5, 6];
const micros = fc.oneof(fc.integer({ min: 0, max: 999_999 }), fc.constantFrom(0, 1, 999_999, 500_000));

function expectTexts(codec: ColumnCodec, values: fc.Arbitrary<Encoded>): void {
  fc.assert(
    fc.property(values, ({ bytes, text }) => {
      expect(textOf(codec.json, bytes)).toBe(text);
    }),
    { numRuns: 500 },
  );
  expectOverflowContract(
    codec,
    values.map(({ bytes }) => bytes),
  );
}

describe('DATE', () => {
  test.each([
    ['000000', '0000-00-00'],
    ['21d20f', '2025-01-01'],
    ['00d40f', '2026-00-00'],
    ['9f1f4e', '9999-12-31'],
  ])('%s is %s', (bytes, text) => {
    const [year, month, day] = text.split('-').map(Number);
    expect(((year ?? 0) << 9) | ((month ?? 0) << 5) | (day ?? 0)).toBe(hex(bytes).readUIntLE(0, 3));
    expect(textOf(dateCodec('c').text, hex(bytes))).toBe(text);
  });

  test('every date', () => {
    const values = fc
      .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 31 }))
      .map(([year, month, day]): Encoded => {
        const bytes = Buffer.alloc(3);
        bytes.writeUIntLE(year * 512 + month * 32 + day, 0, 3);
        return { bytes, text: `${pad(year, 4)}-${pad(month)}-${pad(day)}` };
      });
    expectTexts(dateCodec('c'), values);
  });

  test('refuses month 13 and year 10000', () => {
    expect(codeOf(() => textOf(dateCodec('c').text, hex('a10100')))).toBe('BINLOG_DECODE');
    expect(codeOf(() => textOf(dateCodec('c').text, hex('21204e')))).toBe('BINLOG_DECODE');
  });
});

test('YEAR', () => {
  const { text } = yearCodec();
  expect([0, 1, 70, 126, 255].map((year) => textOf(text, Buffer.of(year)))).toEqual([
    '0000',
    '1901',
    '1970',
    '2026',
    '2155',
  ]);
  expectOverflowContract(
    yearCodec(),
    fc.nat(255).map((year) => Buffer.of(year)),
  );
});

describe('TIME', () => {
  test.each([
    [0, '800000', '00:00:00'],
    [0, 'b46efb', '838:59:59'],
    [0, '4b9105', '-838:59:59'],
    [1, '7fffffce', '-00:00:00.5'],
    [3, '7fffffec78', '-00:00:00.500'],
    [6, '4b9105000000', '-838:59:59.000000'],
    [6, '7fffffffffff', '-00:00:00.000001'],
  ])('TIME(%i) %s is %s', (digits, bytes, text) => {
    expect(textOf(timeCodec('c', digits).text, hex(bytes))).toBe(text);
  });

  test.each(fractionDigits)('every TIME(%i)', (digits) => {
    const values = fc
      .tuple(fc.boolean(), fc.integer({ min: 0, max: 838 }), fc.nat(59), fc.nat(59), micros)
      .map(([isNegative, hour, minute, second, micro]): Encoded => {
        const { stored, size, text } = fraction(micro, digits);
        const scale = 256n ** BigInt(size);
        const number = BigInt((hour << 12) | (minute << 6) | second) * scale + BigInt(stored);
        const bytes = bigEndian(0x800000n * scale + (isNegative ? -number : number), 3 + size);
        const sign = isNegative && number !== 0n ? '-' : '';
        return { bytes, text: `${sign}${pad(hour)}:${pad(minute)}:${pad(second)}${text}` };
      });
    expectTexts(timeCodec('c', digits), values);
  });

  test('refuses minute 60 and a fraction that has too many digits', () => {
    expect(codeOf(() => textOf(timeCodec('c', 0).text, hex('800f00')))).toBe('BINLOG_DECODE');
    expect(codeOf(() => textOf(timeCodec('c', 2).text, hex('80000064')))).toBe('BINLOG_DECODE');
  });
});

describe('DATETIME', () => {
  test.each([
    [0, '8000000000', '0000-00-00 00:00:00'],
    [0, '99b8637efb', '2025-12-17 23:59:59'],
    [6, 'fef3ff7efb0f423f', '9999-12-31 23:59:59.999999'],
  ])('DATETIME(%i) %s', (digits, bytes, text) => {
    const [date = '', time = ''] = text.split(' ');
    const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
    const [hour = 0, minute = 0, second = 0] = time.split(/[:.]/).map(Number);
    const packed =
      (1n << 39n) | (BigInt(year * 13 + month) << 22n) | BigInt((day << 17) | (hour << 12) | (minute << 6) | second);
    expect(bigEndian(packed, 5).toString('hex')).toBe(bytes.slice(0, 10));
    expect(textOf(datetimeCodec('c', digits).text, hex(bytes))).toBe(text);
  });

  test.each(fractionDigits)('every DATETIME(%i)', (digits) => {
    const values = fc
      .tuple(fc.nat(9999), fc.nat(12), fc.nat(31), fc.nat(23), fc.nat(59), fc.nat(59), micros)
      .map(([year, month, day, hour, minute, second, micro]): Encoded => {
        const { stored, size, text } = fraction(micro, digits);
        const packed =
          (1n << 39n) |
          (BigInt(year * 13 + month) << 22n) |
          BigInt((day << 17) | (hour << 12) | (minute << 6) | second);
        return {
          bytes: Buffer.concat([bigEndian(packed, 5), bigEndian(BigInt(stored), size).subarray(0, size)]),
          text: `${pad(year, 4)}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}${text}`,
        };
      });
    expectTexts(datetimeCodec('c', digits), values);
  });

  test('a refused value does not stay in the cache', () => {
    const { text } = datetimeCodec('c', 0);
    const hour24 = bigEndian((1n << 39n) | (26_338n << 22n) | BigInt((1 << 17) | (24 << 12)), 5);
    for (let i = 0; i < 2; i++) expect(codeOf(() => textOf(text, hour24))).toBe('BINLOG_DECODE');
  });

  test('refuses a negative one, second 60 and a fraction that has too many digits', () => {
    expect(codeOf(() => textOf(datetimeCodec('c', 0).text, hex('0000000000')))).toBe('BINLOG_DECODE');
    expect(codeOf(() => textOf(datetimeCodec('c', 0).text, hex('800000003c')))).toBe('BINLOG_DECODE');
    expect(codeOf(() => textOf(datetimeCodec('c', 4).text, hex('80000000002710')))).toBe('BINLOG_DECODE');
  });
});

describe('TIMESTAMP', () => {
  test.each([
    [0, '00000000', '0000-00-00 00:00:00'],
    [3, '000000000000', '0000-00-00 00:00:00.000'],
    [0, '00000001', '1970-01-01 00:00:01'],
    [2, '7fffffff63', '2038-01-19 03:14:07.99'],
  ])('TIMESTAMP(%i) %s is %s', (digits, bytes, text) => {
    expect(textOf(timestampCodec('c', digits).text, hex(bytes))).toBe(text);
  });

  test('in another time zone, before 1970 as well; the zero timestamp is none', () => {
    const { text } = timestampCodec('c', 0, timeZoneOf('-13:59'));
    expect(textOf(text, hex('00000001'))).toBe('1969-12-31 10:01:01');
    expect(textOf(text, hex('00000000'))).toBe('0000-00-00 00:00:00');
    expect(textOf(text, hex('7fffffff'))).toBe('2038-01-18 13:15:07');
    expect(textOf(oldTimestampCodec(timeZoneOf('-13:59')).text, hex('01000000'))).toBe('1969-12-31 10:01:01');
  });

  test.each(fractionDigits)('every TIMESTAMP(%i), in UTC', (digits) => {
    const values = fc
      .tuple(
        fc.oneof(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.integer({ min: 1_770_000_000, max: 1_770_010_000 })),
        micros,
      )
      .map(([seconds, micro]): Encoded => {
        const { stored, size, text } = fraction(micro, digits);
        const date = new Date(seconds * 1000).toISOString();
        return {
          bytes: Buffer.concat([bigEndian(BigInt(seconds), 4), bigEndian(BigInt(stored), size).subarray(0, size)]),
          text: `${date.slice(0, 10)} ${date.slice(11, 19)}${text}`,
        };
      });
    expectTexts(timestampCodec('c', digits), values);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { timeZoneOf } from '../../../../src/base/time-zone.ts';
import type { Column } from '../../../../src/binlog/binlog.ts';
import type { CodecOptions } from '../../../../src/binlog/rows/columns.ts';
import { selectedCodec, selectedExpression } from '../../../../src/binlog/rows/selected.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import { columnOf, expectOverflowContract, textOf } from '../../../support/columns.ts';

const BINARY = 63;
const UTF8MB4 = 255;
const LATIN1 = 8;
const BERLIN = timeZoneOf('Europe/Berlin');
const labels = ['a "b"', 'ü', ''].map((label) => Buffer.from(label));
const of = (type: number, rest: Partial<Column> = {}): Column => columnOf(type, rest);
const decimal = (precision: number, scale: number): Column => of(TYPE.NEWDECIMAL, { meta: (precision << 8) | scale });

interface Case {
  readonly column: Column;
  readonly options?: CodecOptions;
  /** What SELECT shows, and what is written. */
  readonly texts: readonly (readonly [shown: string | Buffer, text: string])[];
  readonly malformed: readonly string[];
}

const CASES: readonly Case[] = [
  {
    column: of(TYPE.LONG),
    texts: [['0', '0'], ['-2147483648', '-2147483648'], ['00042', '42'], ['000', '0'], ['100', '100']],
    malformed: ['', '-', '1.5', '1e3', ' 1', '+1', '0x1', '1-'],
  },
  {
    column: decimal(6, 2),
    texts: [['0.00', '0.00'], ['-0.05', '-0.05'], ['0001.50', '1.50'], ['0000.00', '0.00']],
    malformed: ['', '0.0', '1', '.50', '-.50', '1,50', '1.5.', '1.5000', '12.345'],
  },
  { column: of(TYPE.FLOAT, { meta: 4 }), texts: [['1.100000023841858', '1.1'], ['-0', '-0']], malformed: ['', ' 1', '0x1', '1e', 'nan', '1e39', '1.1.1'] },
  { column: of(TYPE.DOUBLE, { meta: 8 }), texts: [['1e300', '1e300'], ['-0', '-0'], ['0.1', '0.1']], malformed: ['', '1_0', 'Infinity', '1e309'] },
  { column: of(TYPE.BIT, { meta: 9 }), texts: [[Buffer.from([1, 0x2c]), '300']], malformed: ['', 'a', 'abc'] },
  { column: of(TYPE.YEAR), texts: [['0000', '0000'], ['2155', '2155']], malformed: ['', '00', '215', '21555', '21a5'] },
  { column: of(TYPE.DATE), texts: [['0000-00-00', '0000-00-00'], ['2026-05-00', '2026-05-00']], malformed: ['', '2026-5-00', '2026/05/00', '2026-05-001', '2026-05-0'] },
  {
    column: of(TYPE.TIME2, { meta: 2 }),
    texts: [['00:00:00.00', '00:00:00.00'], ['-838:59:59.00', '-838:59:59.00'], ['100:00:01.50', '100:00:01.50'], ['-00:00:00.01', '-00:00:00.01']],
    malformed: ['', '-', '0:00:00.00', '1000:00:00.00', 'a00:00:00.00', '00:00:00', '00:00:00.000', '00:00.00.00', '--0:00:00.00'],
  },
  { column: of(TYPE.TIME), texts: [['-12:34:56', '-12:34:56']], malformed: ['12:34', '12:34:56.1'] },
  { column: of(TYPE.DATETIME2, { meta: 3 }), texts: [['2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678']], malformed: ['', '2026-01-02', '2026-01-02T03:04:05.678', '2026-01-02 03:04:05'] },
  { column: of(TYPE.TIMESTAMP2), texts: [['2026-01-02 03:04:05', '2026-01-02 03:04:05']], malformed: ['2026-01-02 03:04:0x'] },
  {
    column: of(TYPE.TIMESTAMP2, { meta: 3 }),
    options: { timeZone: BERLIN },
    texts: [
      ['0000-00-00 00:00:00.000', '0000-00-00 00:00:00.000'],
      ['1970-01-01 00:00:01.001', '1970-01-01 01:00:01.001'],
      ['2026-07-01 22:59:59.999', '2026-07-02 00:59:59.999'],
      ['2106-02-07 06:28:15.000', '2106-02-07 07:28:15.000'],
    ],
    malformed: [
      '', '1970-01-01 00:00:00.000', '1969-12-31 23:59:59.000', '2106-02-07 06:28:16.000', '2026-13-01 00:00:00.000', '2026-00-01 00:00:00.000', '2026-01-32 00:00:00.000', '2026-01-00 00:00:00.000', '2026-01-01 24:00:00.000', '2026-01-01 00:60:00.000', '2026-01-01 00:00:60.000', '2026-01-01 00:00:00',
    ],
  },
  { column: of(TYPE.TIMESTAMP), options: { timeZone: BERLIN }, texts: [['0000-00-00 00:00:00', '0000-00-00 00:00:00'], ['2026-01-01 00:00:00', '2026-01-01 01:00:00']], malformed: ['2026-01-01'] },
  {
    column: of(TYPE.ENUM, { meta: 1, collation: UTF8MB4, labels }),
    options: { invalidText: () => undefined },
    texts: [['1', 'a "b"'], ['2', 'ü'], ['3', ''], ['0', 'AA==']],
    malformed: ['', '4', '256', '257', '-1', '1.0', '18446744073709551617', '000000000000000000001'],
  },
  {
    column: of(TYPE.SET, { meta: 8, collation: UTF8MB4, labels: Array.from({ length: 64 }, (_, i) => Buffer.from(`l${i}`)) }),
    texts: [['0', ''], ['9223372036854775809', 'l0,l63'], ['9007199254740993', 'l0,l53'], ['4294967296', 'l32']],
    malformed: ['', '18446744073709551616', '9e18'],
  },
  { column: of(TYPE.SET, { meta: 5, collation: UTF8MB4, labels }), texts: [['3', 'a "b",ü']], malformed: ['8', '1099511627776', '1099511627777'] },
  { column: of(TYPE.JSON), texts: [['{"a": "é\\n"}', '{"a": "é\\n"}'], ['"YQ\nYg"', '"YQ\\nYg"']], malformed: ['"\t"', '"\0"'] },
  { column: of(TYPE.VARCHAR, { meta: 9, collation: UTF8MB4 }), texts: [['é "\n', 'é "\n']], malformed: [] },
  { column: of(TYPE.STRING, { meta: 9, collation: LATIN1 }), texts: [[Buffer.from([0xe9]), 'é']], malformed: [] },
  { column: of(TYPE.VARCHAR_COMPRESSED, { meta: 9, collation: UTF8MB4 }), texts: [['\0é', '\0é']], malformed: [] },
  { column: of(TYPE.BLOB_COMPRESSED, { meta: 2, collation: BINARY }), texts: [['abc', 'YWJj']], malformed: [] },
  { column: of(TYPE.STRING, { meta: 4, collation: BINARY }), texts: [[Buffer.from([1, 2, 3, 0]), 'AQIDAA==']], malformed: ['12345'] },
]; // prettier-ignore

describe.each(CASES.map((each) => ({ ...each, shown: `type ${each.column.type}, ${each.column.meta}` })))(
  '$shown',
  ({ column, options, texts, malformed }) => {
    const codec = selectedCodec(column, options);

    test.each(texts)('%j is written as %j', (shown, text) => {
      const value = Buffer.from(shown);
      expect(textOf(codec.text, value)).toBe(text);
      expect(textOf(codec.json, value)).toBe(JSON.stringify(text).slice(1, -1));
    });

    test('keeps the contract of an `out` that is too short', () => {
      expectOverflowContract(codec, fc.constantFrom(...texts.map(([shown]) => Buffer.from(shown))));
      for (const [shown] of texts) {
        const value = Buffer.from(shown);
        const whole = Buffer.alloc(4000);
        const length = codec.json(whole, 0, value, 0, value.length);
        for (let room = 0; room < length; room += 1) {
          const out = Buffer.alloc(room);
          expect(codec.json(out, 0, value, 0, value.length)).toBe(length);
          expect(out.equals(whole.subarray(0, room))).toBe(true);
        }
      }
    });

    test.runIf(malformed.length > 0).each(malformed)('refuses %j, and names the column', (shown) => {
      const value = Buffer.from(shown);
      for (const write of [codec.text, codec.json]) {
        const thrown = caught(() => write(Buffer.alloc(4000), 0, value, 0, value.length));
        expect(thrown).toBeInstanceOf(RelayError);
        expect(thrown).toMatchObject({ code: 'BINLOG_DECODE', details: { column: 'c' } });
        expect(String(thrown)).toContain('column c');
      }
    });
  },
);

test('JSON that is not UTF-8 is refused as in a row image', () => {
  const { json } = selectedCodec(of(TYPE.JSON));
  const value = Buffer.from([0x22, 0xff, 0x22]);
  expect(caught(() => json(Buffer.alloc(99), 0, value, 0, 3))).toMatchObject({ code: 'BINLOG_UNSUPPORTED' });
});

test('a value that ends after its row is refused', () => {
  for (const { column, options } of CASES) {
    const { json } = selectedCodec(column, options);
    expect(caught(() => json(Buffer.alloc(99), 0, Buffer.alloc(0), 0, 2))).toMatchObject({ code: 'BINLOG_DECODE' });
  }
});

test('what is selected of each type', () => {
  const selected = (type: number, rest: Partial<Column> = {}): string => selectedExpression(of(type, rest), '`c`');
  expect(selected(TYPE.LONG)).toBe('`c`');
  expect(selected(TYPE.JSON)).toBe('`c`');
  expect(selected(TYPE.FLOAT, { meta: 4 })).toBe('`c` * 1e0');
  expect(selected(TYPE.SET, { meta: 8, collation: UTF8MB4 })).toBe('CAST(`c` AS UNSIGNED)');
  expect(selected(TYPE.VARCHAR, { meta: 9, collation: LATIN1 })).toBe('`c`');
  expect(selected(TYPE.STRING, { meta: 9, collation: LATIN1 })).toBe('`c`');
  expect(selected(TYPE.STRING, { meta: 16, collation: BINARY })).toBe('CAST(`c` AS BINARY(16))');
  expect(selected(TYPE.STRING, { meta: 17, collation: BINARY })).toBe('`c`');
});

function caught(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import { enumCodec, setCodec } from '../../../../src/binlog/columns/enum-set.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { columnOf, expectOverflowContract, textOf } from '../../../support/columns.ts';

const labelBytes = (labels: readonly string[]): Buffer[] => labels.map((label) => Buffer.from(label));

describe('ENUM', () => {
  const labels = ['new', 'pa"id', 'b\\n', '已发货', 'é'];
  const codec = enumCodec(columnOf(TYPE.ENUM, { meta: 1, labels: labelBytes(labels) }));

  test('is its label, and nothing for number 0', () => {
    expect(textOf(codec.text, Buffer.of(0))).toBe('');
    labels.forEach((label, i) => {
      expect(textOf(codec.text, Buffer.of(i + 1))).toBe(label);
      expect(textOf(codec.json, Buffer.of(i + 1))).toBe(JSON.stringify(label).slice(1, -1));
    });
  });

  test('has two bytes from 256 labels on', () => {
    const many = Array.from({ length: 700 }, (_, i) => `label${i}`);
    const { text } = enumCodec(columnOf(TYPE.ENUM, { meta: 2, labels: labelBytes(many) }));
    expect(textOf(text, Buffer.of(0xbc, 0x02))).toBe('label699');
    expect(codeOf(() => textOf(text, Buffer.of(0xbd, 0x02)))).toBe('BINLOG_DECODE');
  });

  test('refuses a number without a label, and a column without labels', () => {
    expect(codeOf(() => textOf(codec.text, Buffer.of(6)))).toBe('BINLOG_DECODE');
    expect(codeOf(() => enumCodec(columnOf(TYPE.ENUM, { meta: 1 })))).toBe('BINLOG_UNSUPPORTED');
    expect(codeOf(() => enumCodec(columnOf(TYPE.ENUM, { meta: 1, labels: [Buffer.of(0xff)] })))).toBe(
      'BINLOG_UNSUPPORTED',
    );
  });

  test('has its labels in the charset of the column', () => {
    const gbk = enumCodec(columnOf(TYPE.ENUM, { meta: 1, collation: 28, labels: [Buffer.of(0xd6, 0xd0, 0x22)] }));
    expect(textOf(gbk.text, Buffer.of(1))).toBe('中"');
    expect(textOf(gbk.json, Buffer.of(1))).toBe('中\\"');
    const ucs2 = setCodec(
      columnOf(TYPE.SET, { meta: 1, collation: 35, labels: [Buffer.of(0, 0x61), Buffer.of(0x4e, 0x2d)] }),
    );
    expect(textOf(ucs2.text, Buffer.of(3))).toBe('a,中');
    const cut = columnOf(TYPE.ENUM, { meta: 1, collation: 28, labels: [Buffer.of(0xd6)] });
    expect(codeOf(() => enumCodec(cut))).toBe('BINLOG_UNSUPPORTED');
  });

  test('keeps the overflow contract', () => {
    expectOverflowContract(
      codec,
      fc.integer({ min: 0, max: 5 }).map((number) => Buffer.of(number)),
    );
  });
});

describe('SET', () => {
  const codecOf = (count: number, meta: number): ReturnType<typeof setCodec> =>
    setCodec(columnOf(TYPE.SET, { meta, labels: labelBytes(Array.from({ length: count }, (_, i) => `l"${i}`)) }));

  test.each([
    [3, 1],
    [16, 2],
    [24, 3],
    [32, 4],
    [64, 8],
  ])('of %i labels in %i bytes joins the labels whose bits are set', (count, meta) => {
    const codec = codecOf(count, meta);
    const values = fc.bigInt({ min: 0n, max: 2n ** BigInt(count) - 1n });
    const encode = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(2 * meta, '0'), 'hex').reverse();
    fc.assert(
      fc.property(values, (value) => {
        const expected = Array.from({ length: count }, (_, i) => i)
          .filter((i) => (value >> BigInt(i)) & 1n)
          .map((i) => `l"${i}`)
          .join(',');
        expect(textOf(codec.text, encode(value))).toBe(expected);
        expect(textOf(codec.json, encode(value))).toBe(JSON.stringify(expected).slice(1, -1));
      }),
      { examples: [[2n ** BigInt(count) - 1n], [0n], [1n], [2n ** BigInt(count - 1)]] },
    );
    expectOverflowContract(codec, values.map(encode));
  });

  test('refuses a bit without a label', () => {
    expect(codeOf(() => textOf(codecOf(3, 1).text, Buffer.of(8)))).toBe('BINLOG_DECODE');
  });
});

describe('a column with an empty label', () => {
  const text = (type: number, labels: readonly string[], value: number, isAllowed = false): string => {
    const column = columnOf(type, { meta: 1, labels: labels.map((label) => Buffer.from(label)) });
    const codec = (type === TYPE.ENUM ? enumCodec : setCodec)(column, isAllowed ? () => undefined : 'fail');
    const out = new Uint8Array(64);
    return Buffer.from(out.subarray(0, codec.json(out, 0, Buffer.of(value), 0, 1))).toString();
  };

  test.each([
    ['ENUM of index 0', TYPE.ENUM, ['a', ''], 0, 'AA=='],
    ['SET with the empty label alone', TYPE.SET, ['', '6'], 1, 'AQ=='],
    ['SET with the empty label and another', TYPE.SET, ['', '6'], 3, 'Aw=='],
  ])('has no text for an %s', (_, type, labels, value, base64) => {
    expect(codeOf(() => text(type, labels, value))).toBe('BINLOG_UNSUPPORTED');
    expect(text(type, labels, value, true)).toBe(base64);
  });

  test.each([
    ['the empty label of an ENUM', TYPE.ENUM, ['a', ''], 2, ''],
    ['an empty SET', TYPE.SET, ['', '6'], 0, ''],
    ['a SET without the empty label', TYPE.SET, ['', '6'], 2, '6'],
    ['an ENUM of index 0 without an empty label', TYPE.ENUM, ['a'], 0, ''],
  ])('has a text of its own for %s', (_, type, labels, value, expected) => {
    expect(text(type, labels, value)).toBe(expected);
  });
});

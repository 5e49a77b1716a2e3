import fc from 'fast-check';
import { expect, test } from 'vitest';
import { literalOf, spansOf } from '../../../../dev/charsets/spans.ts';
import { readSpans } from '../../../../src/binlog/charsets/spans.ts';

function read(spans: readonly string[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  readSpans(spans, (code, point) => found.set(code, point));
  return found;
}

test('a number stands for the characters that follow', () => {
  expect([...read(['c0 А3я', '20  2'])]).toEqual([
    [0xc0, 0x410],
    [0xc1, 0x411],
    [0xc2, 0x412],
    [0xc3, 0x413],
    [0xc4, 0x44f],
    [0x20, 0x20],
    [0x21, 0x21],
    [0x22, 0x22],
  ]);
});

test('what is written is read back', () => {
  const point = fc.oneof(fc.integer({ min: 0x3a, max: 0xffff }), fc.constantFrom(0, 0x20, 0x27, 0x5c, 0xfffd));
  const plane = point.filter((value) => value < 0xd800 || value > 0xdfff);
  fc.assert(
    fc.property(fc.dictionary(fc.integer({ min: 0, max: 40 }).map(String), plane), (entries) => {
      const characters = new Map(Object.entries(entries).map(([code, value]) => [Number(code), value]));
      expect(read(spansOf(characters))).toEqual(characters);
    }),
  );
});

test('a literal escapes what an editor may hide, reorder or normalize', () => {
  expect(literalOf("8140 中2'\\a\u00a0\u05d0\uf900\u0301\ufffd")).toBe(
    "'8140 中2\\'\\\\a\\u00a0\\u05d0\\uf900\\u0301\ufffd'",
  );
});

test('a digit that no run covers is refused', () => {
  expect(() => spansOf(new Map([[1, 0x31]]))).toThrow(/digit/);
});

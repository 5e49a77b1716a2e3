import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyJsonDiffs } from '../../../../src/binlog/json/json-diff.ts';
import { binaryJson, jsonText, type Plain } from '../../../support/binary-json.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

type Step = readonly ['replace' | 'insert', string, Plain] | readonly ['remove', string];

const packed = (size: number): Buffer =>
  size < 251 ? Buffer.of(size) : Buffer.of(253, size & 255, (size >> 8) & 255, size >> 16);

function diffsOf(...steps: readonly Step[]): Buffer {
  return Buffer.concat(
    steps.flatMap(([operation, path, value]) => {
      const name = Buffer.from(path);
      const head = [Buffer.of(['replace', 'insert', 'remove'].indexOf(operation)), packed(name.length), name];
      if (value === undefined) return head;
      const document = binaryJson(value);
      return [...head, packed(document.length), document];
    }),
  );
}

const apply = (before: Plain, ...steps: readonly Step[]): string =>
  jsonText(applyJsonDiffs('c', binaryJson(before), diffsOf(...steps)));

/** Large enough for four-byte offsets. */
const LONG = 'x'.repeat(70_000);

describe('one difference', () => {
  test.each<[string, Plain, Step]>([
    ['{"a": 2}', { a: 1 }, ['replace', '$.a', 2]],
    ['[1, 9, 3]', [1, 2, 3], ['replace', '$[1]', 9]],
    ['[1, 2, 9]', [1, 2, 3], ['replace', '$[last]', 9]],
    ['5', { a: 1 }, ['replace', '$', 5]],
    ['{"a": {"b": [1, {"c": "y"}]}}', { a: { b: [1, { c: 'x' }] } }, ['replace', '$.a.b[1].c', 'y']],
    ['{"b": 1, "aa": 2, "ab": 3}', { aa: 2, ab: 3 }, ['insert', '$.b', 1]],
    ['{"": 0, "名": [], "abcd": 1}', { abcd: 1, 名: [] }, ['insert', '$.""', 0]],
    ['[0, 1, 2]', [1, 2], ['insert', '$[0]', 0]],
    ['[1, 2, 3]', [1, 2], ['insert', '$[2]', 3]],
    ['[1, 2, 3]', [1, 2], ['insert', '$[99]', 3]],
    ['[3, 1, 2]', [1, 2], ['insert', '$[last-7]', 3]],
    ['{"b": 2}', { a: 1, b: 2 }, ['remove', '$.a']],
    ['{}', { a: 1 }, ['remove', '$.a']],
    ['[1, 3]', [1, 2, 3], ['remove', '$[1]']],
    ['[1, 2]', [1, 2, 3], ['remove', '$[last]']],
  ])('gives %s', (text, before, step) => {
    expect(apply(before, step)).toBe(text);
  });
});

test('differences build on each other', () => {
  const text = apply({ a: [] }, ['insert', '$.a[0]', {}], ['insert', '$.a[0].k', 1], ['replace', '$.a[0].k', 2], ['insert', '$.b', null]); // prettier-ignore
  expect(text).toBe('{"a": [{"k": 2}], "b": null}');
});

test('a document grows into four-byte offsets and shrinks out of them, with what stands inside either form', () => {
  const large = apply({ a: [1, 70_000, 1.5, 'z'], b: 1 }, ['replace', '$.b', LONG]);
  expect(large).toBe(`{"a": [1, 70000, 1.5, "z"], "b": "${LONG}"}`);
  expect(apply({ a: [1, 70_000, 1.5, 'z'], b: LONG }, ['replace', '$.b', 70_001])).toBe(
    '{"a": [1, 70000, 1.5, "z"], "b": 70001}',
  );
  expect(apply([70_000, -1, true, LONG], ['insert', '$[1]', [LONG, 3]])).toBe(
    `[70000, ["${LONG}", 3], -1, true, "${LONG}"]`,
  );
});

test('the empty value that lax mode leaves is the literal null', () => {
  expect(jsonText(applyJsonDiffs('c', Buffer.alloc(0), diffsOf(['replace', '$', [1]])))).toBe('[1]');
});

test('without differences the value stays', () => {
  const before = binaryJson({ a: 1 });
  expect(applyJsonDiffs('c', before, Buffer.alloc(0))).toEqual(before);
});

test('replacing any place of any document is what JavaScript makes of it', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', 'é', '.', '[', ' '), maxLength: 3 });
  const { json } = fc.letrec<{ json: Plain }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string({ unit: 'grapheme' }), fc.constantFrom('y'.repeat(200), LONG)),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(key, tie('json'), { maxKeys: 4 }),
    ),
  })); // prettier-ignore
  fc.assert(
    fc.property(json, json, fc.array(fc.nat(9), { maxLength: 4 }), (document, value, turns) => {
      let path = '$';
      const rebuild = (node: Plain, depth: number): Plain => {
        const turn = turns[depth];
        if (turn === undefined || node === null || typeof node !== 'object') return value;
        const children = Object.keys(node);
        const chosen = children[turn % Math.max(1, children.length)];
        if (chosen === undefined) return value;
        path += Array.isArray(node) ? `[${chosen}]` : `.${JSON.stringify(chosen)}`;
        if (Array.isArray(node))
          return node.map((item: Plain, i) => (String(i) === chosen ? rebuild(item, depth + 1) : item));
        return Object.fromEntries(
          Object.entries(node).map(([name, item]: [string, Plain]) => [
            name,
            name === chosen ? rebuild(item, depth + 1) : item,
          ]),
        );
      };
      const expected = rebuild(document, 0);
      expect(apply(document, ['replace', path, value])).toBe(jsonText(binaryJson(expected)));
    }),
    { numRuns: 300 },
  );
});

describe('what does not fit stops', () => {
  test.each<[string, Plain, Step]>([
    ['a member that is not there', { a: 1 }, ['replace', '$.b', 1]],
    ['an item that is not there', [1], ['replace', '$[1]', 1]],
    ['an item before the first', [1], ['remove', '$[last-1]']],
    ['a member that is there already', { a: 1 }, ['insert', '$.a', 1]],
    ['a member of an array', [1], ['insert', '$.a', 1]],
    ['an item of an object', { a: 1 }, ['replace', '$[0]', 1]],
    ['a member of a scalar', { a: 1 }, ['insert', '$.a.b', 1]],
    ['the whole document removed', { a: 1 }, ['remove', '$']],
    ['an insert without a place', { a: 1 }, ['insert', '$', 1]],
  ])('%s', (_, before, step) => {
    expect(codeOf(() => apply(before, step))).toBe('BINLOG_DECODE');
  });

  test('an unknown operation, a path that is none, bytes that end too early', () => {
    const before = binaryJson({ a: 1 });
    const diffs = diffsOf(['replace', '$.a', 'text']);
    expect(codeOf(() => applyJsonDiffs('c', before, Buffer.concat([Buffer.of(3), diffs.subarray(1)])))).toBe(
      'BINLOG_DECODE',
    );
    expect(codeOf(() => applyJsonDiffs('c', before, diffsOf(['replace', 'a', 1])))).toBe('BINLOG_DECODE');
    for (let end = 1; end < diffs.length; end++) {
      expect(codeOf(() => applyJsonDiffs('c', before, diffs.subarray(0, end)))).toBe('BINLOG_DECODE');
    }
    for (let end = 1; end < before.length; end++) {
      expect(codeOf(() => applyJsonDiffs('c', before.subarray(0, end), diffs))).toBe('BINLOG_DECODE');
    }
  });

  test('a path deeper than a document can be, and a key longer than one can hold', () => {
    const nested = (depth: number): Plain => (depth === 0 ? 0 : [nested(depth - 1)]);
    expect(apply(nested(100), ['replace', `$${'[0]'.repeat(100)}`, 1])).toContain('[1]');
    expect(codeOf(() => apply(nested(101), ['replace', `$${'[0]'.repeat(101)}`, 1]))).toBe('BINLOG_DECODE');
    expect(apply({}, ['insert', `$.${'k'.repeat(0xffff)}`, 1])).toHaveLength(0xffff + '{"": 1}'.length);
    expect(codeOf(() => apply({}, ['insert', `$.${'k'.repeat(0x10000)}`, 1]))).toBe('BINLOG_DECODE');
  });

  test('values or keys that overlap, instead of copying them over and over', () => {
    const text = 'x'.repeat(100);
    // Type 1, count 2, size 2; then for each item type 1, offset 2. All become the second text; the third entry stands
    // in the first one.
    const array = binaryJson([text, text]);
    array.copy(array, 6, 9, 11);
    array.copy(array, 11, 8, 11);
    array.writeUInt16LE(3, 1);
    expect(codeOf(() => applyJsonDiffs('c', array, diffsOf(['replace', '$[0]', 1])))).toBe('BINLOG_DECODE');
    // Offset 2 and length 2 of each key: both become all that stands after the entries.
    const object = binaryJson({ [text]: 1, [`${text}y`]: 2 });
    for (const entry of [5, 9]) object.writeUInt16LE(201, object.writeUInt16LE(18, entry));
    expect(codeOf(() => applyJsonDiffs('c', object, diffsOf(['insert', '$.a', 1])))).toBe('BINLOG_DECODE');
  });
});

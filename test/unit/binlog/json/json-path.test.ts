import { expect, test } from 'vitest';
import { readJsonPath } from '../../../../src/binlog/json/json-path.ts';

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

test.each([
  ['$', []],
  ['$.a', [{ key: 'a' }]],
  ['$.名', [{ key: utf8('名') }]],
  ['$."a b"."q\\"t"', [{ key: 'a b' }, { key: 'q"t' }]],
  ['$."\\\\u0041"', [{ key: '\\u0041' }]],
  ['$.""', [{ key: '' }]],
  ['$."a.b[0]"', [{ key: 'a.b[0]' }]],
  ['$.a[0].b[12]', [{ key: 'a' }, at(0), { key: 'b' }, at(12)]],
  ['$[last]', [back(0)]],
  ['$[last-3].a', [back(3), { key: 'a' }]],
])('%s', (text, legs) => {
  expect(readJsonPath(text)).toEqual(legs);
});

test.each(['', 'a', 'a.b', '$a', '$.', '$[', '$[a]', '$[-1]', '$[*]', '$.*', '$**.a', '$."a', '$."\\x"', '$.a ', '$.a[last-]'])(
  '%s is none',
  (text) => {
    expect(readJsonPath(text)).toBeUndefined();
  },
); // prettier-ignore

function at(index: number): unknown {
  return { index, isFromEnd: false };
}

function back(index: number): unknown {
  return { index, isFromEnd: true };
}

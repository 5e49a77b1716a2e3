import { expect, it } from 'vitest';
import { isKey, rangeCondition, type KeyColumn } from '../../../src/mysql/key-range.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const KEY: readonly KeyColumn[] = [
  { name: 'a`b', form: { kind: 'text', charset: 'utf8mb4', collation: 'utf8mb4_bin' } },
  { name: 'n', form: { kind: 'number' } },
];

it('writes ranges out, for the server makes none of a comparison of rows', () => {
  const number: readonly KeyColumn[] = [{ name: 'n', form: { kind: 'number' } }];
  expect(rangeCondition(number, [hex('-5')], [hex('1.5e-7')])).toBe('`n` > -5 AND `n` <= 1.5e-7');
  expect(rangeCondition(number, undefined, undefined)).toBe('');
  expect(rangeCondition(KEY, [hex('x'), hex('7')], undefined)).toBe(
    "(`a``b` > _utf8mb4 x'78' COLLATE utf8mb4_bin OR (`a``b` = _utf8mb4 x'78' COLLATE utf8mb4_bin AND `n` > 7))",
  );
  expect(isKey(KEY, [hex('x'), hex('7')])).toBe("(`a``b` = _utf8mb4 x'78' COLLATE utf8mb4_bin AND `n` = 7)");
});

it.each<[KeyColumn['form'], string]>([
  [{ kind: 'number' }, hex('1 OR 1')],
  [{ kind: 'time' }, hex("1'")],
  [{ kind: 'bytes' }, "00'"],
  [{ kind: 'text', charset: 'latin1', collation: 'latin1_bin' }, 'zz'],
])('lets nothing else into a statement: %j', (form, value) => {
  expect(() => isKey([{ name: 'c', form }], [value])).toThrow('c has no value');
});

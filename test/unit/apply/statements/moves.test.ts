import { describe, expect, it } from 'vitest';
import { isEarlier } from '../../../../src/apply/statements/change-order.ts';
import { movedBy, type Move } from '../../../../src/apply/statements/moves.ts';

const moves = (text: string): readonly Move[] =>
  text.split(', ').map((move) => {
    const [from = '', to = ''] = move.split('>');
    return { from: { database: 'd', table: from }, to: { database: 'd', table: to } };
  });
const moved = (text: string): string =>
  movedBy(moves(text))
    .map(({ from, to, steps }) => `${from.table}>${to.table} in ${steps.length}`)
    .join(', ');

describe('where tables are in the end', () => {
  it.each([
    ['a>b', 'a>b in 1'],
    ['a>tmp, b>a, tmp>b', 'b>a in 1, a>b in 2'],
    ['orders>old, new>orders', 'orders>old in 1, new>orders in 1'],
    ['a>b, b>a', ''],
    ['a>b, b>c, x>y', 'a>c in 2, x>y in 1'],
  ])('%s', (text, expected) => {
    expect(moved(text)).toBe(expected);
  });
});

describe('a change before another', () => {
  it.each<[string, string, boolean]>([
    ['u:8#3', 'u:9#ddl0', true],
    ['u:9#0+', 'u:9#ddl0', false],
    ['u:10#0', 'u:9#ddl0', false],
    ['v:8#0', 'u:9#ddl0', false],
    ['u:tag:8#0', 'u:tag:9#ddl0', true],
    ['u:tag:8#0', 'u:9#ddl0', false],
    ['0-1:8#0', '0-2:9#ddl0', true],
    ['1-1:8#0', '0-1:9#ddl0', false],
    ['u/binlog.000009:900#0', 'u/binlog.000010:4#ddl0', true],
    ['u/binlog.000010:900#0', 'u/binlog.000010:4#ddl0', false],
    ['u:18446744073709551614#0', 'u:18446744073709551615#ddl0', true],
    ['copy/1/2:0#1', 'u:9#ddl0', false],
    ['', 'u:9#ddl0', false],
  ])('%s, %s', (id, other, expected) => {
    expect(isEarlier(id, other)).toBe(expected);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGlob } from '../../../src/base/glob.ts';

function matches(pattern: string, ...names: readonly string[]): boolean {
  const parsed = parseGlob(pattern, names.length === 2 ? 2 : 3);
  if (!parsed.ok) throw new Error(`${pattern} ${parsed.problem}`);
  return parsed.parts.every((glob, index) => glob.matches(names[index] ?? ''));
}

describe('parseGlob', () => {
  it.each([
    ['shop.orders', 'shop', 'orders', true],
    ['shop.orders', 'shop', 'orders_2024', false],
    ['shop.orders', 'Shop', 'orders', false],
    ['shop.orders*', 'shop', 'orders', true],
    ['shop.orders_????', 'shop', 'orders_2024', true],
    ['shop.orders_????', 'shop', 'orders_24', false],
    ['shop?.*', 'shop', 'orders', false],
    ['*.*', 'a.b', 'c.d', true],
    ['*.*_log', 'shop', 'a_log_log', true],
    ['a*b*c.x', 'aXbYbc', 'x', true],
    ['a*b*c.x', 'aXbYb', 'x', false],
    ['`my.db`.orders', 'my.db', 'orders', true],
    ['`my.db`.*', 'my.db', 'x', true],
    ['shop.`a``b*`', 'shop', 'a`b*', true],
    ['shop.`a*`', 'shop', 'ab', false],
    ['订单.明细?', '订单', '明细𝟙', true],
    ['order-items.$x', 'order-items', '$x', true],
  ])('%s on %s.%s is %s', (pattern, database, table, expected) => {
    expect(matches(pattern, database, table)).toBe(expected);
  });

  it.each([
    ['orders', 'must have the form database.table; a dot inside a name is written in backticks'],
    ['a.b.c', 'must have the form database.table; a dot inside a name is written in backticks'],
    ['', 'has an empty name'],
    ['shop.', 'has an empty name'],
    ['.orders', 'has an empty name'],
    ['``.orders', 'has an empty name'],
    ['shop.%', 'holds %: the wildcard for any characters is *'],
    ['shop. orders', 'holds " ": a name with such a character is written in backticks'],
    ['shop.a,shop', 'holds ",": a name with such a character is written in backticks'],
    ['shop.(a|b)', 'holds "(": a name with such a character is written in backticks'],
    ['`shop.orders', 'has backticks that do not fit: a name is either wholly in backticks or not at all'],
    ['`shop`x.orders', 'has backticks that do not fit: a name is either wholly in backticks or not at all'],
    ['x`shop`.orders', 'has backticks that do not fit: a name is either wholly in backticks or not at all'],
    [`shop.${'x'.repeat(65)}`, 'can never match: a name in MySQL has at most 64 characters'],
  ])('%s is refused', (pattern, problem) => {
    expect(parseGlob(pattern, 2)).toEqual({ ok: false, problem });
  });

  it('asks for three parts where a column is meant', () => {
    expect(parseGlob('shop.orders', 3)).toMatchObject({ ok: false });
    expect(matches('shop.*.phone', 'shop', 'users', 'phone')).toBe(true);
  });

  it('gives the name that alone matches', () => {
    const parsed = parseGlob('`my.db`.orders*', 2);
    expect(parsed.ok && parsed.parts.map(({ literal }) => literal)).toEqual(['my.db', undefined]);
  });

  it('matches any name that is quoted in backticks, and no other', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(name, name, (name, other) => {
        const pattern = `db.\`${name.replaceAll('`', '``')}\``;
        expect(matches(pattern, 'db', name)).toBe(true);
        expect(matches(pattern, 'db', other)).toBe(other === name);
      }),
    );
  });

  it('agrees with a regular expression', () => {
    const text = (letters: string): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...letters.split(',')), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(text('a,b,*,?'), text('a,b'), (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
        expect(matches(`${pattern}.t`, name, 't')).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

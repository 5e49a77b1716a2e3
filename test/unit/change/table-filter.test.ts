import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { tableFilter, type TableFilter } from '../../../src/change/table-filter.ts';

function filter(patterns: {
  include?: readonly string[];
  exclude?: readonly string[];
  excludeColumns?: readonly string[];
}): TableFilter {
  return tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [], ...patterns });
}

describe('tableFilter', () => {
  it('publishes what is included and not excluded', () => {
    const tables = filter({ include: ['shop.*', 'crm.customers'], exclude: ['shop.tmp_*'] });
    expect(tables.includes('shop', 'orders')).toBe(true);
    expect(tables.includes('shop', 'tmp_1')).toBe(false);
    expect(tables.includes('crm', 'customers')).toBe(true);
    expect(tables.includes('crm', 'notes')).toBe(false);
  });

  it.each(['mysql', 'sys', 'information_schema', 'performance_schema'])('never publishes %s', (database) => {
    expect(filter({ include: ['*.*', `${database}.*`] }).includes(database, 'user')).toBe(false);
  });

  it('compares databases and tables exactly', () => {
    const tables = filter({ include: ['shop.Orders'] });
    expect(tables.includes('shop', 'Orders')).toBe(true);
    expect(tables.includes('shop', 'orders')).toBe(false);
    expect(tables.includes('SHOP', 'Orders')).toBe(false);
  });

  it('does not mix up the parts of a name with dots', () => {
    const tables = filter({ include: ['`a.b`.c'] });
    expect(tables.includes('a.b', 'c')).toBe(true);
    expect(tables.includes('a', 'b.c')).toBe(false);
  });

  it('compares columns without case, since MySQL does', () => {
    const tables = filter({ excludeColumns: ['shop.users.Phone*', '*.*.`ID card`'] });
    expect(tables.excludesColumn('shop', 'users', 'phone')).toBe(true);
    expect(tables.excludesColumn('shop', 'users', 'PHONE_2')).toBe(true);
    expect(tables.excludesColumn('shop', 'Users', 'phone')).toBe(false);
    expect(tables.excludesColumn('shop', 'users', 'name')).toBe(false);
    expect(tables.excludesColumn('crm', 'x', 'id CARD')).toBe(true);
  });

  it('refuses a pattern that is not valid, naming it', () => {
    expect(() => filter({ include: ['orders'] })).toThrow(
      new RelayError(
        'CONFIG_INVALID',
        'the table pattern "orders" must have the form database.table; a dot inside a name is written in backticks',
      ),
    );
  });
});

describe('mayInclude', () => {
  const filter = tableFilter({ include: ['shop.*', 'a.b'], exclude: ['shop.log', 'old.*'], excludeColumns: [] });

  it.each([
    ['shop', 'orders', true],
    ['SHOP', 'Orders', true],
    ['shop', 'log', false],
    // Only the server knows whether this is another table.
    ['shop', 'LOG', true],
    ['a', 'c', false],
    ['mysql', 'user', false],
    ['shop', undefined, true],
    ['a', undefined, true],
    ['old', undefined, false],
    ['none', undefined, false],
  ])('%s.%s: %s', (database, table, expected) => {
    expect(filter.mayInclude(database, table)).toBe(expected);
  });

  it('knows a database that is excluded as a whole', () => {
    const some = tableFilter({ include: ['*.*'], exclude: ['old.*', 'new.log'], excludeColumns: [] });
    expect([some.mayInclude('old', undefined), some.mayInclude('new', undefined)]).toEqual([false, true]);
  });
});

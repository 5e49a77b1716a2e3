import { expect, it } from 'vitest';
import { CopyList } from '../../../../src/relay/copies/copy-list.ts';
import { WithheldTables } from '../../../../src/relay/copies/withheld-tables.ts';

const orders = { database: 'shop', table: 'orders' };
const users = { database: 'shop', table: 'users' };

function newTables(): { readonly list: CopyList; readonly withheld: WithheldTables } {
  const list = new CopyList(undefined, () => 0);
  return { list, withheld: new WithheldTables(list) };
}

it('withholds nothing for an ordinary copy', () => {
  const { list, withheld } = newTables();
  const { id } = list.add(['*.*']);
  list.resolve(id, [orders]);
  expect(withheld.isEmpty).toBe(true);
  expect(withheld.withholds(orders)).toBe(false);
});

it('goes by the patterns until the tables are known, and has those copied that it met', () => {
  const { list, withheld } = newTables();
  const { id } = list.add(['shop.*'], { isExact: true });
  expect(withheld.withholds({ database: 'crm', table: 'orders' })).toBe(false);
  expect(withheld.withholds(users)).toBe(true);
  expect(withheld.withholds(users)).toBe(true);
  expect(list.get(id).withheld).toEqual([users]);
  list.resolve(id, [orders, { database: 'crm', table: 'orders' }]);
  expect(list.get(id).withheld).toBeUndefined();
  expect(list.get(id).tables?.map(({ table }) => table)).toEqual(['orders', 'users']);
  expect(withheld.withholds({ database: 'shop', table: 'new' })).toBe(false);
});

it('withholds a table until its rows are given, and again when its copy begins anew', () => {
  const { list, withheld } = newTables();
  const { id } = list.add(['shop.*'], { isExact: true });
  list.resolve(id, [orders, users]);
  list.update(id, { ...orders, state: 'copying', rows: 0 });
  expect(withheld.withholds(orders)).toBe(true);
  withheld.given(id, orders);
  expect(withheld.withholds(orders)).toBe(false);
  expect(withheld.withholds(users)).toBe(true);
  withheld.begins(id);
  expect(withheld.withholds(orders)).toBe(true);
  list.update(id, { ...orders, state: 'copied', rows: 3 });
  expect(withheld.withholds(orders)).toBe(false);
  list.update(id, { ...users, state: 'failed', rows: 0 });
  expect(withheld.withholds(users)).toBe(false);
});

it('withholds for a copy that is paused, and not for one that was cancelled', () => {
  const { list, withheld } = newTables();
  const { id } = list.add(['shop.*'], { isExact: true });
  list.resolve(id, [orders]);
  list.pause(id, true);
  expect(withheld.withholds(orders)).toBe(true);
  const later = list.add(['*.orders'], { isExact: true }).id;
  list.cancel(id);
  expect(withheld.withholds(orders)).toBe(true);
  list.cancel(later);
  expect(withheld.withholds(orders)).toBe(false);
});

import { expect, it } from 'vitest';
import { TableChangeCounts } from '../../../../src/relay/run/table-changes.ts';

it('counts by table and kind', () => {
  const counts = new TableChangeCounts(10);
  counts.add({ database: 'shop', name: 'orders' }, 'INSERT', 3);
  counts.add({ database: 'shop', name: 'orders' }, 'INSERT', 2);
  counts.add({ database: 'shop', name: 'orders' }, 'DELETE', 1);
  counts.add({ database: 'shop', name: 'items' }, 'UPDATE', 4);
  counts.addCopied({ database: 'old', name: 'orders' }, 7);
  expect(counts.list()).toEqual([
    { database: 'shop', table: 'orders', inserted: 5, updated: 0, deleted: 1, copied: 0 },
    { database: 'shop', table: 'items', inserted: 0, updated: 4, deleted: 0, copied: 0 },
    { database: 'old', table: 'orders', inserted: 0, updated: 0, deleted: 0, copied: 7 },
  ]);
});

it('counts together what has no line of its own, and loses nothing', () => {
  const counts = new TableChangeCounts(200);
  for (let round = 0; round < 2; round += 1)
    for (let n = 0; n < 1000; n += 1) counts.add({ database: `d${n % 7}`, name: `t${n}` }, 'INSERT', 1);
  const list = counts.list();
  expect(list).toHaveLength(201);
  expect(list.filter(({ table }) => table === undefined)).toEqual([
    { database: undefined, table: undefined, inserted: 1600, updated: 0, deleted: 0, copied: 0 },
  ]);
  expect(list.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(2000);
});

it('names none when none may be', () => {
  const counts = new TableChangeCounts(0);
  counts.add({ database: 'shop', name: 'orders' }, 'UPDATE', 3);
  expect(counts.list()).toEqual([
    { database: undefined, table: undefined, inserted: 0, updated: 3, deleted: 0, copied: 0 },
  ]);
});

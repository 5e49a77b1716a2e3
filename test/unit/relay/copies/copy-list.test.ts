import { describe, expect, it } from 'vitest';
import { CopyList } from '../../../../src/relay/copies/copy-list.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const NOW = Date.parse('2026-11-29T00:00:00Z');
let nowMs = NOW;
const newList = (stored?: ReturnType<CopyList['stored']>): CopyList => new CopyList(stored, () => nowMs);
const TABLES = [
  { database: 'shop', table: 'items' },
  { database: 'shop', table: 'orders' },
  { database: 'stock', table: 'orders' },
];

describe('CopyList', () => {
  it('keeps nothing before the first copy', () => {
    expect(newList().stored()).toBeUndefined();
  });

  it('takes patterns, and finds the tables that they name', () => {
    const list = newList();
    const { id } = list.add(['shop.*', '*.orders']);
    list.resolve(id, TABLES);
    expect(list.get(id).tables?.map(({ database, table, state }) => `${database}.${table} ${state}`)).toEqual([
      'shop.items waiting',
      'shop.orders waiting',
      'stock.orders waiting',
    ]);
  });

  it('refuses a pattern that is none, and stays as it was', () => {
    const list = newList();
    expect(codeOf(() => list.add(['shop.orders', 'orders']))).toBe('USAGE');
    expect(list.list).toEqual([]);
  });

  it('ends a copy with its last table, and one that names none at once', () => {
    const list = newList();
    const { id } = list.add(['shop.*']);
    list.resolve(id, TABLES);
    list.update(id, { database: 'shop', table: 'items', state: 'copied', rows: 2 });
    expect(list.next?.id).toBe(id);
    expect(list.nextTable(id)?.table).toBe('orders');
    list.update(id, { database: 'shop', table: 'orders', state: 'failed', rows: 0, reason: 'x' });
    expect(list.next).toBeUndefined();
    // Those that are copied would stand in every checkpoint from now on.
    expect(list.get(id)).toMatchObject({
      tables: [{ table: 'orders', state: 'failed' }],
      outcome: { tables: 2, copied: 1, rows: 2 },
    });
    const none = list.add(['nothing.*']).id;
    list.resolve(none, TABLES);
    expect(list.get(none).endedAt).toBe('2026-11-29T00:00:00.000Z');
  });

  it('passes over a copy that is paused, and forgets one that is cancelled', () => {
    const list = newList();
    const first = list.add(['shop.*']).id;
    const second = list.add(['stock.*']).id;
    expect(list.pause(first, true)).toBe(true);
    expect(list.next?.id).toBe(second);
    expect(list.isActive(first)).toBe(false);
    list.pause(first, false);
    expect(list.next?.id).toBe(first);
    expect(list.cancel(first)).toBe(true);
    expect(list.get(first).isCancelled).toBe(true);
    expect(list.cancel(first)).toBe(false);
    expect(list.pause('77', true)).toBe(false);
  });

  it('says what failed until a newer copy is of the table', () => {
    const list = newList();
    const { id } = list.add(['shop.*']);
    list.resolve(id, TABLES);
    for (const { database, table } of TABLES.slice(0, 2))
      list.update(id, { database, table, state: 'failed', rows: 0, reason: 'x' });
    const next = list.add(['shop.orders']).id;
    expect(list.get(id).tables?.map(({ table }) => table)).toEqual(['items', 'orders']);
    list.resolve(next, TABLES);
    expect(list.get(id).tables?.map(({ table }) => table)).toEqual(['items']);
  });

  it('keeps what has failed until somebody has seen to it, also of a copy that goes on', () => {
    const list = newList();
    const fail = (pattern: string): string => {
      const { id } = list.add([pattern]);
      list.resolve(id, TABLES);
      const [{ database, table } = { database: '', table: '' }] = list.get(id).tables ?? [];
      list.update(id, { database, table, state: 'failed', rows: 0, reason: 'x' });
      return id;
    };
    const failed = fail('shop.items');
    for (let i = 0; i < 20; i += 1) {
      const { id } = list.add(['stock.orders']);
      list.resolve(id, TABLES);
      list.update(id, { database: 'stock', table: 'orders', state: 'copied', rows: 1 });
    }
    expect(list.get(failed).tables).toHaveLength(1);
    const going = fail('shop.*');
    expect(list.list.map(({ id }) => id)).not.toContain(failed);
    list.pause(going, true);
    list.resolve(list.add(['shop.items']).id, TABLES);
    expect(list.get(going).tables?.map(({ table, state }) => `${table} ${state}`)).toEqual(['orders waiting']);
  });

  it('goes on after a restart, and gives no id twice', () => {
    const list = newList();
    const { id } = list.add(['shop.*']);
    list.resolve(id, TABLES);
    list.update(id, { database: 'shop', table: 'items', state: 'copying', rows: 5, after: ['3132'], key: 'id 3 0 0' });
    const again = newList(list.stored());
    expect(again.nextTable(id)).toEqual(list.nextTable(id));
    expect(again.add(['stock.*']).id).toBe('2');
  });

  it('keeps the newest of those that have ended, and every other', () => {
    const list = newList();
    const open = list.add(['shop.*']).id;
    for (let i = 0; i < 30; i += 1) list.cancel(list.add(['stock.*']).id);
    expect(list.list).toHaveLength(6);
    expect(list.list[0]?.id).toBe(open);
    expect(list.list.at(-1)?.id).toBe('31');
    // The one that ends last is the newest, however early it was asked for.
    nowMs += 1000;
    list.cancel(open);
    nowMs = NOW;
    expect(list.get(open).isCancelled).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { copyReasons, tablesIn } from '../../../src/admin/copies.ts';
import type { Copy, TableCopyState } from '../../../src/checkpoint/checkpoint.ts';

/** A copy of these tables of `shop`. */
function copyOf(id: string, tables: Readonly<Record<string, TableCopyState>>, more: Partial<Copy> = {}): Copy {
  return {
    id,
    patterns: ['shop.*'],
    requestedAt: '2026-01-02T03:04:05.000Z',
    isPaused: false,
    tables: Object.entries(tables).map(([table, state]) => ({
      database: 'shop',
      table,
      state,
      rows: 1,
      ...(state === 'failed' && { reason: `${table} is of MyISAM` }),
    })),
    ...more,
  };
}

describe('copyReasons', () => {
  it('name tables whose copy has failed, why, and what to do', () => {
    expect(copyReasons([copyOf('1', { orders: 'failed', users: 'copied' }), copyOf('2', { log: 'gone' })])).toEqual([
      'the copy of shop.orders has failed: orders is of MyISAM: see to it, then binlog-relay copy shop.orders (copy 1)',
    ]);
  });

  it('are gone with a newer copy of the table, as soon as it is known to be of it', () => {
    const failed = copyOf('1', { orders: 'failed' });
    const { tables, ...unresolved } = copyOf('2', {});
    expect(tables).toEqual([]);
    expect(copyReasons([failed, unresolved])).toHaveLength(1);
    expect(copyReasons([failed, copyOf('2', { users: 'waiting' })])).toHaveLength(1);
    expect(copyReasons([failed, copyOf('2', { orders: 'waiting' })])).toEqual([]);
    expect(copyReasons([failed, copyOf('2', { orders: 'failed' })])).toEqual([expect.stringContaining('(copy 2)')]);
  });

  it('are not of a copy that was cancelled', () => {
    const cancelled = { isCancelled: true, endedAt: '2026-01-02T03:05:05.000Z' };
    expect(copyReasons([copyOf('1', { orders: 'failed' }, cancelled)])).toEqual([]);
    expect(copyReasons([copyOf('1', { orders: 'failed' }), copyOf('2', { orders: 'waiting' }, cancelled)])).toEqual([]);
  });

  it('stay few', () => {
    const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`t${i}`, 'failed' as const]));
    const reasons = copyReasons([copyOf('1', many)]);
    expect(reasons).toHaveLength(11);
    expect(reasons.at(-1)).toBe('the copies of 4 more tables have failed');
  });
});

describe('tablesIn', () => {
  it('counts each table once, as its newest copy has it', () => {
    const copies = [copyOf('1', { orders: 'failed', users: 'copied' }), copyOf('2', { orders: 'copying' })];
    expect(['copying', 'copied', 'failed'].map((state) => tablesIn(state as TableCopyState, copies))).toEqual([
      1, 1, 0,
    ]);
    const ended = copyOf('3', { log: 'gone' }, { outcome: { tables: 4, copied: 3, rows: 70 } });
    expect([tablesIn('copied', [...copies, ended]), tablesIn('gone', [...copies, ended])]).toEqual([4, 1]);
  });
});

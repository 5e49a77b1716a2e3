import { describe, expect, it } from 'vitest';
import type { ShownCopy } from '../../../src/admin/copies.ts';
import { copiesText, copyFigures, figuresText } from '../../../src/cli/copy-text.ts';
import type { CopyProgress } from '../../../src/relay/relay.ts';

const NOW_MS = 1_795_433_300_000;
const PROGRESS: CopyProgress = {
  copy: '3',
  table: 'shop.orders',
  rows: 412_000,
  estimatedRows: 670_000,
  rowsPerSecond: 41_000,
  expectedEndMs: NOW_MS + 6_200,
  waitsFor: undefined,
};
const COPY: ShownCopy = {
  id: '3',
  patterns: ['shop.*', 'crm.customers'],
  requestedAt: '2026-11-23T11:20:00.000Z',
  isPaused: false,
  tables: [
    { database: 'shop', table: 'items', state: 'copied', rows: 1_000 },
    { database: 'shop', table: 'log', state: 'failed', rows: 0, reason: 'shop.log is a table of MyISAM' },
    { database: 'shop', table: 'old', state: 'gone', rows: 0 },
    { database: 'shop', table: 'orders', state: 'copying', rows: 412_000 },
    { database: 'shop', table: 'users', state: 'waiting', rows: 0 },
  ],
};
const text = (copy: Partial<ShownCopy>, copying: CopyProgress | null = null): string =>
  copiesText({ copies: [{ ...COPY, ...copy }], copying }, NOW_MS);

describe('figuresText', () => {
  const figures = (changes: Partial<CopyProgress>): string =>
    figuresText(copyFigures({ ...PROGRESS, ...changes }, NOW_MS));

  it('has share, rate and rest', () => {
    expect(figures({})).toBe('shop.orders: 412,000 rows, about 61 %, 41,000 rows/s, about 7 s left');
  });

  it('leaves out what an estimate that was too small cannot tell', () => {
    expect(figures({ estimatedRows: 400_000 })).toBe('shop.orders: 412,000 rows, 41,000 rows/s');
    expect(figures({ rows: 0, estimatedRows: 0, rowsPerSecond: 0, expectedEndMs: undefined })).toBe(
      'shop.orders: 0 rows, 0 rows/s',
    );
  });

  it('says why it waits', () => {
    expect(figures({ waitsFor: '80 threads run on the server' })).toMatch(/, waits: 80 threads run on the server$/);
  });
});

describe('copiesText', () => {
  it('shows what a copy does, and what it could not', () => {
    expect(text({}, PROGRESS)).toBe(
      [
        'copy 3 of 2026-11-23T11:20:00.000Z: shop.* crm.customers',
        '  goes on: 1 of 5 tables copied, 1 failed, 1 gone, 413,000 rows',
        '  now shop.orders: 412,000 rows, about 61 %, 41,000 rows/s, about 7 s left: at 2026-11-23T11:28:27.000Z',
        '  failed shop.log: shop.log is a table of MyISAM',
        '',
      ].join('\n'),
    );
  });

  it('tells whether it waits, was paused, was cancelled or has ended', () => {
    expect(
      copiesText({ copies: [{ id: '4', patterns: ['a.b'], requestedAt: 't', isPaused: false }], copying: null }, 0),
    ).toBe('copy 4 of t: a.b\n  waits for its turn\n');
    expect(text({ isPaused: true })).toContain('\n  paused: 1 of 5 tables copied');
    expect(text({ isPaused: true })).toContain('\n  begun shop.orders: 412,000 rows\n');
    const outcome = { tables: 5, copied: 1, rows: 413_000 };
    const tables = (COPY.tables ?? []).filter(({ state }) => state === 'failed');
    expect(text({ endedAt: 'e', isCancelled: true, outcome, tables })).toContain(
      '\n  cancelled at e: 1 of 5 tables copied, 1 failed, 413,000 rows\n',
    );
    const none = { tables: 0, copied: 0, rows: 0 };
    expect(text({ endedAt: 'e', tables: [], outcome: none })).toContain('\n  ended at e: names no published table\n');
  });
});

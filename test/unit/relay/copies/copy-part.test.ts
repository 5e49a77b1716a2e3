import { describe, expect, it } from 'vitest';
import type { Copy } from '../../../../src/checkpoint/checkpoint.ts';
import { CopyList } from '../../../../src/relay/copies/copy-list.ts';
import { boundsOf, keysOf, MAX_KEY_BYTES, MAX_KEYS_ASKED, partOf } from '../../../../src/relay/copies/copy-part.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';

const text = (value: string): object => ({ form: 'text', bytes: Buffer.from(value) });

describe('a part', () => {
  it('is kept as text, and read back as it was asked for', () => {
    const part = partOf(
      {
        keys: [
          ['17', '备注'],
          ['', { hex: '00FF' }],
        ],
      },
      [],
    );
    expect(part).toEqual({ of: 'keys', count: 2, keys: ['t3137,te5a487e6b3a8', 't,x00ff'] });
    expect(part.of === 'keys' && keysOf(part.keys)).toEqual([
      { name: 'keys[0]', values: [text('17'), text('备注')], isBound: false },
      { name: 'keys[1]', values: [text(''), { form: 'bytes', bytes: Buffer.from([0, 255]) }], isBound: false },
    ]);
    const range = partOf({ to: ['9'] }, []);
    expect(range).toEqual({ of: 'range', to: 't39' });
    expect(range.of === 'range' && boundsOf(range)).toEqual([
      { name: 'between.to', values: [text('9')], isBound: true, isLower: false },
    ]);
  });

  it('is refused when it is too large, alone or with those that go on', () => {
    const keys = (count: number, bytes: number): { readonly keys: readonly string[][] } => ({
      keys: Array.from({ length: count }, () => ['x'.repeat(bytes)]),
    });
    expect(codeOf(() => partOf(keys(MAX_KEYS_ASKED + 1, 1), []))).toBe('USAGE');
    expect(codeOf(() => partOf(keys(2, MAX_KEY_BYTES / 2 + 1), []))).toBe('USAGE');
    const part = partOf(keys(2, MAX_KEY_BYTES / 2), []);
    const others = [part, partOf(keys(1, MAX_KEY_BYTES), [])].map((each): Copy => ({
      id: '1',
      patterns: ['a.b'],
      part: each,
      requestedAt: '',
      isPaused: false,
    }));
    expect(codeOf(() => partOf(keys(1, 1), others))).toBe('USAGE');
    expect(partOf(keys(1, 1), others.slice(1))).toMatchObject({ count: 1 });
  });
});

describe('the list', () => {
  const TABLES = [{ database: 'shop', table: 'orders' }];
  const newList = (): CopyList => new CopyList(undefined, () => 0);
  const failed = { database: 'shop', table: 'orders', state: 'failed', rows: 0, reason: 'x' } as const;
  const asked = { keys: [['17']] };

  it('takes parts of one named table only', () => {
    const list = newList();
    for (const patterns of [['shop.*'], ['shop.order?'], ['shop.orders', 'shop.items']])
      expect(codeOf(() => list.add(patterns, { part: asked }))).toBe('USAGE');
    expect(list.list).toEqual([]);
    list.resolve(list.add(['`shop`.orders'], { part: asked }).id, TABLES);
    expect(list.list[0]?.tables).toMatchObject([{ state: 'waiting' }]);
  });

  it('forgets the keys of a part that has ended, or was cancelled', () => {
    const list = newList();
    const { id } = list.add(['shop.orders'], { part: asked });
    list.resolve(id, TABLES);
    list.update(id, { ...failed, state: 'copied', rows: 1 });
    expect(list.get(id)).toMatchObject({ part: { of: 'keys', count: 1, keys: [] }, outcome: { rows: 1 } });
    const range = list.add(['shop.orders'], { part: { from: ['17'] } });
    list.cancel(range.id);
    expect(list.get(range.id).part).toEqual({ of: 'range' });
  });

  it('keeps what has failed of a whole table when a part of it is copied, and not the other way round', () => {
    const list = newList();
    const [whole, part, next] = [
      list.add(['shop.orders']),
      list.add(['shop.orders'], { part: asked }),
      list.add(['shop.*']),
    ];
    for (const { id } of [whole, part]) {
      list.resolve(id, TABLES);
      list.update(id, failed);
    }
    expect([list.get(whole.id).tables, list.get(part.id).tables]).toEqual([[failed], [failed]]);
    list.resolve(next.id, TABLES);
    expect([list.get(whole.id).tables, list.get(part.id).tables]).toEqual([[], []]);
  });

  it('keeps a bounded number of parts that have ended, whether they have failed or not', () => {
    const list = newList();
    const whole = list.add(['shop.orders']).id;
    list.resolve(whole, TABLES);
    list.update(whole, failed);
    for (let n = 0; n < 30; n += 1) {
      const { id } = list.add(['shop.orders'], { part: asked });
      list.resolve(id, TABLES);
      list.update(id, n % 2 === 0 ? failed : { ...failed, state: 'copied' });
    }
    expect(list.list).toHaveLength(21);
    expect(list.list[0]?.id).toBe(whole);
    expect(list.list[20]?.id).toBe('31');
  });
});

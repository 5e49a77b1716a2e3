import { describe, expect, it } from 'vitest';
import { NoticeBoard, OTHERS, type News } from '../../../src/relay/notices.ts';

const news = (subject: string, n: number, about: News['about'] = 'differs'): News => ({
  about,
  subject,
  what: 'TRUNCATE TABLE',
  transaction: `uuid:${n}`,
  position: `binlog.000001:${n}`,
  at: '2026-01-02T03:04:05.000Z',
});

describe('NoticeBoard', () => {
  it('has one notice a subject, with its first and last event', () => {
    const board = new NoticeBoard(undefined);
    expect(board.stored).toBeUndefined();
    for (const n of [1, 2, 3]) board.add(news('shop.orders', n));
    board.add(news('shop.items', 3));
    board.add(news('shop.items', 3, 'skipped'));
    expect(board.list).toMatchObject([
      {
        id: '3',
        about: 'differs',
        subject: 'shop.orders',
        count: 3,
        first: { transaction: 'uuid:1' },
        last: { transaction: 'uuid:3' },
      },
      { id: '4', about: 'differs', subject: 'shop.items', count: 1 },
      { id: '5', about: 'skipped', subject: 'shop.items', count: 1 },
    ]);
  });

  it('does not count again what is read again after a restart', () => {
    const before = new NoticeBoard(undefined);
    before.add(news('shop.orders', 1));
    before.add(news('shop.orders', 2));
    const board = new NoticeBoard(before.stored);
    board.add(news('shop.orders', 1));
    board.add(news('shop.orders', 2));
    expect([board.list[0]?.count, board.version]).toEqual([2, 0]);
  });

  it('takes away what was seen, and nothing that came since', () => {
    const board = new NoticeBoard(undefined);
    board.add(news('shop.orders', 1));
    const seen = board.list.map(({ id }) => id);
    board.add(news('shop.orders', 2));
    expect(board.acknowledge(seen)).toEqual([]);
    expect(board.acknowledge(['2', '9'])).toHaveLength(1);
    expect(board.list).toEqual([]);
    // Ids are not given out twice, also after a restart.
    const next = new NoticeBoard(board.stored);
    next.add(news('shop.orders', 3));
    expect(next.list).toMatchObject([{ id: '3', count: 1 }]);
    expect(next.acknowledge('all')).toHaveLength(1);
  });

  it('says by its version that there is something to store', () => {
    const board = new NoticeBoard(undefined);
    board.add(news('shop.orders', 1));
    const { version } = board;
    board.acknowledge(['7']);
    expect(board.version).toBe(version);
    board.acknowledge('all');
    expect(board.version).toBeGreaterThan(version);
  });

  it('is bounded: beyond 50 subjects it counts them together', () => {
    const board = new NoticeBoard(undefined);
    for (let n = 0; n < 1000; n += 1) board.add(news(`shop.t${n}`, n));
    board.add(news('x', 1, 'skipped'));
    board.add(news('shop.t0', 2000));
    expect(board.list).toHaveLength(52);
    expect(board.list[50]).toMatchObject({
      subject: OTHERS,
      about: 'differs',
      count: 950,
      first: { transaction: 'uuid:50' },
    });
    expect(board.list[51]).toMatchObject({ subject: OTHERS, about: 'skipped', count: 1 });
    expect(board.list[0]).toMatchObject({ subject: 'shop.t0', count: 2 });
  });
});

import { describe, expect, it } from 'vitest';
import type { StartPosition } from '../../../../src/source/source.ts';
import { NoticeBoard, OTHERS, type News } from '../../../../src/relay/progress/notices.ts';

const SERVER = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
/** The boundary after the n-th transaction. */
const readTo = (n: number): StartPosition => ({ file: 'binlog.000001', offset: n + 1, gtidSet: undefined });

const news = (subject: string, n: number, about: News['about'] = 'differs'): News => ({
  about,
  subject,
  what: 'TRUNCATE TABLE',
  transaction: `${SERVER}:${n}`,
  position: `binlog.000001:${n}`,
  at: '2026-01-02T03:04:05.000Z',
});

describe('NoticeBoard', () => {
  it('has one notice a subject, with its first and last event', () => {
    const board = new NoticeBoard(undefined, SERVER);
    expect(board.stored(() => readTo(0))).toBeUndefined();
    for (const n of [1, 2, 3]) board.add(news('shop.orders', n));
    board.add(news('shop.items', 3));
    board.add(news('shop.items', 3, 'skipped'));
    expect(board.list).toMatchObject([
      {
        id: '3',
        about: 'differs',
        subject: 'shop.orders',
        count: 3,
        first: { transaction: `${SERVER}:1` },
        last: { transaction: `${SERVER}:3` },
      },
      { id: '4', about: 'differs', subject: 'shop.items', count: 1 },
      { id: '5', about: 'skipped', subject: 'shop.items', count: 1 },
    ]);
  });

  describe('what is read again after a crash', () => {
    /** A board that counted 1 to 4, one of them acknowledged, as the next run finds it on server `next`. */
    const afterCrash = (names: Pick<StartPosition, 'gtidSet'>, next = SERVER): NoticeBoard => {
      const before = new NoticeBoard(undefined, SERVER);
      for (const n of [1, 2, 3, 4]) before.add(news('shop.orders', n));
      before.add(news('shop.items', 4));
      before.acknowledge(['5']);
      return new NoticeBoard(
        before.stored(() => ({ ...readTo(4), ...names })),
        next,
      );
    };

    it.each([
      ['by GTID', { gtidSet: `${SERVER}:1-4` }, SERVER],
      ['by GTID, on another server', { gtidSet: `${SERVER}:1-4` }, 'another'],
      ['by its place', { gtidSet: undefined }, SERVER],
    ])('is counted exactly once, and what was acknowledged does not come back: %s', (_, names, next) => {
      const board = afterCrash(names, next);
      for (const n of [2, 3, 4]) board.add(news('shop.orders', n));
      board.add(news('shop.items', 4));
      expect(board.version).toBe(0);
      expect(board.list).toMatchObject([{ subject: 'shop.orders', count: 4 }]);
      board.add(news('shop.orders', 5));
      expect(board.list).toMatchObject([{ subject: 'shop.orders', count: 5, last: { transaction: `${SERVER}:5` } }]);
    });

    it('is told from what was not read before by the place of MariaDB on the same server', () => {
      const named = (n: number): News => ({ ...news('shop.orders', n), transaction: `0-1-${n}` });
      const before = new NoticeBoard(undefined, SERVER);
      for (const n of [1, 2, 3]) before.add(named(n));
      const board = new NoticeBoard(
        before.stored(() => ({ ...readTo(3), gtidSet: '0-1-3' })),
        SERVER,
      );
      for (const n of [2, 3, 4]) board.add(named(n));
      expect(board.list).toMatchObject([{ count: 4 }]);
    });
  });

  it('takes away what was seen, and nothing that came since', () => {
    const board = new NoticeBoard(undefined, SERVER);
    board.add(news('shop.orders', 1));
    const seen = board.list.map(({ id }) => id);
    board.add(news('shop.orders', 2));
    expect(board.acknowledge(seen)).toEqual([]);
    expect(board.acknowledge(['2', '9'])).toHaveLength(1);
    expect(board.list).toEqual([]);
    // Ids are not given out twice, also after a restart.
    const next = new NoticeBoard(
      board.stored(() => readTo(2)),
      SERVER,
    );
    next.add(news('shop.orders', 3));
    expect(next.list).toMatchObject([{ id: '3', count: 1 }]);
    expect(next.acknowledge('all')).toHaveLength(1);
  });

  it('says by its version that there is something to store', () => {
    const board = new NoticeBoard(undefined, SERVER);
    board.add(news('shop.orders', 1));
    const { version } = board;
    board.acknowledge(['7']);
    expect(board.version).toBe(version);
    board.acknowledge('all');
    expect(board.version).toBeGreaterThan(version);
  });

  it('is bounded: beyond 50 subjects it counts them together', () => {
    const board = new NoticeBoard(undefined, SERVER);
    for (let n = 0; n < 1000; n += 1) board.add(news(`shop.t${n}`, n));
    board.add(news('x', 1, 'skipped'));
    board.add(news('shop.t0', 2000));
    expect(board.list).toHaveLength(52);
    expect(board.list[50]).toMatchObject({
      subject: OTHERS,
      about: 'differs',
      count: 950,
      first: { transaction: `${SERVER}:50` },
    });
    expect(board.list[51]).toMatchObject({ subject: OTHERS, about: 'skipped', count: 1 });
    expect(board.list[0]).toMatchObject({ subject: 'shop.t0', count: 2 });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { parseVersion } from '../../../src/source/server-version.ts';
import type { StoredPosition } from '../../../src/source/source.ts';
import { requireResumable } from '../../../src/source/stored-position.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = 'f3792cf7-e72c-11f1-b015-02fc00000001';
const FILES = [
  { name: 'binlog.000008', sizeBytes: 1000 },
  { name: 'binlog.000009', sizeBytes: 500 },
];
const server = {
  version: parseVersion('9.7.4', ''),
  serverUuid: A,
  hasGtids: true,
  gtidMode: 'ON',
  gtidExecuted: `${A}:1-100,\n${B}:1-5`,
  gtidPurged: `${A}:1-50`,
  isReplica: false,
};
const plain = { ...server, hasGtids: false, gtidMode: 'OFF' };
const at = (changes: Partial<StoredPosition>): StoredPosition => ({
  serverUuid: A,
  file: 'binlog.000009',
  offset: 400,
  gtidSet: undefined,
  ...changes,
});

function problem(stored: StoredPosition, facts: typeof server): { code: string; message: string } | undefined {
  try {
    requireResumable(stored, facts, FILES);
    return undefined;
  } catch (error) {
    if (error instanceof RelayError) return { code: error.code, message: error.message };
    throw error;
  }
}

describe('with GTIDs', () => {
  it.each([`${A}:1-100,${B}:1-5`, `${A}:1-50`, `${A}:1-60:70-80`])('goes on from %s', (gtidSet) => {
    expect(problem(at({ gtidSet }), server)).toBeUndefined();
  });

  it('waits for what a replica does not have yet, unless it was its own', () => {
    const replica = { ...server, isReplica: true };
    expect(problem(at({ gtidSet: `${A}:1-60,${B}:1-7` }), replica)).toEqual({
      code: 'SOURCE_BEHIND',
      message: `the server is a replica, and does not have these transactions yet, which were published: ${B}:6-7`,
    });
    expect(problem(at({ gtidSet: `${A}:1-101,${B}:1-7` }), replica)?.code).toBe('SOURCE_ROLLED_BACK');
    expect(problem(at({ gtidSet: `${A}:1-60:tag:1,${B}:1-7` }), replica)?.code).toBe('SOURCE_ROLLED_BACK');
    // Nobody brings them.
    expect(problem(at({ gtidSet: `${A}:1-60,${B}:1-7` }), server)).toEqual({
      code: 'SOURCE_LACKS_PUBLISHED',
      message: `the server never got these transactions of other servers, which were published: ${B}:6-7`,
    });
  });

  it('of MariaDB alike, by the server of each number', () => {
    const mariadb = {
      ...server,
      version: parseVersion('10.11.18-MariaDB', ''),
      serverUuid: 'server_id=2',
      gtidExecuted: '0-1-10,1-2-5',
      gtidPurged: '',
      isReplica: true,
    };
    expect(problem(at({ gtidSet: '0-1-10,1-2-5' }), mariadb)).toBeUndefined();
    expect(problem(at({ gtidSet: '0-1-12,1-2-5' }), mariadb)?.code).toBe('SOURCE_BEHIND');
    expect(problem(at({ gtidSet: '0-1-12,1-2-6' }), mariadb)?.code).toBe('SOURCE_ROLLED_BACK');
    expect(problem(at({ gtidSet: '0-1-12' }), { ...mariadb, isReplica: false })?.code).toBe('SOURCE_LACKS_PUBLISHED');
  });

  it('goes on at another server of the same topology', () => {
    expect(problem(at({ gtidSet: `${A}:1-60`, serverUuid: B, file: 'other.000001' }), server)).toBeUndefined();
  });

  it('names what was purged', () => {
    expect(problem(at({ gtidSet: `${A}:1-40:45-60` }), server)).toEqual({
      code: 'BINLOG_PURGED',
      message: `the server has removed the binlog of these transactions, which are not published: ${A}:41-44`,
    });
    expect(problem(at({ gtidSet: '' }), server)).toMatchObject({ code: 'BINLOG_PURGED' });
  });

  it('names what the server does not know', () => {
    expect(problem(at({ gtidSet: `${A}:1-103` }), server)).toEqual({
      code: 'SOURCE_ROLLED_BACK',
      message: `the server does not know these transactions, which were published and some of which it wrote itself: ${A}:101-103`,
    });
  });

  it('refuses when GTIDs were turned off', () => {
    expect(problem(at({ gtidSet: `${A}:1-60` }), { ...plain, gtidMode: 'OFF_PERMISSIVE' })).toEqual({
      code: 'SOURCE_CHANGED',
      message: 'the position is a GTID set, but gtid_mode of the server is OFF_PERMISSIVE',
    });
  });

  it('names as many as one can read', () => {
    const gaps = Array.from({ length: 300 }, (_, i) => 2 * i + 200).join(':');
    const message = problem(at({ gtidSet: `${A}:1-100:${gaps}` }), server)?.message ?? '';
    expect(message).toContain(`${A}:200:202:204`);
    expect(message).toMatch(/:\d{3} and more \(\d+ characters in all\)$/);
    expect(message.length).toBeLessThan(600);
  });

  it('goes on exactly when purged ⊆ published ⊆ executed', () => {
    const upTo = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(upTo, upTo, upTo, (purged, published, executed) => {
        fc.pre(purged <= executed);
        const facts = { ...server, gtidPurged: `${A}:1-${purged}`, gtidExecuted: `${A}:1-${executed}` };
        const isResumable = problem(at({ gtidSet: `${A}:1-${published}` }), facts) === undefined;
        expect(isResumable).toBe(purged <= published && published <= executed);
      }),
    );
  });
});

describe('without GTIDs', () => {
  it('goes on inside and at the end of a file that is there', () => {
    expect(problem(at({}), plain)).toBeUndefined();
    expect(problem(at({ offset: 500 }), plain)).toBeUndefined();
  });

  it.each([
    [{ file: 'binlog.000007' }, 'BINLOG_PURGED', /removed binlog.000007.*oldest file is binlog.000008/],
    [{ file: 'binlog.000010' }, 'SOURCE_ROLLED_BACK', /no binlog.000010 yet.*newest file is binlog.000009/],
    [{ offset: 501 }, 'SOURCE_ROLLED_BACK', /only 500 bytes/],
    [{ serverUuid: B }, 'SOURCE_CHANGED', /made on server/],
    [{ file: 'other.000009' }, 'BINLOG_PURGED', /removed other.000009/],
  ])('refuses %j with %s', (changes, code, message) => {
    const found = problem(at(changes), plain);
    expect(found?.code).toBe(code);
    expect(found?.message).toMatch(message);
  });
});

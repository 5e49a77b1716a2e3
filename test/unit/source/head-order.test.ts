import { describe, expect, it } from 'vitest';
import { setBack } from '../../../src/source/head-order.ts';
import type { Head } from '../../../src/source/source.ts';

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const B = 'f3792cf7-e72c-11f1-b015-02fc00000001';
const BEFORE: Head = { serverUuid: A, file: 'binlog.000010', offset: 500, gtidSet: `${A}:1-13,${B}:1-5` };
const codeOfNow = (changes: Partial<Head>, before = BEFORE, isReplica = false): string | undefined =>
  setBack(before, { ...before, ...changes }, isReplica)?.code;

it.each([
  ['the same place', {}],
  ['a later offset', { offset: 501, gtidSet: `${A}:1-14,${B}:1-5` }],
  ['a later file, whose offset is smaller', { file: 'binlog.000011', offset: 157 }],
  ['a file with more digits', { file: 'binlog.1000000', offset: 4 }],
  ['another server, which may be behind', { serverUuid: B, file: 'binlog.000001', offset: 4, gtidSet: `${A}:1-2` }],
  ['files of another name', { file: 'other.000001', offset: 4 }],
  ['GTIDs turned off', { gtidSet: undefined, file: 'binlog.000011', offset: 4 }],
])('passes %s', (_, changes) => {
  expect(codeOfNow(changes)).toBeUndefined();
});

it.each([
  ['the first file, with fewer transactions', { file: 'binlog.000001', offset: 157, gtidSet: '' }],
  ['a smaller file, with more transactions', { file: 'binlog.000002', offset: 900, gtidSet: `${A}:1-99,${B}:1-5` }],
  ['a smaller offset, with more transactions', { offset: 499, gtidSet: `${A}:1-99,${B}:1-5` }],
  ['a later place, without some transactions', { file: 'binlog.000011', gtidSet: `${A}:1-12,${B}:1-5` }],
])('refuses %s', (_, changes) => {
  expect(codeOfNow(changes)).toBe('SOURCE_ROLLED_BACK');
});

it('refuses an earlier place without GTIDs', () => {
  expect(codeOfNow({ offset: 4 }, { ...BEFORE, gtidSet: undefined })).toBe('SOURCE_ROLLED_BACK');
});

it('names the transactions that are gone', () => {
  const now = { ...BEFORE, file: 'binlog.000001', offset: 900, gtidSet: `${A}:1-3` };
  expect(setBack(BEFORE, now, false)?.message).toContain(
    `was at binlog.000010:500 and is now at binlog.000001:900, without these transactions: ${A}:4-13,${B}:1-5`,
  );
});

describe('a replica', () => {
  it.each([
    ['transactions of others', { gtidSet: `${A}:1-13,${B}:1-3` }],
    ['no transaction, but a new binlog', { file: 'binlog.000001', offset: 157 }],
  ])('that has lost %s gets them again', (_, changes) => {
    expect(codeOfNow(changes, BEFORE, true)).toBe('SOURCE_BEHIND');
    expect(codeOfNow(changes, BEFORE, false)).toBe('SOURCE_ROLLED_BACK');
  });

  it('that has lost its own has been rolled back', () => {
    expect(codeOfNow({ gtidSet: `${A}:1-12,${B}:1-5` }, BEFORE, true)).toBe('SOURCE_ROLLED_BACK');
    expect(codeOfNow({ gtidSet: undefined, offset: 4 }, { ...BEFORE, gtidSet: undefined }, true)).toBe(
      'SOURCE_ROLLED_BACK',
    );
  });

  it('of MariaDB alike', () => {
    const before: Head = { serverUuid: 'server_id=1', file: 'binlog.000010', offset: 500, gtidSet: '0-1-13,5-2-2' };
    expect(codeOfNow({ gtidSet: '0-1-13,5-2-1' }, before, true)).toBe('SOURCE_BEHIND');
    expect(codeOfNow({ gtidSet: '0-1-12,5-2-2' }, before, true)).toBe('SOURCE_ROLLED_BACK');
  });
});

describe('of MariaDB', () => {
  const before: Head = { serverUuid: 'server_id=1', file: 'binlog.000010', offset: 500, gtidSet: '0-1-13,5-1-2' };

  it.each([
    ['later numbers', '0-1-14,5-1-2'],
    ['another server of the domain', '0-2-3,5-1-2'],
    ['a domain more', '0-1-13,5-1-2,9-1-1'],
  ])('passes %s', (_, gtidSet) => {
    expect(codeOfNow({ gtidSet, offset: 600 }, before)).toBeUndefined();
  });

  it('passes the first transaction of a server that had none', () => {
    expect(codeOfNow({ gtidSet: '0-1-1', offset: 600 }, { ...before, gtidSet: '' })).toBeUndefined();
  });

  it.each([
    ['smaller numbers', '0-1-12,5-1-2'],
    ['a domain less', '0-1-13'],
    ['nothing', ''],
  ])('refuses %s', (_, gtidSet) => {
    expect(codeOfNow({ gtidSet, offset: 600 }, before)).toBe('SOURCE_ROLLED_BACK');
  });
});

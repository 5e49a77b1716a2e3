import { describe, expect, it } from 'vitest';
import { newMariadbGtidRecord, readMariadbGtid } from '../../../../src/binlog/events/mariadb-gtid.ts';
import { plainEvent } from '../../../../src/binlog/events/compressed.ts';
import { readQuery } from '../../../../src/binlog/statements/query.ts';
import { codeOf, fixtureEvents, madeEvent } from '../../../support/binlog-fixture.ts';

const CHECKSUM_BYTES = 4;
const events = fixtureEvents('mariadb.10.11');

function read(b: Buffer, end = b.length): ReturnType<typeof newMariadbGtidRecord> {
  const record = newMariadbGtidRecord();
  readMariadbGtid(b, 0, end, record);
  return record;
}

function made(gno: bigint, domain: number, flags: number, rest = Buffer.alloc(6)): Buffer {
  const fixed = Buffer.alloc(13);
  fixed.writeBigUInt64LE(gno, 0);
  fixed.writeUInt32LE(domain, 8);
  fixed.writeUInt8(flags, 12);
  return madeEvent(162, Buffer.concat([fixed, rest]), { timestamp: 1_795_434_008 });
}

describe('readMariadbGtid', () => {
  it('reads the GTIDs of a file', () => {
    const gtids = events
      .filter(({ name }) => name === 'MARIADB_GTID')
      .map(({ bytes }) => read(bytes, bytes.length - CHECKSUM_BYTES));
    expect(gtids.map(({ preparedXid }) => preparedXid).filter((xid) => xid !== undefined)).toEqual([
      "X'636f6d6d6974',X'62',5",
      "X'726f6c6c6261636b',X'',1",
      "X'636f6d70726573736564',X'',1",
    ]);
    expect(gtids.every(({ source }) => /^[07]-\d+$/.test(source))).toBe(true);
    expect(gtids[0]).toMatchObject({ isStandalone: true, preparedXid: undefined });
    expect(gtids.filter(({ isStandalone }) => !isStandalone).length).toBeGreaterThan(10);
  });

  it('keeps 64 bits of the number and 32 of the domain', () => {
    const gtid = read(made(0xffff_ffff_ffff_ffffn, 0xffff_ffff, 0x0c));
    expect(gtid).toMatchObject({ source: '4294967295-0', gno: 0xffff_ffff_ffff_ffffn, commitMs: 1_795_434_008_000 });
  });

  it('finds the xid after a commit id', () => {
    const rest = Buffer.concat([Buffer.alloc(8, 9), Buffer.from([1, 0, 0, 0, 1, 1, 0x61, 0x62])]);
    expect(read(made(1n, 0, 0x40 | 0x02, rest)).preparedXid).toBe("X'61',X'62',1");
  });

  it('knows the start of an ALTER in two phases, its commit, and its roll-back', () => {
    const extra = (flags: number, ...bytes: number[]): boolean =>
      read(made(1n, 0, flags, Buffer.from([...bytes, 0, 0, 0, 0, 0, 0, 0, 0]))).isUnfinishedAlter;
    expect(extra(0x01, 0x02)).toBe(true);
    expect(extra(0x01, 0x04, 10)).toBe(false);
    expect(extra(0x01, 0x08, 14)).toBe(true);
    expect(extra(0x01 | 0x02, 9, 9, 9, 9, 9, 9, 9, 9, 0x08, 14)).toBe(true);
    // A commit id, an xid, and nothing.
    expect(extra(0x01 | 0x02, 2, 2, 2, 2, 2, 2, 2, 2)).toBe(false);
    expect(extra(0x01 | 0x80, 2, 0, 0, 0, 1, 0, 0x61)).toBe(false);
    expect(read(made(1n, 0, 0x01, Buffer.alloc(0))).isUnfinishedAlter).toBe(false);
  });

  it('refuses number 0, and an event that ends too early', () => {
    expect(codeOf(() => read(made(0n, 0, 0)))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(made(1n, 0, 0), 19 + 12))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(made(1n, 0, 0x40, Buffer.from([1, 0, 0, 0, 9, 9, 1]))))).toBe('BINLOG_DECODE');
  });
});

describe('plainEvent', () => {
  const compressed = events.filter(({ name }) => name.includes('COMPRESSED'));

  it('makes plain events of all kinds', () => {
    expect(new Set(compressed.map(({ name }) => name))).toEqual(
      new Set([
        'QUERY_COMPRESSED',
        'WRITE_ROWS_COMPRESSED_V1',
        'UPDATE_ROWS_COMPRESSED_V1',
        'DELETE_ROWS_COMPRESSED_V1',
      ]),
    );
    for (const { bytes } of compressed) {
      const plain = plainEvent(bytes, 0, bytes.length - CHECKSUM_BYTES);
      expect(plain.readUInt32LE(9)).toBe(plain.length);
      expect(plain.readUInt8(4)).toBeLessThan(30);
    }
  });

  it('gives the whole statement', () => {
    const query = compressed.find(({ name }) => name === 'QUERY_COMPRESSED')?.bytes ?? Buffer.alloc(0);
    const plain = plainEvent(query, 0, query.length - CHECKSUM_BYTES);
    expect(readQuery(plain, 0, plain.length).statement).toMatch(/^CREATE TABLE fxm\.z .*'a+'\)$/);
  });

  it('refuses what is not compressed', () => {
    expect(codeOf(() => plainEvent(made(1n, 0, 0), 0, 38))).toBe('BINLOG_DECODE');
  });
});

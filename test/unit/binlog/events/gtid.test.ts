import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { readGtid } from '../../../../src/binlog/events/gtid.ts';
import { newGtidRecord } from '../../../../src/binlog/events/gtid-record.ts';
import { codeOf, fixtureEvents, madeEvent } from '../../../support/binlog-fixture.ts';

const UUID = '3e11fa4771ca11e19e33c80aa9429562';
const TEXT = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

/** flags, uuid, gno, clock type, last committed, sequence number, times. */
function plain(gno: string, times: string, uuid = UUID): Buffer {
  return Buffer.from(`01${uuid}${gno}02${'00'.repeat(16)}${times}`, 'hex');
}

function read(event: Buffer, into = newGtidRecord()): ReturnType<typeof newGtidRecord> {
  readGtid(event, 0, event.length, into);
  return into;
}

describe('readGtid', () => {
  it('reads source, number and the one time that stands for both', () => {
    const record = read(madeEvent(EVENT.GTID, plain('feffffffffffff7f', '40420f00000000')));
    expect(record).toMatchObject({
      source: TEXT,
      gno: 9223372036854775806n,
      immediateCommitMs: 1000,
      originalCommitMs: 1000,
    });
  });

  it('reads both times of a transaction that came from another server', () => {
    const record = read(madeEvent(EVENT.GTID, plain('0100000000000000', '40420f00000080' + '01000000000040')));
    expect(record.immediateCommitMs).toBe(1000);
    expect(record.originalCommitMs).toBe((2 ** 54 + 1) / 1000);
  });

  it('takes the header’s second where no time is logged', () => {
    const noTimes = madeEvent(EVENT.GTID, plain('0100000000000000', ''), { timestamp: 7 });
    const noClock = madeEvent(EVENT.GTID, plain('0100000000000000', '').subarray(0, 25), { timestamp: 8 });
    expect(read(noTimes)).toMatchObject({ immediateCommitMs: 7000, originalCommitMs: 7000 });
    expect(read(noClock)).toMatchObject({ immediateCommitMs: 8000, originalCommitMs: 8000 });
  });

  it('takes the header’s second where a replica does not know when its old source has committed', () => {
    const body = plain('0100000000000000', '40420f00000080' + '00000000000000');
    const record = read(madeEvent(EVENT.GTID, body, { timestamp: 9 }));
    expect(record).toMatchObject({ immediateCommitMs: 1000, originalCommitMs: 9000 });
  });

  it('changes the source text only with the uuid', () => {
    const record = newGtidRecord();
    const other = `${'00'.repeat(15)}ff`;
    const sources = [UUID, UUID, other, UUID].map((uuid) => {
      read(madeEvent(EVENT.GTID, plain('0100000000000000', '', uuid)), record);
      return record.source;
    });
    expect(sources).toEqual([TEXT, TEXT, '00000000-0000-0000-0000-0000000000ff', TEXT]);
  });

  it('has no source for an anonymous transaction, and finds it again after one', () => {
    const record = read(madeEvent(EVENT.GTID, plain('0100000000000000', '')));
    read(madeEvent(EVENT.ANONYMOUS_GTID, plain('0000000000000000', '')), record);
    expect(record).toMatchObject({ source: '', gno: 0n });
    read(madeEvent(EVENT.GTID, plain('0200000000000000', '')), record);
    expect(record).toMatchObject({ source: TEXT, gno: 2n });
  });

  it('reads tagged and plain ones of a real server with one record', () => {
    const record = newGtidRecord();
    const texts = fixtureEvents('tagged.9.7')
      .filter(({ name }) => name === 'GTID' || name === 'GTID_TAGGED')
      .map(({ bytes }) => {
        readGtid(bytes, 0, bytes.length - 4, record);
        expect(Math.abs(record.immediateCommitMs / 1000 - bytes.readUInt32LE(0))).toBeLessThan(2);
        expect(record.originalCommitMs).toBe(record.immediateCommitMs);
        return `${record.source.slice(36)}:${record.gno}`;
      });
    expect(texts.slice(2)).toEqual([':orders:1', ':orders:2', ':_z9:1', ':14', ':15']);
  });

  it.each([
    ['number 0', EVENT.GTID, plain('0000000000000000', '')],
    ['a negative number', EVENT.GTID, plain('ffffffffffffffff', '')],
    ['the number after the last', EVENT.GTID, plain('ffffffffffffff7f', '')],
    ['an anonymous number', EVENT.ANONYMOUS_GTID, plain('0100000000000000', '')],
    ['half a uuid', EVENT.GTID, plain('0100000000000000', '').subarray(0, 9)],
    ['half a time', EVENT.GTID, plain('0100000000000000', '404200')],
    ['a promised time that is missing', EVENT.GTID, plain('0100000000000000', '40420f00000080' + '0100')],
  ])('refuses %s', (_, type, body) => expect(codeOf(() => read(madeEvent(type, body)))).toBe('BINLOG_DECODE'));
});

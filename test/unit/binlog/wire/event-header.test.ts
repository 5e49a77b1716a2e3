import { describe, expect, it } from 'vitest';
import {
  checkFrame,
  eventFlags,
  eventNextOffset,
  eventServerId,
  eventSize,
  eventTimestamp,
  eventType,
} from '../../../../src/binlog/wire/event-header.ts';
import { EVENT, eventName } from '../../../../src/binlog/wire/event-types.ts';
import { codeOf, fixtureEvents } from '../../../support/binlog-fixture.ts';

const header = Buffer.from('010000ff' + '1e' + '02000080' + '13000000' + 'fffffffe' + '8000', 'hex');

describe('event header', () => {
  it('reads every field unsigned, wherever the event starts', () => {
    const b = Buffer.concat([Buffer.alloc(3, 0xee), header]);
    expect(eventTimestamp(b, 3)).toBe(0xff000001);
    expect(eventName(eventType(b, 3))).toBe('WRITE_ROWS');
    expect(eventServerId(b, 3)).toBe(0x80000002);
    expect(eventSize(b, 3)).toBe(19);
    expect(eventNextOffset(b, 3)).toBe(0xfeffffff);
    expect(eventFlags(b, 3)).toBe(0x80);
  });

  it('accepts exactly the size that the header says', () => {
    const b = Buffer.concat([header, Buffer.alloc(4)]);
    expect(codeOf(() => checkFrame(b, 0, 19))).toBeUndefined();
    expect(codeOf(() => checkFrame(b, 0, 20))).toBe('BINLOG_DECODE');
    expect(codeOf(() => checkFrame(b, 0, 18))).toBe('BINLOG_DECODE');
    expect(codeOf(() => checkFrame(b, 10, 29))).toBe('BINLOG_DECODE');
  });

  it('finds every captured event cut anywhere', () => {
    for (const { bytes } of fixtureEvents('transactions.9.7')) {
      for (let end = 0; end < bytes.length; end++)
        expect(codeOf(() => checkFrame(bytes, 0, end))).toBe('BINLOG_DECODE');
    }
  });

  it('names codes that it does not know', () => {
    expect(eventName(99)).toBe('UNKNOWN(99)');
    expect(eventName(EVENT.GTID_TAGGED)).toBe('GTID_TAGGED');
  });
});

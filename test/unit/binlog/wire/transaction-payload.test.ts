import { describe, expect, it } from 'vitest';
import { checkFrame, eventType } from '../../../../src/binlog/wire/event-header.ts';
import { EVENT, eventName } from '../../../../src/binlog/wire/event-types.ts';
import { readTableMap } from '../../../../src/binlog/tables/table-map.ts';
import { nestedEvents } from '../../../../src/binlog/wire/transaction-payload.ts';
import { codeOf, fixtureEvent, madeEvent } from '../../../support/binlog-fixture.ts';

const END = Buffer.of(0);
const NONE = Buffer.from([2, 3, 252, 255, 0]);

/** Type, size and a value of three bytes. */
function field(type: number, value: number): Buffer {
  const bytes = Buffer.from([type, 4, 253, 0, 0, 0]);
  bytes.writeUIntLE(value, 3, 3);
  return bytes;
}

const payload = (events: Buffer, sizeBytes = events.length): Buffer =>
  madeEvent(
    EVENT.TRANSACTION_PAYLOAD,
    Buffer.concat([field(1, events.length), NONE, field(3, sizeBytes), END, events]),
  );

/** A zstd frame (RFC 8878) whose blocks hold `bytes` as they are. */
function rawFrame(bytes: Buffer, blockBytes: number): Buffer {
  const blocks: Buffer[] = [Buffer.from('28b52ffd' + '00' + '58', 'hex')];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (at + blockBytes >= bytes.length ? 1 : 0), 0, 3);
    blocks.push(header, block);
  }
  return Buffer.concat(blocks);
}

function read(event: Buffer): Buffer[] {
  const events: Buffer[] = [];
  for (const { buffer, start, end } of nestedEvents(event, 0, event.length)) {
    checkFrame(buffer, start, end);
    events.push(Buffer.from(buffer.subarray(start, end)));
  }
  return events;
}

describe('a payload that a server compressed', () => {
  const whole = fixtureEvent('tagged.9.7', 'TRANSACTION_PAYLOAD');
  const event = whole.subarray(0, whole.length - 4);

  it('holds the events of its transaction', () => {
    const events = read(event);
    expect(events.map((each) => eventName(eventType(each, 0)))).toEqual(['QUERY', 'TABLE_MAP', 'WRITE_ROWS', 'XID']);
    const map = events[1] ?? Buffer.alloc(0);
    expect(readTableMap(map, 0, map.length, 90_704).columns.map(({ name }) => name)).toEqual(['id', 'e', 'c']);
  });

  it('may stand anywhere in a buffer, and be given up', () => {
    const around = Buffer.concat([Buffer.alloc(7, 0xff), event, Buffer.alloc(9, 0xff)]);
    for (let i = 0; i < 3; i++) {
      for (const { buffer, start } of nestedEvents(around, 7, 7 + event.length)) {
        expect(eventType(buffer, start)).toBe(EVENT.QUERY);
        break;
      }
    }
    expect([...nestedEvents(around, 7, 7 + event.length)].length).toBe(4);
  });

  it('stops when it is cut or damaged, or says another size', () => {
    for (let end = 19; end < event.length; end++) {
      expect(codeOf(() => read(event.subarray(0, end)))).toBe('BINLOG_DECODE');
    }
    const magic = event.indexOf(Buffer.from('28b52ffd', 'hex'));
    for (let at = magic; at < magic + 6; at++) {
      const damaged = Buffer.from(event);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x80, at);
      expect(codeOf(() => read(damaged))).toBe('BINLOG_DECODE');
    }
  });
});

describe('a payload that is not compressed', () => {
  const first = madeEvent(EVENT.ROWS_QUERY, Buffer.from('first'));
  const second = madeEvent(EVENT.ROWS_QUERY, Buffer.alloc(300_000, 'second'));
  const events = Buffer.concat([first, second, first]);

  it('is taken as it is', () => {
    const taken = read(payload(events));
    expect([taken.length, Buffer.concat(taken).equals(events)]).toEqual([3, true]);
    expect(read(payload(Buffer.alloc(0)))).toEqual([]);
  });

  it('holds whole events and nothing else', () => {
    expect(codeOf(() => read(payload(events.subarray(0, -1))))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(payload(events, events.length + 1)))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(payload(events, events.length - 1)))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(payload(payload(first))))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(payload(Buffer.alloc(19))))).toBe('BINLOG_DECODE');
  });

  it('needs a compression that is known, and its fields', () => {
    const header = (...fields: readonly Buffer[]): Buffer =>
      madeEvent(EVENT.TRANSACTION_PAYLOAD, Buffer.concat([...fields, END, first]));
    const size = field(1, first.length);
    expect(codeOf(() => read(header(size, Buffer.of(2, 1, 7), field(3, first.length))))).toBe('BINLOG_UNSUPPORTED');
    expect(codeOf(() => read(header(size, field(3, first.length))))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(header(NONE)))).toBe('BINLOG_DECODE');
    expect(read(header(size, NONE, Buffer.of(9, 2, 1, 1)))).toEqual([first]);
  });
});

describe('zstd frames', () => {
  const rows = Array.from({ length: 40 }, (_, i) => madeEvent(EVENT.ROWS_QUERY, Buffer.alloc(i * 997, `${i} order`)));
  const big = madeEvent(EVENT.ROWS_QUERY, Buffer.alloc(1_000_000, 'big'));
  const expected = [...rows, big, ...rows];
  const events = Buffer.concat(expected);
  const zstd = (frames: Buffer): Buffer =>
    madeEvent(
      EVENT.TRANSACTION_PAYLOAD,
      Buffer.concat([field(1, frames.length), Buffer.of(2, 1, 0), field(3, events.length), END, frames]),
    );

  // `toEqual` compares long buffers byte by byte, in seconds.
  const expectAll = (taken: readonly Buffer[]): void => {
    expect(taken.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    expect(Buffer.concat(taken).equals(events)).toBe(true);
  };

  it.each([131_072, 65_536, 1000, 18])('in blocks of %i bytes give the events, wherever they are cut', (blockBytes) => {
    expectAll(read(zstd(rawFrame(events, blockBytes))));
  });

  it('may be several', () => {
    const cut = 12_345;
    const frames = [rawFrame(events.subarray(0, cut), 4000), rawFrame(events.subarray(cut), 50_000)];
    expectAll(read(zstd(Buffer.concat(frames))));
  });

  it('stop when they end too early, or are followed by something else', () => {
    const frame = rawFrame(events, 50_000);
    expect(codeOf(() => read(zstd(frame.subarray(0, -1))))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(zstd(Buffer.concat([frame, Buffer.from('no frame')]))))).toBe('BINLOG_DECODE');
    expect(codeOf(() => read(zstd(Buffer.alloc(0))))).toBe('BINLOG_DECODE');
  });
});

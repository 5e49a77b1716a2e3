import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ColumnCodec } from '../../../../src/binlog/binlog.ts';
import { oldDatetimeCodec, oldTimeCodec, oldTimestampCodec } from '../../../../src/binlog/columns/old-temporal.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { expectOverflowContract, textOf } from '../../../support/columns.ts';

const time = (number: number): Buffer => {
  const bytes = Buffer.alloc(3);
  bytes.writeIntLE(number, 0, 3);
  return bytes;
};
const datetime = (number: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
};
const timestamp = (seconds: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(seconds);
  return bytes;
};
const read = (codec: ColumnCodec, bytes: Buffer): string => textOf(codec.text, bytes);

describe('TIME of before MySQL 5.6', () => {
  const codec = oldTimeCodec('c');
  test.each([
    [0, '00:00:00'],
    [1, '00:00:01'],
    [-1, '-00:00:01'],
    [123_456, '12:34:56'],
    [1_000_059, '100:00:59'],
    [8_385_959, '838:59:59'],
    [-8_385_959, '-838:59:59'],
  ])('%i is %s', (number, text) => {
    expect(read(codec, time(number))).toBe(text);
  });

  test.each([60, 6000, 8_388_607, -8_388_608])('%i is none', (number) => {
    expect(codeOf(() => read(codec, time(number)))).toBe('BINLOG_DECODE');
  });

  test('any valid time', () => {
    const parts = fc.tuple(fc.boolean(), fc.nat(838), fc.nat(59), fc.nat(59));
    fc.assert(
      fc.property(parts, ([isNegative, hour, minute, second]) => {
        const number = hour * 10_000 + minute * 100 + second;
        const padded = [hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
        const sign = isNegative && number > 0 ? '-' : '';
        expect(read(codec, time(isNegative ? -number : number))).toBe(sign + padded);
      }),
    );
    expectOverflowContract(
      codec,
      parts.map(([, hour, minute, second]) => time(-(hour * 10_000 + minute * 100 + second))),
    );
  });
});

describe('DATETIME of before MySQL 5.6', () => {
  const codec = oldDatetimeCodec('c');
  test.each([
    [0n, '0000-00-00 00:00:00'],
    [20_260_000_000_000n, '2026-00-00 00:00:00'],
    [20_240_229_123_456n, '2024-02-29 12:34:56'],
    [99_991_231_235_959n, '9999-12-31 23:59:59'],
    [10_000_101_000_001n, '1000-01-01 00:00:01'],
  ])('%s is %s', (number, text) => {
    expect(read(codec, datetime(number))).toBe(text);
  });

  test.each([20_241_329_123_456n, 20_240_232_123_456n, 20_240_229_240_000n, 20_240_229_006_000n, 20_240_229_000_060n, 2n ** 64n - 1n])(
    '%s is none', (number) => {
      expect(codeOf(() => read(codec, datetime(number)))).toBe('BINLOG_DECODE');
    },
  ); // prettier-ignore

  test('keeps the contract of writers', () => {
    expectOverflowContract(codec, fc.constantFrom(0n, 20_240_229_123_456n, 99_991_231_235_959n).map(datetime));
  });
});

describe('TIMESTAMP of before MySQL 5.6', () => {
  const codec = oldTimestampCodec();
  test('is written in UTC', () => {
    expect(read(codec, timestamp(0))).toBe('0000-00-00 00:00:00');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
        expect(read(codec, timestamp(seconds))).toBe(text);
      }),
    );
    expectOverflowContract(codec, fc.constantFrom(0, 1, 1_700_000_000, 0xffffffff).map(timestamp));
  });
});

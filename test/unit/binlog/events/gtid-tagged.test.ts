import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { readGtid } from '../../../../src/binlog/events/gtid.ts';
import { newGtidRecord } from '../../../../src/binlog/events/gtid-record.ts';
import { codeOf, madeEvent } from '../../../support/binlog-fixture.ts';

/** The varint of libs/mysql/serialization for numbers up to 56 bits: the count of further bytes as trailing ones. */
function varint(value: bigint): Buffer {
  let bytes = 1;
  while (value >= 1n << BigInt(7 * bytes)) bytes++;
  const encoded = (value << BigInt(bytes)) | ((1n << BigInt(bytes - 1)) - 1n);
  return Buffer.from(Array.from({ length: bytes }, (_, i) => Number((encoded >> BigInt(8 * i)) & 255n)));
}

interface Fields {
  version?: bigint;
  lastKnown?: bigint;
  gno?: bigint;
  tag?: string;
  original?: bigint;
  uuidByte?: bigint;
}

/** A GTID_TAGGED event, field by field as Gtid_event::define_fields lists them. */
function tagged({
  version = 1n,
  lastKnown = 10n,
  gno = 5n,
  tag = 'orders',
  original,
  uuidByte = 0xffn,
}: Fields): Buffer {
  const parts = [
    version,
    0n,
    lastKnown,
    0n,
    1n,
    1n,
    ...Array.from({ length: 16 }, () => uuidByte),
    2n,
    gno * 2n,
    3n,
    BigInt(tag.length),
  ].map(varint);
  parts.push(Buffer.from(tag));
  parts.push(...[4n, 0n, 5n, 2n, 6n, 1_000_001n].map(varint));
  if (original !== undefined) parts.push(...[7n, original].map(varint));
  parts.push(...[8n, 200n].map(varint));
  return madeEvent(EVENT.GTID_TAGGED, Buffer.concat(parts), { timestamp: 1 });
}

function read(fields: Fields): ReturnType<typeof newGtidRecord> {
  const event = tagged(fields);
  const record = newGtidRecord();
  readGtid(event, 0, event.length, record);
  return record;
}

describe('readGtid of GTID_TAGGED', () => {
  it('reads source, number and time', () => {
    const source = 'ffffffff-ffff-ffff-ffff-ffffffffffff:orders';
    expect(read({})).toMatchObject({ source, gno: 5n, immediateCommitMs: 1000.001, originalCommitMs: 1000.001 });
    expect(read({ original: 2_000_000n })).toMatchObject({ immediateCommitMs: 1000.001, originalCommitMs: 2000 });
    expect(read({ gno: (1n << 54n) + 1n }).gno).toBe((1n << 54n) + 1n);
    expect(read({ tag: '', uuidByte: 1n }).source).toBe('01010101-0101-0101-0101-010101010101');
  });

  it.each([
    ['a later serialization', { version: 2n }],
    ['a field that must be understood and is not known', { lastKnown: 12n }],
    ['number 0', { gno: 0n }],
    ['a tag that is too long', { tag: 't'.repeat(33) }],
    ['a tag of other characters', { tag: 'a:b' }],
    ['a byte above 255', { uuidByte: 256n }],
  ])('refuses %s', (_, fields) => expect(codeOf(() => read(fields))).toBe('BINLOG_DECODE'));
});

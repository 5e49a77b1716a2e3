/**
 * GTID_TAGGED, in the format of MySQL's serialization library.
 * Source: Gtid_event::define_fields in libs/mysql/binlog/event/control_events.h, libs/mysql/serialization/readme.md
 *
 *   serialization version | size of the message | last field that must be understood | fields, in the order of their ids: id, value
 *   0 flags | 1 uuid (16 integers) | 2 gno | 3 tag | 4 last committed | 5 sequence number | 6 immediate commit time |
 *   7 original commit time, left out when equal | 8 … of no use here
 *
 * Every integer is a varint; signed ones (gno, last committed, sequence number) are zigzag-like: the lowest bit is the
 * sign. The uuid is an array of 16 one-byte integers, so that each byte from 128 up takes two.
 */
import { Cursor } from '../wire/cursor.ts';
import { eventTimestamp, HEADER_BYTES } from '../wire/event-header.ts';
import { setSource } from '../gtids/gtid-source.ts';
import type { GtidRecord } from './gtid-record.ts';

const FIELD = { FLAGS: 0, UUID: 1, GNO: 2, TAG: 3, LAST_COMMITTED: 4, SEQUENCE: 5, IMMEDIATE: 6, ORIGINAL: 7 } as const;
/** The ids that MySQL 9.7 knows; a newer one that must be understood is refused. */
const LAST_KNOWN_FIELD = 11;
const TAG_MAX_BYTES = 32;
const GNO_END = (1n << 63n) - 1n;
const uuid = Buffer.alloc(16);

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readTaggedGtid(b: Buffer, start: number, end: number, into: GtidRecord): void {
  const cursor = new Cursor('GTID_TAGGED', b, start, start + HEADER_BYTES, end);
  if (cursor.varint('a serialization version') > 1n) cursor.fail('serialization version 0 or 1');
  cursor.varint('the size of the message');
  if (cursor.varint('the last field that must be understood') > LAST_KNOWN_FIELD) {
    cursor.fail(`no field above ${LAST_KNOWN_FIELD} that must be understood`);
  }
  expectField(cursor, FIELD.FLAGS);
  cursor.varint('flags');
  expectField(cursor, FIELD.UUID);
  for (let i = 0; i < 16; i++) {
    const byte = cursor.safeVarint('a byte of the uuid');
    if (byte > 255) cursor.fail('a byte of the uuid');
    uuid[i] = byte;
  }
  expectField(cursor, FIELD.GNO);
  const gno = signed(cursor.varint('a number'));
  if (gno < 1n || gno >= GNO_END) cursor.fail('a number from 1 to 2^63-2');
  expectField(cursor, FIELD.TAG);
  const tagBytes = cursor.safeVarint('the length of a tag');
  if (tagBytes > TAG_MAX_BYTES) cursor.fail(`a tag of at most ${TAG_MAX_BYTES} characters`);
  const tag = cursor.latin1(tagBytes, 'a tag');
  if (!/^([a-z_][a-z0-9_]*)?$/.test(tag)) cursor.fail('a tag of lower-case letters, digits and _');
  expectField(cursor, FIELD.LAST_COMMITTED);
  cursor.varint('last committed');
  expectField(cursor, FIELD.SEQUENCE);
  cursor.varint('a sequence number');
  setSource(into, uuid, 0, tag);
  into.gno = gno;
  readTimes(cursor, eventTimestamp(b, start) * 1000, into);
}

function readTimes(cursor: Cursor, fallbackMs: number, into: GtidRecord): void {
  expectField(cursor, FIELD.IMMEDIATE);
  const immediateUs = cursor.safeVarint('a commit time');
  into.immediateCommitMs = immediateUs === 0 ? fallbackMs : immediateUs / 1000;
  into.originalCommitMs = into.immediateCommitMs;
  if (cursor.left > 0 && cursor.varint('the id of a field') === BigInt(FIELD.ORIGINAL)) {
    into.originalCommitMs = cursor.safeVarint('an original commit time') / 1000;
  }
}

function expectField(cursor: Cursor, id: number): void {
  if (cursor.varint('the id of a field') !== BigInt(id)) cursor.fail(`field ${id}`);
}

/** The lowest bit is the sign; a negative x is stored as -(x + 1). */
function signed(value: bigint): bigint {
  return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
}

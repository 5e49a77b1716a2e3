/**
 * GTID, ANONYMOUS_GTID and GTID_TAGGED: the first event of every transaction.
 * Source: Gtid_event in libs/mysql/binlog/event/control_events.h and .cpp
 *
 *   flags 1 | uuid 16 | gno 8 | 2 | last committed 8 | sequence number 8 | immediate commit time 7 [| original commit time 7] | …
 *
 * Times are microseconds since 1970; the highest bit of the immediate one says that the original one follows, otherwise
 * they are equal. Servers before 8.0 end before the times, those before 5.7 before the 2. An anonymous event has gno 0.
 * GTID_TAGGED (8.3 and later) is in MySQL's serialization format: see gtid-tagged.ts.
 */
import { decodeError } from '../wire/decode-error.ts';
import { eventTimestamp, eventType, HEADER_BYTES } from '../wire/event-header.ts';
import { EVENT, eventName } from '../wire/event-types.ts';
import { setSource } from '../gtids/gtid-source.ts';
import type { GtidRecord } from './gtid-record.ts';
import { readTaggedGtid } from './gtid-tagged.ts';

const UUID = HEADER_BYTES + 1;
const GNO = UUID + 16;
const CLOCK_TYPE = GNO + 8;
const TIMES = CLOCK_TYPE + 17;
const TIME_BYTES = 7;
const LOGICAL_CLOCK = 2;
const GNO_END = (1n << 63n) - 1n;

/**
 * Reads a GTID, ANONYMOUS_GTID or GTID_TAGGED event into `into`. `end`: after the body, without the checksum. Throws
 * BINLOG_DECODE.
 */
export function readGtid(b: Buffer, start: number, end: number, into: GtidRecord): void {
  const type = end - start < HEADER_BYTES ? 0 : eventType(b, start);
  if (type === EVENT.GTID_TAGGED) readTaggedGtid(b, start, end, into);
  else readPlainGtid(b, start, end, type, into);
}

function readPlainGtid(b: Buffer, start: number, end: number, type: number, into: GtidRecord): void {
  if (end > b.length || end - start < CLOCK_TYPE) throw decodeError(eventName(type), 'a uuid and a number', UUID);
  const gno = b.readBigInt64LE(start + GNO);
  if (type === EVENT.ANONYMOUS_GTID) {
    if (gno !== 0n) throw decodeError(eventName(type), 'number 0', GNO);
    into.source = '';
  } else {
    if (gno < 1n || gno >= GNO_END) throw decodeError(eventName(type), 'a number from 1 to 2^63-2', GNO);
    setSource(into, b, start + UUID, '');
  }
  into.gno = gno;
  readTimes(b, start, end, type, into);
}

function readTimes(b: Buffer, start: number, end: number, type: number, into: GtidRecord): void {
  const at = start + TIMES;
  const fallbackMs = eventTimestamp(b, start) * 1000;
  into.immediateCommitMs = fallbackMs;
  into.originalCommitMs = fallbackMs;
  const hasClock = end - start > CLOCK_TYPE && b.readUInt8(start + CLOCK_TYPE) === LOGICAL_CLOCK;
  if (!hasClock || end === at) return;
  if (end - at < TIME_BYTES) throw decodeError(eventName(type), 'a commit time', TIMES);
  const top = b.readUInt8(at + 6);
  const isSame = top < 0x80;
  into.immediateCommitMs = commitMs(b, at);
  if (!isSame && end - at < 2 * TIME_BYTES)
    throw decodeError(eventName(type), 'an original commit time', TIMES + TIME_BYTES);
  // 0: a replica does not know it, since its source is older than 8.0.1. The header then has the source's second.
  into.originalCommitMs = isSame ? into.immediateCommitMs : commitMs(b, at + TIME_BYTES) || fallbackMs;
}

/** 55 bits of microseconds, without the flag above them; at most 2^55, and exact up to the year 2255. */
function commitMs(b: Buffer, at: number): number {
  const high = b.readUInt16LE(at + 4) + (b.readUInt8(at + 6) & 0x7f) * 0x10000;
  return (high * 0x1_0000_0000 + b.readUInt32LE(at)) / 1000;
}

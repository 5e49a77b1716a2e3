/**
 * CRC32 of an event. Source: Log_event_footer::event_checksum_test in libs/mysql/binlog/event/binlog_event.cpp
 *
 *   event = header and body | crc32 4 (little-endian, zlib's polynomial, over everything before it)
 */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { RelayError } from '../../base/errors.ts';
import { decodeError } from './decode-error.ts';
import { eventFlags, eventType, HEADER_BYTES } from './event-header.ts';
import { EVENT, eventName, LOG_EVENT_BINLOG_IN_USE_F } from './event-types.ts';

/** What the checksum takes at the end of an event. */
export const CHECKSUM_BYTES = 4;

/** Below this many bytes the call into zlib costs more than the loop in JavaScript (Node 20). */
const NATIVE_FROM_BYTES = 400;
const FLAGS_OFFSET = 17;

/**
 * Slicing by eight: entry `256 * k + byte` is the CRC of that byte with k zero bytes after it. One array, whose bounds
 * are checked once.
 */
const TABLE = new Int32Array(8 * 256);
for (let i = 0; i < 256; i++) {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  TABLE[i] = c;
}
for (let i = 256; i < TABLE.length; i++) {
  const before = entry(i - 256);
  TABLE[i] = entry(before & 255) ^ (before >>> 8);
}

/** CRC32 of `b[p, e)` as an unsigned number. */
export function crc32(b: Buffer, p: number, e: number): number {
  return signedCrc32(b, p, e) >>> 0;
}

/** As a signed number, which V8 keeps in a register: of the unsigned ones every second is an object of its own. */
function signedCrc32(b: Buffer, p: number, e: number): number {
  if (e - p >= NATIVE_FROM_BYTES) return zlibCrc32(b.subarray(p, e)) | 0;
  let c = -1;
  for (; p + 8 <= e; p += 8) {
    c ^= byte(b, p) | (byte(b, p + 1) << 8) | (byte(b, p + 2) << 16) | (byte(b, p + 3) << 24);
    c =
      entry(0x700 + (c & 255)) ^
      entry(0x600 + ((c >>> 8) & 255)) ^
      entry(0x500 + ((c >>> 16) & 255)) ^
      entry(0x400 + (c >>> 24)) ^
      entry(0x300 + byte(b, p + 4)) ^
      entry(0x200 + byte(b, p + 5)) ^
      entry(0x100 + byte(b, p + 6)) ^
      entry(byte(b, p + 7));
  }
  for (; p < e; p++) c = entry((c ^ byte(b, p)) & 255) ^ (c >>> 8);
  return ~c;
}

/**
 * Throws BINLOG_CHECKSUM unless the event `b[start, end)` ends with the CRC32 of its other bytes. A FORMAT_DESCRIPTION
 * gets its "in use" flag after its checksum was made: the flag counts as cleared, the bytes are left as they are.
 */
export function verifyChecksum(b: Buffer, start: number, end: number): void {
  const bodyEnd = end - CHECKSUM_BYTES;
  if (end > b.length || bodyEnd - start < HEADER_BYTES) throw decodeError('event', 'a header and a checksum', 0);
  if (endsInChecksum(b, start, end)) return;
  const expected = b.readUInt32LE(bodyEnd);
  const type = eventType(b, start);
  if (type === EVENT.FORMAT_DESCRIPTION && crcOutOfUse(b, start, bodyEnd) === expected) return;
  throw new RelayError('BINLOG_CHECKSUM', `${eventName(type)}: the CRC32 of its ${end - start} bytes is wrong`, {
    details: { event: eventName(type), sizeBytes: end - start },
  });
}

/** Whether the last bytes of the event are the CRC32 of the others. */
export function endsInChecksum(b: Buffer, start: number, end: number): boolean {
  const bodyEnd = end - CHECKSUM_BYTES;
  return bodyEnd - start >= HEADER_BYTES && signedCrc32(b, start, bodyEnd) === b.readInt32LE(bodyEnd);
}

function crcOutOfUse(b: Buffer, start: number, bodyEnd: number): number {
  const copy = Buffer.from(b.subarray(start, bodyEnd));
  copy.writeUInt16LE(eventFlags(b, start) & ~LOG_EVENT_BINLOG_IN_USE_F, FLAGS_OFFSET);
  return crc32(copy, 0, copy.length);
}

/** Inside the loop's bounds, so the fallback is never taken; half the time of readInt32LE, measured. */
function byte(b: Buffer, p: number): number {
  return b[p] ?? 0;
}

/** The index is always inside; the fallback is what makes the type a number. */
function entry(index: number): number {
  return TABLE[index] ?? 0;
}

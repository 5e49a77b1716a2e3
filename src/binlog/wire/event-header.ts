/**
 * The header that every event begins with. Source: Log_event_header in libs/mysql/binlog/event/binlog_event.h
 *
 *   timestamp 4 | type 1 | server id 4 | event size 4 | next position 4 | flags 2
 *
 * The accessors read from `b` at the event's `start` without allocation and without checks: `checkFrame` first.
 */
import { decodeError } from './decode-error.ts';
import { eventName } from './event-types.ts';

export const HEADER_BYTES = 19;

/**
 * Throws BINLOG_DECODE unless `b[start, end)` is one whole event: a header, and as many bytes as its size says. `end`
 * includes the checksum.
 */
export function checkFrame(b: Buffer, start: number, end: number): void {
  if (end > b.length || end - start < HEADER_BYTES) throw decodeError('event header', `${HEADER_BYTES} bytes`, 0);
  const size = eventSize(b, start);
  if (size !== end - start) {
    throw decodeError(
      eventName(eventType(b, start)),
      `${size} bytes, not ${end - start}, as the header's size says`,
      9,
    );
  }
}

/** Seconds since 1970 on the server; 0 in events that the dump thread makes up. */
export function eventTimestamp(b: Buffer, start: number): number {
  return b.readUInt32LE(start);
}

/** See EVENT in event-types.ts. */
export function eventType(b: Buffer, start: number): number {
  return b.readUInt8(start + 4);
}

/** The server that first executed what the event tells of. */
export function eventServerId(b: Buffer, start: number): number {
  return b.readUInt32LE(start + 5);
}

/** Bytes of the event from header to checksum. */
export function eventSize(b: Buffer, start: number): number {
  return b.readUInt32LE(start + 9);
}

/** For an event that is made of another: a copy without its checksum, or one that was decompressed. */
export function setEventSize(b: Buffer, start: number, sizeBytes: number): void {
  b.writeUInt32LE(sizeBytes, start + 9);
}

/**
 * Where the next event starts in the file, 0 in artificial events. Only 32 bits wide: in a file beyond 4 GiB (one huge
 * transaction makes such a file) it wraps, so that an offset is kept by adding event sizes, and checked against this
 * modulo 2^32. Inside a TRANSACTION_PAYLOAD it is 0 as well.
 */
export function eventNextOffset(b: Buffer, start: number): number {
  return b.readUInt32LE(start + 13);
}

/** LOG_EVENT_…_F bits, see event-types.ts. */
export function eventFlags(b: Buffer, start: number): number {
  return b.readUInt16LE(start + 17);
}

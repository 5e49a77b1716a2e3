/**
 * HEARTBEAT and HEARTBEAT_V2: the dump thread's sign of life, never in a file: where it stands after events it had not to send.
 * Source: Heartbeat_event and Heartbeat_event_v2 in libs/mysql/binlog/event/control_events.h, codecs/binary.cpp
 *
 *   v1: file name, to the end; the offset is the header's next position (32 bits: the server sends v2 beyond 4 GiB if asked to)
 *   v2: fields of (type, size, value), all packed integers: 1 = file name, 2 = offset as a packed integer; type 0 ends them
 */
import type { FilePosition } from '../binlog.ts';
import { Cursor } from '../cursor.ts';
import { eventNextOffset, HEADER_BYTES } from '../event-header.ts';

const FIELD = { END: 0, FILE: 1, OFFSET: 2 } as const;

/** `end`: behind the body, without the checksum. Throws BINLOG_DECODE. */
export function readHeartbeat(b: Buffer, start: number, end: number): FilePosition {
  const cursor = new Cursor('HEARTBEAT', b, start, start + HEADER_BYTES, end);
  if (cursor.left <= 0) cursor.fail('a file name');
  return { file: cursor.utf8(cursor.left, 'a file name'), offset: eventNextOffset(b, start) };
}

/** `end`: behind the body, without the checksum. Throws BINLOG_DECODE. */
export function readHeartbeatV2(b: Buffer, start: number, end: number): FilePosition {
  const cursor = new Cursor('HEARTBEAT_V2', b, start, start + HEADER_BYTES, end);
  let file: string | undefined;
  let offset: number | undefined;
  for (;;) {
    const type = cursor.packed('the type of a field');
    if (type === FIELD.END) break;
    const size = cursor.packed('the size of a field');
    const field = cursor.part(size, 'a field of the given size');
    if (type === FIELD.FILE) file = field.utf8(size, 'a file name');
    else if (type === FIELD.OFFSET) offset = field.packed('an offset');
  }
  if (file === undefined || offset === undefined) return cursor.fail('a file name and an offset');
  return { file, offset };
}

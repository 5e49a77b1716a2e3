/**
 * ROTATE: the next event stands in another file. Source: Rotate_event in libs/mysql/binlog/event/control_events.h
 *
 *   offset 8 | file name, to the end
 *
 * The dump thread also makes one up (LOG_EVENT_ARTIFICIAL_F) at the start of a dump and before each file's
 * FORMAT_DESCRIPTION.
 */
import type { FilePosition } from '../binlog.ts';
import { Cursor } from '../wire/cursor.ts';
import { HEADER_BYTES } from '../wire/event-header.ts';

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readRotate(b: Buffer, start: number, end: number): FilePosition {
  const cursor = new Cursor('ROTATE', b, start, start + HEADER_BYTES, end);
  const offset = cursor.safe64('an offset');
  if (cursor.left === 0) cursor.fail('a file name');
  return { file: cursor.utf8(cursor.left, 'a file name'), offset };
}

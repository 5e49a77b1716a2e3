/**
 * WRITE_ROWS, UPDATE_ROWS, DELETE_ROWS (v1 and v2) and PARTIAL_UPDATE_ROWS, up to their first row image.
 * Source: Rows_event in libs/mysql/binlog/event/rows_event.h and .cpp
 *
 *   table id 6 | flags 2 | v2: size of extra data 2, itself included, then the data | number of columns, packed |
 *   columns present in the image before (insert: after), one bit each, low bit first | updates: columns present in the image after | rows
 *
 * The extra data (partition ids, NDB) say nothing about the rows' content and are passed over.
 */
import { decodeError } from '../wire/decode-error.ts';
import { eventType, HEADER_BYTES } from '../wire/event-header.ts';
import { EVENT, eventName } from '../wire/event-types.ts';

/** One record for all rows events of a stream: written over by each. Offsets count from the start of the buffer. */
export interface RowsHeader {
  kind: 'insert' | 'update' | 'delete';
  /** PARTIAL_UPDATE_ROWS: the images after hold JSON differences. */
  partial: boolean;
  tableId: number;
  /** Last rows event of its statement: the table ids end here. */
  endOfStatement: boolean;
  columns: number;
  /**
   * Offset of the bitmap of columns present: in the image before for updates and deletes, in the image after for
   * inserts.
   */
  present: number;
  /** The same for the image after of updates; equal to `present` for inserts and deletes. */
  presentAfter: number;
  /** Where the first row image begins. */
  rows: number;
}

export function newRowsHeader(): RowsHeader {
  return {
    kind: 'insert',
    partial: false,
    tableId: 0,
    endOfStatement: false,
    columns: 0,
    present: 0,
    presentAfter: 0,
    rows: 0,
  };
}

const STMT_END_F = 1;
const TABLE_ID = HEADER_BYTES;
const FLAGS = TABLE_ID + 6;
const EXTRA = FLAGS + 2;
/** MySQL's limit is 4096 columns: a packed integer of one or three bytes. */
const MAX_COLUMNS = 4096;

/** Reads the head of any rows event into `into`. `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readRowsHeader(b: Buffer, start: number, end: number, into: RowsHeader): void {
  if (end > b.length || end - start <= EXTRA)
    throw decodeError('rows event', 'a table id, flags and columns', TABLE_ID);
  const type = eventType(b, start);
  const kind = rowsKind(type);
  if (kind === undefined) throw decodeError(eventName(type), 'a rows event', 4);
  let at = start + EXTRA;
  if (type >= EVENT.WRITE_ROWS) {
    const extraBytes = end - at < 2 ? 0 : b.readUInt16LE(at);
    if (extraBytes < 2 || extraBytes >= end - at)
      throw decodeError(eventName(type), 'extra data of the given size', EXTRA);
    at += extraBytes;
  }
  let columns = b.readUInt8(at++);
  if (columns === 252 && end - at >= 2) {
    columns = b.readUInt16LE(at);
    at += 2;
  } else if (columns > 250) columns = 0;
  if (columns === 0 || columns > MAX_COLUMNS)
    throw decodeError(eventName(type), `1 to ${MAX_COLUMNS} columns`, at - start);
  const bitmapBytes = (columns + 7) >> 3;
  const rows = at + (kind === 'update' ? 2 : 1) * bitmapBytes;
  if (rows > end) throw decodeError(eventName(type), 'the bitmaps of columns present', at - start);
  into.kind = kind;
  into.partial = type === EVENT.PARTIAL_UPDATE_ROWS;
  into.tableId = b.readUIntLE(start + TABLE_ID, 6);
  into.endOfStatement = (b.readUInt16LE(start + FLAGS) & STMT_END_F) !== 0;
  into.columns = columns;
  into.present = at;
  into.presentAfter = rows - bitmapBytes;
  into.rows = rows;
}

/** Undefined when the type is no rows event. */
export function rowsKind(type: number): RowsHeader['kind'] | undefined {
  switch (type) {
    case EVENT.WRITE_ROWS_V1:
    case EVENT.WRITE_ROWS:
      return 'insert';
    case EVENT.UPDATE_ROWS_V1:
    case EVENT.UPDATE_ROWS:
    case EVENT.PARTIAL_UPDATE_ROWS:
      return 'update';
    case EVENT.DELETE_ROWS_V1:
    case EVENT.DELETE_ROWS:
      return 'delete';
    default:
      return undefined;
  }
}

/** True when the bitmap at `b[at]` has all `columns` bits set: the image holds every column (binlog_row_image=FULL). */
export function isFullImage(b: Buffer, at: number, columns: number): boolean {
  const whole = columns >> 3;
  for (let i = 0; i < whole; i++) if (b[at + i] !== 0xff) return false;
  const rest = (1 << (columns & 7)) - 1;
  return rest === 0 || (b.readUInt8(at + whole) & rest) === rest;
}

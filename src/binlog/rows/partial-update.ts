/**
 * PARTIAL_UPDATE_ROWS, which binlog_row_value_options=PARTIAL_JSON makes of updates. Source: unpack_row of
 * sql/rpl_record.cc, Rows_event::enum_value_options in libs/mysql/binlog/event/rows_event.h
 *
 * As UPDATE_ROWS, but that each image after begins with: options, packed | with option 1, one bit per JSON column of the table, low bit
 * first | then what every image is: null bits, values. A column whose bit is set has in place of its value, after the same length, the
 * differences of json-diff.ts to its value before.
 */
import type { Column, ValueSize } from '../binlog.ts';
import { TYPE } from '../wire/column-types.ts';
import { valueSize } from './columns.ts';
import { u8 } from '../bytes/bytes.ts';
import { Cursor } from '../wire/cursor.ts';
import { decodeError } from '../wire/decode-error.ts';
import { setEventSize } from '../wire/event-header.ts';
import { EVENT } from '../wire/event-types.ts';
import { applyJsonDiffs } from '../json/json-diff.ts';
import type { RowsHeader } from './rows.ts';

const NAME = 'PARTIAL_UPDATE_ROWS';
const PARTIAL_JSON_UPDATES = 1;
const TYPE_OFFSET = 4;
const LENGTH_BYTES = 4;
const NULL = -1;

/**
 * The UPDATE_ROWS event, without checksum, that says the same with whole images after. `end`: after the body, without
 * the checksum. `header`: what readRowsHeader read; its images must be full. `columns`: those of the table. Throws
 * BINLOG_DECODE.
 */
export function expandPartialUpdate(
  b: Buffer,
  start: number,
  end: number,
  header: RowsHeader,
  columns: readonly Column[],
): Buffer {
  const sizes = columns.map(valueSize);
  const json = columns.filter(({ type }) => type === TYPE.JSON);
  const before = newImage(columns.length);
  const after = newImage(columns.length);
  const parts: Buffer[] = [];
  let copied = start;
  for (let p = header.rows; p < end; p = after.end) {
    readImage(b, start, p, end, sizes, before);
    const options = new Cursor(NAME, b, start, before.end, end);
    const partial = readPartialColumns(options, json);
    parts.push(b.subarray(copied, before.end));
    copied = end - options.left;
    readImage(b, start, copied, end, sizes, after);
    for (const { index, name } of partial) {
      const from = after.from[index] ?? NULL;
      const old = before.from[index] ?? NULL;
      // The server sets no bit where a value is NULL.
      if (from === NULL || old === NULL) throw decodeError(NAME, 'differences between two values', copied - start);
      const value = applyJsonDiffs(name, b.subarray(old, before.to[index]), b.subarray(from, after.to[index]));
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(value.length);
      parts.push(b.subarray(copied, from - LENGTH_BYTES), length, value);
      copied = after.to[index] ?? from;
    }
  }
  parts.push(b.subarray(copied, end));
  const event = Buffer.concat(parts);
  event.writeUInt8(EVENT.UPDATE_ROWS, TYPE_OFFSET);
  setEventSize(event, 0, event.length);
  return event;
}

/** The columns that hold differences in the image that follows, in table order. */
function readPartialColumns(cursor: Cursor, json: readonly Column[]): readonly Column[] {
  const options = cursor.packed('the options of a row');
  if (options === 0) return [];
  if (options !== PARTIAL_JSON_UPDATES) cursor.fail('known options of a row');
  const bits = cursor.view((json.length + 7) >> 3, 'a bit for each JSON column');
  return json.filter((column, n) => {
    const isPartial = (((bits[n >> 3] ?? 0) >> (n & 7)) & 1) === 1;
    // The length before a JSON value has four bytes in every version of MySQL; what is put in its place is written with
    // as many.
    if (isPartial && column.meta !== LENGTH_BYTES) cursor.fail('JSON values with a length of four bytes');
    return isPartial;
  });
}

/** Where the values of a row image stand, by column, without their length prefixes. */
interface Image {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Behind the image. */
  end: number;
}

const newImage = (columns: number): Image => ({ from: new Int32Array(columns), to: new Int32Array(columns), end: 0 });

function readImage(b: Buffer, start: number, p: number, end: number, sizes: readonly ValueSize[], into: Image): void {
  let at = p + ((sizes.length + 7) >> 3);
  for (const [index, size] of sizes.entries()) {
    if (((u8(b, p + (index >> 3)) >> (index & 7)) & 1) === 1) {
      into.from[index] = NULL;
      continue;
    }
    const prefix = size.kind === 'fixed' ? 0 : size.prefix;
    at += prefix;
    if (at > end) break;
    into.from[index] = at;
    at += size.kind === 'fixed' ? size.bytes : b.readUIntLE(at - prefix, size.prefix);
    into.to[index] = at;
  }
  if (at > end) throw decodeError(NAME, 'row images that end inside the event', p - start);
  into.end = at;
}

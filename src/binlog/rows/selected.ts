/**
 * Values that a SELECT shows, in place of a row image: the same text comes of both, byte for byte.
 *
 * The session that selects has `SET NAMES utf8mb4; SET character_set_results = binary, time_zone = '+00:00'` and no
 * mode that changes texts, so that they arrive in the bytes of their column's charset and a TIMESTAMP in UTC, and uses
 * the text protocol.
 * `character_set_results = NULL` gives the same bytes, but mysql2 takes the charset of the values for that of the name,
 * and throws for one that it does not know, such as swe7. CAST(... AS BINARY) of a text would be NULL in MariaDB where
 * it is longer than max_allowed_packet.
 */
import type { Column, ColumnCodec, WriteText } from '../binlog.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { BINARY_COLLATION } from '../charsets/collations.ts';
import {
  selectedDateCodec,
  selectedDatetimeCodec,
  selectedTimeCodec,
  selectedTimestampCodec,
  selectedYearCodec,
} from '../columns/selected-clock.ts';
import { selectedFloatCodec, selectedIndexCodec } from '../columns/selected-image.ts';
import { selectedJsonCodec } from '../columns/selected-json.ts';
import { selectedNumberCodec } from '../columns/selected-number.ts';
import { TYPE } from '../wire/column-types.ts';
import { columnCodec, type CodecOptions } from './columns.ts';

/** Bytes of an INET4, and of an INET6 or UUID. */
const ADDRESS_BYTES = new Set([4, 16]);

/** The SQL expression that shows a column's value so that `selectedCodec` can read it; `name` is quoted already. */
export function selectedExpression({ type, meta, collation }: Column, name: string): string {
  switch (type) {
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
      // FLOAT alone is shown with six digits, and either with the digits that it was declared with. An addition would
      // lose the sign of -0.
      return `${name} * 1e0`;
    case TYPE.ENUM:
    case TYPE.SET:
      // MySQL takes `+ 0` of a SET in floating point, which has not all of 64 bits.
      return `CAST(${name} AS UNSIGNED)`;
    case TYPE.STRING:
      // The binlog has INET4, INET6 and UUID of MariaDB as BINARY, SELECT shows their texts.
      if (collation === BINARY_COLLATION && ADDRESS_BYTES.has(meta)) return `CAST(${name} AS BINARY(${meta}))`;
      return name;
    default:
      return name;
  }
}

/**
 * Writes the text of a value as SELECT shows it (in the session named above), exactly as columnCodec(column, options)
 * writes the same value of a row image. Throws as columnCodec does; its writers throw BINLOG_DECODE for a text that the
 * column's type does not have.
 */
export function selectedCodec(column: Column, options: CodecOptions = {}): ColumnCodec {
  const { name, type, meta } = column;
  switch (type) {
    case TYPE.TINY:
    case TYPE.SHORT:
    case TYPE.INT24:
    case TYPE.LONG:
    case TYPE.LONGLONG:
      return selectedNumberCodec(name, 0);
    case TYPE.NEWDECIMAL:
      return selectedNumberCodec(name, meta & 0xff);
    case TYPE.FLOAT:
      return selectedFloatCodec(name, 4, columnCodec(column, options));
    case TYPE.DOUBLE:
      return selectedFloatCodec(name, 8, columnCodec(column, options));
    case TYPE.BIT:
      return sizedCodec(name, (meta + 7) >> 3, columnCodec(column, options));
    case TYPE.YEAR:
      return selectedYearCodec(name);
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return selectedDateCodec(name);
    case TYPE.TIME:
    case TYPE.TIME2:
      return selectedTimeCodec(name, meta);
    case TYPE.DATETIME:
    case TYPE.DATETIME2:
      return selectedDatetimeCodec(name, meta);
    case TYPE.TIMESTAMP:
    case TYPE.TIMESTAMP2:
      if (options.timeZone === undefined) return selectedDatetimeCodec(name, meta);
      return selectedTimestampCodec(name, type === TYPE.TIMESTAMP ? undefined : meta, options.timeZone);
    case TYPE.ENUM:
    case TYPE.SET:
      return selectedIndexCodec(name, meta, columnCodec(column, options));
    case TYPE.JSON:
      return selectedJsonCodec(name);
    // MariaDB inflates them.
    case TYPE.VARCHAR_COMPRESSED:
      return columnCodec({ ...column, type: TYPE.VARCHAR }, options);
    case TYPE.BLOB_COMPRESSED:
      return columnCodec({ ...column, type: TYPE.BLOB }, options);
    default:
      // Texts and bytes are shown as they stand in a row image.
      return columnCodec(column, options);
  }
}

/** BIT: shown in the bytes of a row image. */
function sizedCodec(column: string, bytes: number, { text: write, maxBytes }: ColumnCodec): ColumnCodec {
  const text: WriteText = (out, o, b, p, e) => {
    if (e - p !== bytes || e > b.length) throw malformedValue(column, `${bytes} bytes`);
    return write(out, o, b, p, e);
  };
  return { text, json: text, maxBytes };
}

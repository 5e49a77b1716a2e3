import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u24le, u8 } from '../bytes/bytes.ts';
import { isStorableDate, writeDate } from './clock-text.ts';
import { writePadded } from '../bytes/digits.ts';
import { malformedValue } from '../bytes/malformed.ts';

/** DATE: three bytes little-endian, day in 5 bits, month in 4, year above (sql/field.cc, Field_newdate). */
export function dateCodec(column: string): ColumnCodec {
  const text: WriteText = (out, o, b, p) => {
    const packed = u24le(b, p);
    const year = packed >>> 9;
    const month = (packed >>> 5) & 15;
    const day = packed & 31;
    if (!isStorableDate(year, month, day)) throw malformedValue(column, 'a DATE');
    return writeDate(out, o, year, month, day);
  };
  return { text, json: text, maxBytes: 10 };
}

/** YEAR: years since 1900 in one byte; 0 is the year 0000 (sql/field.cc, Field_year). */
export function yearCodec(): ColumnCodec {
  const text: WriteText = (out, o, b, p) => {
    const stored = u8(b, p);
    return writePadded(out, o, stored === 0 ? 0 : 1900 + stored, 4);
  };
  return { text, json: text, maxBytes: 4 };
}

/**
 * TIME, DATETIME and TIMESTAMP as they were stored before MySQL 5.6; MariaDB still has them, and tables that were never
 * rebuilt since, up to MySQL 5.7. Little-endian, without fractions. Source: Field_time, Field_datetime and
 * Field_timestamp in sql/field.cc of MySQL 5.5
 */
import type { TimeZone } from '../../base/time-zone.ts';
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { i32le, u24le } from '../bytes/bytes.ts';
import { isStorableDate, writeDate, writeMinuteSecond } from './clock-text.ts';
import { PREFIX_BYTES } from './datetime.ts';
import { writeAscii, writeBytes, writePadded, writePair } from '../bytes/digits.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { HOUR_SECONDS, writeHourOfEpoch } from './timestamp.ts';

const MINUS = 0x2d;
const SPACE = 0x20;
const MAX_HOUR = 838;
const DAY = 1_000_000;
const DATETIME_BYTES = 19;

/** Three bytes: the number hhmmss, with its sign. */
export function oldTimeCodec(column: string): ColumnCodec {
  const text: WriteText = (out, start, b, p) => {
    const signed = (u24le(b, p) << 8) >> 8;
    const value = Math.abs(signed);
    const hour = (value / 10_000) | 0;
    const minute = ((value / 100) | 0) % 100;
    const second = value % 100;
    if (hour > MAX_HOUR || minute > 59 || second > 59) throw malformedValue(column, 'a TIME of before MySQL 5.6');
    let o = start;
    if (signed < 0) {
      out[o] = MINUS;
      o += 1;
    }
    o = hour < 100 ? writePair(out, o, hour) : writePadded(out, o, hour, 3);
    return writeMinuteSecond(out, o, minute, second);
  };
  return { text, json: text, maxBytes: 10 };
}

/** Eight bytes: the number yyyymmddhhmmss. */
export function oldDatetimeCodec(column: string): ColumnCodec {
  const text: WriteText = (out, start, b, p) => {
    const packed = (i32le(b, p + 4) >>> 0) * 0x100000000 + (i32le(b, p) >>> 0);
    const date = Math.floor(packed / DAY);
    const time = packed - date * DAY;
    const year = Math.floor(date / 10_000);
    const month = Math.floor(date / 100) % 100;
    const hour = (time / 10_000) | 0;
    const minute = ((time / 100) | 0) % 100;
    const second = time % 100;
    if (!isStorableDate(year, month, date % 100) || hour > 23 || minute > 59 || second > 59)
      throw malformedValue(column, 'a DATETIME of before MySQL 5.6');
    const o = writeDate(out, start, year, month, date % 100);
    out[o] = SPACE;
    return writeMinuteSecond(out, writePair(out, o + 1, hour), minute, second);
  };
  return { text, json: text, maxBytes: DATETIME_BYTES };
}

/** Four bytes: seconds since 1970, as text in `zone`, or UTC; 0 is MySQL's zero timestamp. */
export function oldTimestampCodec(zone?: TimeZone): ColumnCodec {
  const hour = new Uint8Array(PREFIX_BYTES);
  const text: WriteText = (out, o, b, p) => {
    const stored = i32le(b, p) >>> 0;
    if (stored === 0) return writeAscii(out, o, '0000-00-00 00:00:00');
    const seconds = zone === undefined ? stored : stored + zone.offsetSeconds(stored);
    const hours = Math.floor(seconds / HOUR_SECONDS);
    writeHourOfEpoch(hour, hours);
    const rest = seconds - hours * HOUR_SECONDS;
    return writeMinuteSecond(out, writeBytes(out, o, hour), (rest / 60) | 0, rest % 60);
  };
  return { text, json: text, maxBytes: DATETIME_BYTES };
}

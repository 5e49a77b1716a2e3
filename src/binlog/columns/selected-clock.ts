import type { TimeZone } from '../../base/time-zone.ts';
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u8 } from '../bytes/bytes.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { fractionBytes } from './fraction.ts';
import { oldTimestampCodec } from './old-temporal.ts';
import { isDigit } from './selected-number.ts';
import { timestampCodec } from './timestamp.ts';

const MINUS = 0x2d;
const ZERO = 0x30;

const fraction = (digits: number): string => (digits === 0 ? '' : '.'.padEnd(1 + digits, '0'));
const dateTimePattern = (digits: number): string => `0000-00-00 00:00:00${fraction(digits)}`;

/** DATE, YEAR, DATETIME, and TIMESTAMP in UTC: the text of a row image is the one that SELECT shows. */
export const selectedDateCodec = (column: string): ColumnCodec => patternCodec(column, '0000-00-00');
/**
 * A YEAR(2) of MariaDB, which shows two digits, is refused: 1969 and 2069 look alike, in every function of SQL, too.
 */
export const selectedYearCodec = (column: string): ColumnCodec => patternCodec(column, '0000');
export const selectedDatetimeCodec = (column: string, digits: number): ColumnCodec =>
  patternCodec(column, dateTimePattern(digits));

/** Texts of the length of `pattern` with a digit for each 0 of it, and its other characters where they stand. */
function patternCodec(column: string, pattern: string): ColumnCodec {
  const shape = shapeOf(pattern);
  const malformed = (): Error => malformedValue(column, `a text like ${pattern}`);
  const text: WriteText = (out, o, b, p, e) => {
    if (e - p !== shape.length || !copyShape(out, o, b, p, shape)) throw malformed();
    return o + shape.length;
  };
  return { text, json: text, maxBytes: 0 };
}

/** TIME(digits): a sign, and two digits of hours or three. */
export function selectedTimeCodec(column: string, digits: number): ColumnCodec {
  const pattern = `00:00:00${fraction(digits)}`;
  const shape = shapeOf(pattern);
  const malformed = (): Error => malformedValue(column, `a text like ${pattern}`);
  const text: WriteText = (out, start, b, p, e) => {
    let o = start;
    let q = p;
    if (u8(b, q) === MINUS) {
      out[o] = MINUS;
      o += 1;
      q += 1;
    }
    if (e - q === shape.length + 1) {
      const hundreds = u8(b, q);
      if (!isDigit(hundreds)) throw malformed();
      out[o] = hundreds;
      o += 1;
      q += 1;
    }
    if (e - q !== shape.length || !copyShape(out, o, b, q, shape)) throw malformed();
    return o + shape.length;
  };
  return { text, json: text, maxBytes: 0 };
}

const shapeOf = (pattern: string): Uint8Array => new Uint8Array(Buffer.from(pattern));

/** False where the text at `p` has another shape; what was written then is to be thrown away. */
function copyShape(out: Uint8Array, o: number, b: Buffer, p: number, shape: Uint8Array): boolean {
  for (let i = 0; i < shape.length; i += 1) {
    const byte = u8(b, p + i);
    const expected = u8(shape, i);
    if (expected === ZERO ? !isDigit(byte) : byte !== expected) return false;
    out[o + i] = byte;
  }
  return true;
}

const SECONDS_END = 2 ** 32;

/**
 * TIMESTAMP in a zone: the text, which is that of UTC, becomes the bytes of a row image, and these become the text in
 * `zone`. `digits`: of the fraction; undefined for the type of before MySQL 5.6.
 */
export function selectedTimestampCodec(column: string, digits: number | undefined, zone: TimeZone): ColumnCodec {
  const places = digits ?? 0;
  const image = digits === undefined ? oldTimestampCodec(zone) : timestampCodec(column, places, zone);
  const utc = selectedDatetimeCodec(column, places);
  const malformed = (): Error => malformedValue(column, 'a TIMESTAMP in UTC');
  const shown = new Uint8Array(dateTimePattern(places).length);
  const bytes = Buffer.alloc(4 + fractionBytes(places));
  const fractionScale = places % 2 === 0 ? 1 : 10;
  // Rows that stand together are mostly of one day.
  let day = -1;
  let daySeconds = 0;

  const text: WriteText = (out, o, b, p, e) => {
    // Checks the shape; from here on all that is read is digits.
    utc.text(shown, 0, b, p, e);
    const date = numberAt(shown, 0, 4) * 10_000 + numberAt(shown, 5, 2) * 100 + numberAt(shown, 8, 2);
    if (date !== day) {
      daySeconds = secondsOfDate(date);
      day = date;
    }
    const hour = numberAt(shown, 11, 2);
    const minute = numberAt(shown, 14, 2);
    const second = numberAt(shown, 17, 2);
    const time = hour * 3600 + minute * 60 + second;
    const isZero = date === 0 && time === 0;
    const seconds = isZero ? 0 : daySeconds + time;
    // Second 0 that is not shown as the zero timestamp would become it.
    if (!isZero && !(seconds > 0)) throw malformed();
    if (hour > 23 || minute > 59 || second > 59 || seconds >= SECONDS_END) throw malformed();
    if (digits === undefined) {
      bytes.writeUInt32LE(seconds);
    } else {
      writeBigEndian(bytes, 0, 4, seconds);
      writeBigEndian(bytes, 4, bytes.length, numberAt(shown, FRACTION, digits) * fractionScale);
    }
    return image.text(out, o, bytes, 0, bytes.length);
  };
  return { text, json: text, maxBytes: image.maxBytes };
}

/** Where it begins in a text. */
const FRACTION = 20;

/** Seconds since 1970 at which the day yyyymmdd begins; NaN for what is no day since then. */
function secondsOfDate(date: number): number {
  const year = Math.floor(date / 10_000);
  const month = Math.floor(date / 100) % 100;
  const day = date % 100;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31) return NaN;
  return Date.UTC(year, month - 1, day) / 1000;
}

function numberAt(text: Uint8Array, p: number, digits: number): number {
  let value = 0;
  for (let i = 0; i < digits; i += 1) value = value * 10 + u8(text, p + i) - ZERO;
  return value;
}

function writeBigEndian(bytes: Uint8Array, start: number, end: number, value: number): void {
  let rest = value;
  for (let i = end - 1; i >= start; i -= 1) {
    bytes[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
}

import type { ColumnCodec, WriteText } from '../binlog.ts';
import { writeAscii } from '../bytes/digits.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * FLOAT and DOUBLE: IEEE 754, little-endian. The text is the shortest that reads back to the same bits, in the notation
 * of my_gcvt of strings/dtoa.cc: plain (0.00012) if that fits a width and the point is not too far from the digits,
 * with an exponent (1.2e-16) if not. MySQL itself prints a FLOAT with six digits only, which loses bits.
 */

/** Characters that CAST(... AS CHAR) gives a DOUBLE, sign included. Our FLOAT has the same. */
const COLUMN_WIDTH = 24;
/** Plain notation reaches so many places before the first digit, and after it. */
const PLAIN_PLACES = 15;
const MIN_NORMAL_FLOAT = 2 ** -126;
/** Below it every integer is a float. */
const FLOAT_INTEGERS = 2 ** 24;
/**
 * MySQL refuses what is above it before it rounds, and the nearest texts of it, 3.4028235e38 and 3.40282347e38, are.
 * This one reads back to it.
 */
const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;
const ROUNDED_MAX_FLOAT = 3.4028234e38;
/** Digits that a normal float always keeps, and that always suffice. */
const FLOAT_SURE_DIGITS = 6;
const FLOAT_MAX_DIGITS = 9;

export function doubleCodec(column: string): ColumnCodec {
  const text: WriteText = (out, o, b, p, e) => {
    const value = e <= b.length ? b.readDoubleLE(p) : NaN;
    if (!Number.isFinite(value)) throw malformedValue(column, 'a finite DOUBLE');
    return writeAscii(out, o, doubleText(value, COLUMN_WIDTH));
  };
  return { text, json: text, maxBytes: COLUMN_WIDTH };
}

export function floatCodec(column: string): ColumnCodec {
  const text: WriteText = (out, o, b, p, e) => {
    const value = e <= b.length ? b.readFloatLE(p) : NaN;
    if (!Number.isFinite(value)) throw malformedValue(column, 'a finite FLOAT');
    return writeAscii(out, o, doubleText(shortestDouble(value), COLUMN_WIDTH));
  };
  return { text, json: text, maxBytes: COLUMN_WIDTH };
}

/**
 * The shortest text of a finite double as MySQL prints it into `width` characters, 24 or more: no double needs more
 * with an exponent.
 */
export function doubleText(value: number, width: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  // Here JavaScript's notation is MySQL's, and every text fits.
  if (size >= 1e-5 && size < 1e15) return String(value);

  const [mantissa = '', exponent = ''] = size.toExponential().split('e');
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  if (point > 0 && digits.length > point) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  const plainWidth = sign.length + 2 - point + digits.length;
  if (point <= 0 && point > -PLAIN_PLACES && plainWidth <= width) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${mantissa}e${Number(exponent)}`;
}

/**
 * `value` rounded to the fewest decimal digits that still read back to it. (At 2^-96, 2^87 and 2^90, whose neighbours
 * below are nearer, a text one digit shorter would do that is not the rounded value.)
 */
function shortestDouble(value: number): number {
  const size = Math.abs(value);
  if (size === MAX_FLOAT) return Math.sign(value) * ROUNDED_MAX_FLOAT;
  if (size < FLOAT_INTEGERS && Number.isInteger(value)) return value;
  for (let digits = size < MIN_NORMAL_FLOAT ? 1 : FLOAT_SURE_DIGITS; digits < FLOAT_MAX_DIGITS; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(FLOAT_MAX_DIGITS));
}

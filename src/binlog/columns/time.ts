import type { ColumnCodec, WriteText } from '../binlog.ts';
import { uintBe } from '../bytes/bytes.ts';
import { writeMinuteSecond } from './clock-text.ts';
import { writePadded, writePair } from '../bytes/digits.ts';
import { fractionBytes, fractionLimit, fractionWidth, writeFraction } from './fraction.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * TIME(digits): hour, minute and second in 10, 6 and 6 bits, big-endian, followed by the fraction; the whole is one
 * number to which half its range is added so that negative times sort first (mysys/my_time.cc,
 * my_time_packed_to_binary).
 */
const ZERO_TIME = 0x800000;
const MAX_HOUR = 838;
const MINUS = 0x2d;

export function timeCodec(column: string, digits: number): ColumnCodec {
  const extraBytes = fractionBytes(digits);
  const extraRange = 256 ** extraBytes;
  const limit = fractionLimit(digits);
  const text: WriteText = (out, start, b, p) => {
    let o = start;
    let whole = uintBe(b, p, 3) - ZERO_TIME;
    let fraction = uintBe(b, p + 3, extraBytes);
    if (whole < 0) {
      out[o] = MINUS;
      o += 1;
      // Negates the number that both parts make together.
      whole = fraction === 0 ? -whole : -whole - 1;
      fraction = fraction === 0 ? 0 : extraRange - fraction;
    }
    const hour = whole >>> 12;
    const minute = (whole >>> 6) & 63;
    const second = whole & 63;
    if (hour > MAX_HOUR || minute > 59 || second > 59 || fraction >= limit)
      throw malformedValue(column, `a TIME(${digits})`);
    o = hour < 100 ? writePair(out, o, hour) : writePadded(out, o, hour, 3);
    return writeFraction(out, writeMinuteSecond(out, o, minute, second), fraction, digits);
  };
  return { text, json: text, maxBytes: 10 + fractionWidth(digits) };
}

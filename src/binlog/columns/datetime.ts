import type { ColumnCodec, WriteText } from '../binlog.ts';
import { i32be, u8, uintBe } from '../bytes/bytes.ts';
import { isStorableDate, writeDate, writeMinuteSecond } from './clock-text.ts';
import { writeBytes, writePair } from '../bytes/digits.ts';
import { fractionBytes, fractionLimit, fractionWidth, writeFraction } from './fraction.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * DATETIME(digits): big-endian, 1 bit sign (always set), 17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second,
 * then the fraction (mysys/my_time.cc, my_datetime_packed_to_binary).
 *
 * Rows that stand together were mostly written in the same hour: the text up to the hour is kept from value to value.
 */
export function datetimeCodec(column: string, digits: number): ColumnCodec {
  const extraBytes = fractionBytes(digits);
  const limit = fractionLimit(digits);
  const prefix = new Uint8Array(PREFIX_BYTES);
  let prefixOf = -1;
  const malformed = (): Error => malformedValue(column, `a DATETIME(${digits})`);

  const text: WriteText = (out, start, b, p) => {
    const high = i32be(b, p);
    const untilHour = high >>> 4;
    if (untilHour !== prefixOf) {
      const months = (high >>> 14) & 0x1ffff;
      const year = (months / 13) | 0;
      const month = months - year * 13;
      const day = (high >>> 9) & 31;
      const hour = untilHour & 31;
      if (high >= 0 || hour > 23 || !isStorableDate(year, month, day)) throw malformed();
      writeDateHour(prefix, year, month, day, hour);
      prefixOf = untilHour;
    }
    const low = u8(b, p + 4);
    const minute = ((high & 15) << 2) | (low >> 6);
    const second = low & 63;
    const fraction = uintBe(b, p + 5, extraBytes);
    if (minute > 59 || second > 59 || fraction >= limit) throw malformed();
    const o = writeMinuteSecond(out, writeBytes(out, start, prefix), minute, second);
    return writeFraction(out, o, fraction, digits);
  };
  return { text, json: text, maxBytes: PREFIX_BYTES + 6 + fractionWidth(digits) };
}

/** yyyy-mm-dd hh */
export const PREFIX_BYTES = 13;

export function writeDateHour(out: Uint8Array, year: number, month: number, day: number, hour: number): void {
  const o = writeDate(out, 0, year, month, day);
  out[o] = 0x20;
  writePair(out, o + 1, hour);
}

import type { TimeZone } from '../../base/time-zone.ts';
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { i32be, uintBe } from '../bytes/bytes.ts';
import { writeMinuteSecond } from './clock-text.ts';
import { PREFIX_BYTES, writeDateHour } from './datetime.ts';
import { writeBytes } from '../bytes/digits.ts';
import { fractionBytes, fractionLimit, fractionWidth, writeFraction } from './fraction.ts';
import { malformedValue } from '../bytes/malformed.ts';

export const HOUR_SECONDS = 3600;
const DAY_HOURS = 24;

/** No hour that a value can be in: the first is 1970-01-01 00 in UTC, and no zone is a hundred hours from it. */
const NO_HOUR = -100;

/**
 * TIMESTAMP(digits): seconds since 1970 in four bytes, big-endian, then the fraction (mysys/my_time.cc,
 * my_timestamp_to_binary). The text is that of `zone`, without one of UTC; second 0 is MySQL's zero timestamp in any.
 * As in DATETIME the text up to the hour is kept from value to value.
 */
export function timestampCodec(column: string, digits: number, zone?: TimeZone): ColumnCodec {
  const extraBytes = fractionBytes(digits);
  const limit = fractionLimit(digits);
  const prefix = new Uint8Array(PREFIX_BYTES);
  let prefixOf = NO_HOUR;
  const zero = new Uint8Array(Buffer.from(`0000-00-00 00:00:00${digits === 0 ? '' : '.'.padEnd(1 + digits, '0')}`));

  const write = (out: Uint8Array, start: number, b: Buffer, p: number, hours: number, rest: number): number => {
    if (hours !== prefixOf) {
      writeHourOfEpoch(prefix, hours);
      prefixOf = hours;
    }
    const minute = (rest / 60) | 0;
    const fraction = uintBe(b, p + 4, extraBytes);
    if (fraction >= limit) throw malformedValue(column, `a TIMESTAMP(${digits})`);
    const o = writeMinuteSecond(out, writeBytes(out, start, prefix), minute, rest - minute * 60);
    return writeFraction(out, o, fraction, digits);
  };
  const utcText: WriteText = (out, start, b, p) => {
    const seconds = i32be(b, p) >>> 0;
    if (seconds === 0) return writeBytes(out, start, zero);
    const hours = (seconds / HOUR_SECONDS) | 0;
    return write(out, start, b, p, hours, seconds - hours * HOUR_SECONDS);
  };
  const zoneText =
    (zone: TimeZone): WriteText =>
    (out, start, b, p) => {
      const seconds = i32be(b, p) >>> 0;
      if (seconds === 0) return writeBytes(out, start, zero);
      const local = seconds + zone.offsetSeconds(seconds);
      const hours = Math.floor(local / HOUR_SECONDS);
      return write(out, start, b, p, hours, local - hours * HOUR_SECONDS);
    };
  const text = zone === undefined ? utcText : zoneText(zone);
  return { text, json: text, maxBytes: PREFIX_BYTES + 6 + fractionWidth(digits) };
}

/** `hours` since 1970-01-01 00:00; below 0 before it. */
export function writeHourOfEpoch(out: Uint8Array, hours: number): void {
  const day = Math.floor(hours / DAY_HOURS);
  const date = new Date(day * DAY_HOURS * HOUR_SECONDS * 1000);
  writeDateHour(out, date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), hours - day * DAY_HOURS);
}

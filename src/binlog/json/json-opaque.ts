import type { WriteText } from '../binlog.ts';
import { decimalBytes, decimalText } from '../columns/decimal.ts';
import { TYPE } from '../wire/column-types.ts';
import { malformedValue } from '../bytes/malformed.ts';

/** A writer for each DECIMAL(precision, scale) met inside JSON: at most a few thousand, in practice a handful. */
const decimals = new Map<number, WriteText>();
const MAX_PRECISION = 65;
const MAX_SCALE = 30;

/**
 * A DECIMAL inside JSON: one byte precision, one byte scale, then the value as in a column (Json_decimal of
 * sql-common/json_dom.cc).
 */
export function opaqueDecimal(column: string, out: Uint8Array, o: number, data: Buffer): number {
  const precision = data[0] ?? 0;
  const scale = data[1] ?? 0;
  const isPossible = precision > 0 && precision <= MAX_PRECISION && scale <= Math.min(MAX_SCALE, precision);
  if (!isPossible || data.length !== 2 + decimalBytes(precision, scale))
    throw malformedValue(column, 'a DECIMAL in JSON');
  const key = (precision << 8) | scale;
  let write = decimals.get(key);
  if (write === undefined) {
    write = decimalText('in JSON', precision, scale);
    decimals.set(key, write);
  }
  return write(out, o, data, 2, data.length);
}

/**
 * A DATE, TIME, DATETIME or TIMESTAMP inside JSON: 64 bits little-endian, the lowest 24 microseconds; above them
 * second, minute (6 bits each), hour (5; 10 in a TIME), day (5) and year * 13 + month. A negative TIME is the negated
 * number (mysys/my_time.cc, TIME_to_longlong_datetime_packed and TIME_to_longlong_time_packed). Printed with six digits
 * of a second.
 */
export function opaqueTemporal(column: string, type: number, data: Buffer): string {
  if (data.length !== 8) throw malformedValue(column, 'a temporal value in JSON');
  const packed = data.readBigInt64LE(0);
  const isNegative = packed < 0n;
  const size = isNegative ? -packed : packed;
  const microseconds = Number(size & 0xffffffn);
  const whole = size >> 24n;
  const second = Number(whole & 63n);
  const minute = Number((whole >> 6n) & 63n);
  const isTime = type === TYPE.TIME;
  const hour = Number((whole >> 12n) & (isTime ? 0x3ffn : 31n));
  if (microseconds > 999_999 || second > 59 || minute > 59 || hour > (isTime ? 838 : 23)) {
    throw malformedValue(column, 'a temporal value in JSON');
  }
  const clock = `${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(microseconds, 6)}`;
  if (isTime) return isNegative ? `-${clock}` : clock;
  const day = Number((whole >> 17n) & 31n);
  const months = Number(whole >> 22n);
  const date = `${padded(Math.floor(months / 13), 4)}-${padded(months % 13, 2)}-${padded(day, 2)}`;
  return type === TYPE.DATE ? date : `${date} ${clock}`;
}

const padded = (value: number, width: number): string => value.toString().padStart(width, '0');

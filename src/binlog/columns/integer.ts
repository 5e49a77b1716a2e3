import type { ColumnCodec, WriteText } from '../binlog.ts';
import { i32le, u16le, u24le, u8 } from '../bytes/bytes.ts';
import { writeInt32, writeSigned64, writeUnsigned, writeUnsigned64 } from '../bytes/digits.ts';

/**
 * TINYINT to BIGINT: little-endian two's complement of 1, 2, 3, 4 or 8 bytes (sql/field.cc, Field_tiny and its kin).
 */
export type IntegerBytes = 1 | 2 | 3 | 4 | 8;

const signed: Record<IntegerBytes, WriteText> = {
  1: (out, o, b, p) => writeInt32(out, o, (u8(b, p) << 24) >> 24),
  2: (out, o, b, p) => writeInt32(out, o, (u16le(b, p) << 16) >> 16),
  3: (out, o, b, p) => writeInt32(out, o, (u24le(b, p) << 8) >> 8),
  4: (out, o, b, p) => writeInt32(out, o, i32le(b, p)),
  8: (out, o, b, p) => writeSigned64(out, o, i32le(b, p + 4) >>> 0, i32le(b, p) >>> 0),
};

const unsigned: Record<IntegerBytes, WriteText> = {
  1: (out, o, b, p) => writeUnsigned(out, o, u8(b, p)),
  2: (out, o, b, p) => writeUnsigned(out, o, u16le(b, p)),
  3: (out, o, b, p) => writeUnsigned(out, o, u24le(b, p)),
  4: (out, o, b, p) => writeUnsigned(out, o, i32le(b, p) >>> 0),
  8: (out, o, b, p) => writeUnsigned64(out, o, i32le(b, p + 4) >>> 0, i32le(b, p) >>> 0),
};

const SIGNED_MAX_BYTES: Record<IntegerBytes, number> = { 1: 4, 2: 6, 3: 8, 4: 11, 8: 20 };
const UNSIGNED_MAX_BYTES: Record<IntegerBytes, number> = { 1: 3, 2: 5, 3: 8, 4: 10, 8: 20 };

export function integerCodec(bytes: IntegerBytes, isUnsigned: boolean): ColumnCodec {
  const text = (isUnsigned ? unsigned : signed)[bytes];
  return { text, json: text, maxBytes: (isUnsigned ? UNSIGNED_MAX_BYTES : SIGNED_MAX_BYTES)[bytes] };
}

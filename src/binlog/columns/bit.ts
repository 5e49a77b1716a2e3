import type { ColumnCodec, WriteText } from '../binlog.ts';
import { uintBe } from '../bytes/bytes.ts';
import { writeUnsigned, writeUnsigned64 } from '../bytes/digits.ts';

/** BIT(bits): big-endian, in as many whole bytes as it takes (sql/field.cc, Field_bit); the text is the number. */
export function bitCodec(bits: number): ColumnCodec {
  const bytes = (bits + 7) >> 3;
  const text: WriteText =
    bytes <= 4
      ? (out, o, b, p) => writeUnsigned(out, o, uintBe(b, p, bytes))
      : (out, o, b, p) => writeUnsigned64(out, o, uintBe(b, p, bytes - 4), uintBe(b, p + bytes - 4, 4));
  return { text, json: text, maxBytes: (2n ** BigInt(8 * bytes) - 1n).toString().length };
}

import type { ColumnCodec, WriteText } from '../binlog.ts';
import { inflateValue } from '../wire/inflate.ts';

/** A column that MariaDB keeps compressed: `plain` writes what its value is without that. */
export function compressedCodec(column: string, plain: ColumnCodec): ColumnCodec {
  const inflating =
    (write: WriteText): WriteText =>
    (out, o, b, p, e) => {
      const value = inflateValue(b, p, e, column);
      return write(out, o, value, 0, value.length);
    };
  return { text: inflating(plain.text), json: inflating(plain.json), maxBytes: 0 };
}

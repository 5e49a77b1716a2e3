import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u8 } from '../bytes/bytes.ts';
import { malformedValue } from '../bytes/malformed.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

/**
 * Integers and DECIMAL as SELECT shows them, which is what a row image gives but for ZEROFILL: zeros at the front are
 * left out. `scale`: digits after the point.
 */
export function selectedNumberCodec(column: string, scale: number): ColumnCodec {
  const malformed = (): Error => malformedValue(column, `a number with ${scale} digits after its point`);
  const pointBytes = scale === 0 ? 0 : 1;
  const text: WriteText = (out, start, b, p, e) => {
    let o = start;
    let q = p;
    if (q < e && u8(b, q) === MINUS) {
      out[o] = MINUS;
      o += 1;
      q += 1;
    }
    const point = e - scale - pointBytes;
    if (q >= point) throw malformed();
    while (q < point - 1 && u8(b, q) === ZERO) q += 1;
    for (; q < e; q += 1) {
      const byte = u8(b, q);
      if (isDigit(byte) ? q === point : q !== point || byte !== POINT) throw malformed();
      out[o] = byte;
      o += 1;
    }
    return o;
  };
  return { text, json: text, maxBytes: 0 };
}

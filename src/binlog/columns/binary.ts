import type { ColumnCodec, WriteText } from '../binlog.ts';
import { writeBase64 } from '../bytes/base64.ts';
import { u8 } from '../bytes/bytes.ts';
import { ESCAPES, PLAIN, SEQUENCE, writeEscape } from '../bytes/json-escape.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * How bytes become text: base64, or each byte as the character of the same number, which is what Canal's adapter reads.
 */
export type BinaryText = 'base64' | 'latin1';

/**
 * BINARY(n), VARBINARY, BLOB, GEOMETRY and VECTOR. The binlog leaves out the zeros at the end of a BINARY(n); they are
 * put back. `fixedBytes`: n of BINARY(n), 0 for all others. Writers throw BINLOG_DECODE for a value longer than its
 * column or its event.
 */
export function binaryCodec(column: string, fixedBytes: number, form: BinaryText): ColumnCodec {
  const endOf = (b: Buffer, p: number, e: number): number => {
    if (e > b.length) throw malformedValue(column, 'bytes that end inside their event');
    if (fixedBytes === 0) return e;
    if (e - p > fixedBytes) throw malformedValue(column, `at most ${fixedBytes} bytes`);
    return p + fixedBytes;
  };
  if (form === 'base64') {
    const text: WriteText = (out, o, b, p, e) => writeBase64(out, o, b, p, e, endOf(b, p, e));
    return { text, json: text, maxBytes: 0 };
  }
  return {
    text: (out, o, b, p, e) => writeLatin1(out, o, b, p, e, endOf(b, p, e), false),
    json: (out, o, b, p, e) => writeLatin1(out, o, b, p, e, endOf(b, p, e), true),
    maxBytes: 0,
  };
}

function writeLatin1(
  out: Uint8Array,
  start: number,
  b: Buffer,
  p: number,
  e: number,
  end: number,
  escapes: boolean,
): number {
  let o = start;
  for (let q = p; q < end; q++) {
    const byte = q < e ? u8(b, q) : 0;
    const escape = u8(ESCAPES, byte);
    if (escape === SEQUENCE) {
      out[o] = 0xc0 | (byte >> 6);
      out[o + 1] = 0x80 | (byte & 0x3f);
      o += 2;
    } else if (escape === PLAIN || !escapes) {
      out[o] = byte;
      o += 1;
    } else {
      o = writeEscape(out, o, byte);
    }
  }
  return o;
}

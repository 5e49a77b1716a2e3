import { RelayError } from '../../base/errors.ts';
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { bytesOf, pointOf, type Charset } from '../charsets/charset.ts';
import { u8 } from '../bytes/bytes.ts';
import { invalidTextWriter, type InvalidText } from './invalid-text.ts';
import { ESCAPES, PLAIN, SEQUENCE, writeEscape } from '../bytes/json-escape.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { copyText } from './text.ts';

/** As ESCAPES, where nothing is escaped. */
const NO_ESCAPES = new Uint8Array(256).fill(SEQUENCE, 0x80);

/**
 * CHAR, VARCHAR and TEXT in a charset whose bytes are not UTF-8: what MySQL makes of them with CONVERT(... USING
 * utf8mb4).
 *
 * MySQL puts `?` for bytes that it has no character for, and such bytes are lost; here they are an invalid text.
 * Writers throw BINLOG_DECODE for a length that passes the end of the buffer.
 */
export function charsetCodec(column: string, charset: Charset, invalidText: InvalidText): ColumnCodec {
  const { isAscii, read } = charset;
  const writeInvalid = invalidTextWriter(invalidText, column, () => notOfCharset(column, charset.name));
  const writer =
    (escapes: Uint8Array): WriteText =>
    (out, start, b, p, e) => {
      if (e > b.length) throw malformedValue(column, 'a text that ends inside its event');
      let q = p;
      if (isAscii) while (q < e && u8(escapes, u8(b, q)) === PLAIN) q++;
      let o = copyText(out, start, b, p, q);
      while (q < e) {
        const byte = u8(b, q);
        if (isAscii && u8(escapes, byte) === PLAIN) {
          out[o] = byte;
          o += 1;
          q += 1;
          continue;
        }
        const character = read(b, q, e);
        if (character === 0) return writeInvalid(out, start, b, p, e);
        o = writePoint(out, o, pointOf(character), escapes);
        q += bytesOf(character);
      }
      return o;
    };
  return { text: writer(NO_ESCAPES), json: writer(ESCAPES), maxBytes: 0 };
}

function notOfCharset(column: string, charset: string): RelayError {
  return new RelayError(
    'BINLOG_UNSUPPORTED',
    `column ${column} holds bytes that are no characters of its charset ${charset}, so they have no text`,
    {
      details: { column, charset },
      remedy: `Find the rows with SELECT ... WHERE CAST(\`${column}\` AS BINARY) <> CAST(CONVERT(CONVERT(\`${column}\` USING utf8mb4) USING ${charset}) AS BINARY) and mend those that show a wrong question mark. What is in the binlog already: publish.invalidText: base64 publishes such values as bytes, tables.excludeColumns leaves the column out.`,
    },
  );
}

/**
 * As UTF-8. Several codes of a charset may be the same character, an ASCII one among them: it needs its escape wherever
 * it comes from.
 */
function writePoint(out: Uint8Array, o: number, point: number, escapes: Uint8Array): number {
  if (point < 0x80) {
    if (u8(escapes, point) !== PLAIN) return writeEscape(out, o, point);
    out[o] = point;
    return o + 1;
  }
  if (point < 0x800) {
    out[o] = 0xc0 | (point >> 6);
    out[o + 1] = 0x80 | (point & 0x3f);
    return o + 2;
  }
  if (point < 0x10000) {
    out[o] = 0xe0 | (point >> 12);
    out[o + 1] = 0x80 | ((point >> 6) & 0x3f);
    out[o + 2] = 0x80 | (point & 0x3f);
    return o + 3;
  }
  out[o] = 0xf0 | (point >> 18);
  out[o + 1] = 0x80 | ((point >> 12) & 0x3f);
  out[o + 2] = 0x80 | ((point >> 6) & 0x3f);
  out[o + 3] = 0x80 | (point & 0x3f);
  return o + 4;
}

import { RelayError } from '../../base/errors.ts';
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u8 } from '../bytes/bytes.ts';
import { invalidTextWriter, type InvalidText } from './invalid-text.ts';
import { writeEscape } from '../bytes/json-escape.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { sequenceBytes } from '../bytes/utf8.ts';

/** From here on copying natively is faster than byte by byte. */
const COPY_BYTES = 48;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A byte from here on belongs to a sequence of several. */
const SEQUENCE = 0x80;

/**
 * CHAR, VARCHAR and TEXT in utf8mb4 or utf8mb3: the bytes as MySQL stored them.
 *
 * MySQL 8.0 and later refuse or cut what is not well-formed when it is written, but data files may be older than the
 * server. A body with such bytes would reach readers as U+FFFD, so for `json` they are an invalid text. The check costs
 * nothing measurable: sequences are copied whole.
 *
 * Writers throw BINLOG_DECODE for a length that passes the end of the buffer.
 */
export function textCodec(column: string, invalidText: InvalidText): ColumnCodec {
  const writeInvalid = invalidTextWriter(invalidText, column, () => notUtf8(column));
  const text: WriteText = (out, o, b, p, e) => {
    if (e > b.length) throw malformedValue(column, 'a text that ends inside its event');
    return copyText(out, o, b, p, e);
  };
  const json: WriteText = (out, start, b, p, e) => {
    if (e > b.length) throw malformedValue(column, 'a text that ends inside its event');
    let q = p;
    let o = start;
    while (q < e) {
      // Neither a table nor a function of another module for each byte: V8 looks such a function up at every call,
      // which is a quarter of the loop.
      const byte = b[q] ?? 0;
      if (byte >= SPACE && byte < SEQUENCE && byte !== QUOTE && byte !== BACKSLASH) {
        out[o] = byte;
        o += 1;
        q += 1;
      } else if (byte >= SEQUENCE) {
        const bytes = sequenceBytes(b, q, e);
        if (bytes === 0) return writeInvalid(out, start, b, p, e);
        out[o] = byte;
        out[o + 1] = u8(b, q + 1);
        if (bytes > 2) out[o + 2] = u8(b, q + 2);
        if (bytes > 3) out[o + 3] = u8(b, q + 3);
        o += bytes;
        q += bytes;
      } else {
        o = writeEscape(out, o, byte);
        q += 1;
      }
    }
    return o;
  };
  return { text, json, maxBytes: 0 };
}

export function notUtf8(column: string): RelayError {
  return new RelayError(
    'BINLOG_UNSUPPORTED',
    `column ${column} holds bytes that are not UTF-8, which JSON cannot carry`,
    {
      details: { column },
      remedy: `Find the rows with SELECT ... WHERE CONVERT(CONVERT(\`${column}\` USING binary) USING utf8mb4) IS NULL and mend them. What is in the binlog already: publish.invalidText: base64 publishes such values as bytes, tables.excludeColumns leaves the column out.`,
    },
  );
}

export function copyText(out: Uint8Array, o: number, b: Buffer, p: number, e: number): number {
  const length = e - p;
  // Buffer.copy throws for a place after the end of its target.
  if (length < COPY_BYTES || o > out.length) for (let i = 0; i < length; i++) out[o + i] = b[p + i] ?? 0;
  else b.copy(out, o, p, e);
  return o + length;
}

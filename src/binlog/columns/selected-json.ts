import type { ColumnCodec, WriteText } from '../binlog.ts';
import { writeBytes } from '../bytes/digits.ts';
import { escaped } from '../bytes/json-escape.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { sequenceBytes } from '../bytes/utf8.ts';
import { copyText, notUtf8 } from './text.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A byte from here on belongs to a sequence of several. */
const SEQUENCE = 0x80;
/** Of the text `\\n`. */
const PLAIN_LINE_FEED = new Uint8Array(Buffer.from('\\n'));
const ESCAPED_LINE_FEED = escaped('\\n');

/**
 * JSON as MySQL shows it, which is what is made of a row image, but that MySQL 8.0.12 does not escape the line feeds
 * that it puts into the base64 of bytes. No other text of JSON has a character below the space.
 */
export function selectedJsonCodec(column: string): ColumnCodec {
  const writer = (escapes: boolean): WriteText => {
    const lineFeed = escapes ? ESCAPED_LINE_FEED : PLAIN_LINE_FEED;
    return (out, start, b, p, e) => {
      if (e > b.length) throw malformedValue(column, 'a JSON text that ends inside its row');
      let o = start;
      for (let q = p; q < e; q += 1) {
        const byte = b[q] ?? 0;
        if (byte >= SEQUENCE) {
          const bytes = sequenceBytes(b, q, e);
          if (bytes === 0) throw notUtf8(column);
          o = copyText(out, o, b, q, q + bytes);
          q += bytes - 1;
        } else if (byte >= SPACE) {
          if (escapes && (byte === QUOTE || byte === BACKSLASH)) {
            out[o] = BACKSLASH;
            o += 1;
          }
          out[o] = byte;
          o += 1;
        } else {
          if (byte !== LINE_FEED) throw malformedValue(column, 'a JSON text without control characters');
          o = writeBytes(out, o, lineFeed);
        }
      }
      return o;
    };
  };
  return { text: writer(false), json: writer(true), maxBytes: 0 };
}

import type { ColumnCodec, WriteText } from '../binlog.ts';
import { JSON_TEXT, JSON_TEXT_ESCAPED, type JsonNotation } from './json-notation.ts';
import { JsonDocument } from './json-document.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * JSON: the binary form of json-document.ts. Writers throw BINLOG_DECODE for a document that does not fit its layout.
 */
export function jsonCodec(column: string): ColumnCodec {
  const write = (notation: JsonNotation): WriteText => {
    const document = new JsonDocument(column, notation);
    return (out, o, b, p, e) => {
      if (e > b.length) throw malformedValue(column, 'a JSON document that ends inside its event');
      return document.write(out, o, b, p, e);
    };
  };
  return { text: write(JSON_TEXT), json: write(JSON_TEXT_ESCAPED), maxBytes: 0 };
}

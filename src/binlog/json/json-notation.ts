import { escaped } from '../bytes/json-escape.ts';

/**
 * How a JSON document is written: as MySQL prints it, or, in one pass, as that text looks inside a JSON string.
 * The two differ only in the quote and in the escapes of single bytes.
 */
export interface JsonNotation {
  readonly quote: Uint8Array;
  /** By byte: what stands for it inside a string of the document; undefined where it stands for itself. */
  readonly escapes: readonly (Uint8Array | undefined)[];
}

function notation(write: (text: string) => Uint8Array): JsonNotation {
  const escapes = Array.from({ length: 0x80 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    const inside = JSON.stringify(character).slice(1, -1);
    return inside === character ? undefined : write(inside);
  });
  return { quote: write('"'), escapes };
}

/** The escapes of double_quote in sql-common/json_dom.cc are those of JSON.stringify. */
export const JSON_TEXT = notation((text) => new Uint8Array(Buffer.from(text)));
export const JSON_TEXT_ESCAPED = notation(escaped);

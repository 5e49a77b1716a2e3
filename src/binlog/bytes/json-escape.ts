import { u8 } from './bytes.ts';

/**
 * What a byte needs inside a JSON string (RFC 8259, section 7; the same choices as JSON.stringify): 0: nothing; 1: it
 * starts a sequence of several bytes; `u`: six characters \u00XX; any other: a backslash and that character.
 */
export const ESCAPES = new Uint8Array(256);
export const PLAIN = 0;
export const SEQUENCE = 1;

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const HEX = new Uint8Array(Buffer.from('0123456789abcdef'));

ESCAPES.fill(LETTER_U, 0, 0x20);
ESCAPES.fill(SEQUENCE, 0x80);
for (const [character, letter] of Object.entries({
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\f': 'f',
  '\r': 'r',
  '"': '"',
  '\\': '\\',
})) {
  ESCAPES[character.charCodeAt(0)] = letter.charCodeAt(0);
}

/** Writes `byte`, whose entry in ESCAPES is neither PLAIN nor SEQUENCE. */
export function writeEscape(out: Uint8Array, o: number, byte: number): number {
  const letter = u8(ESCAPES, byte);
  out[o] = BACKSLASH;
  out[o + 1] = letter;
  if (letter !== LETTER_U) return o + 2;
  out[o + 2] = 0x30;
  out[o + 3] = 0x30;
  out[o + 4] = u8(HEX, byte >> 4);
  out[o + 5] = u8(HEX, byte & 15);
  return o + 6;
}

/** `text` as the inside of a JSON string, in UTF-8: for constants. */
export const escaped = (text: string): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(text).slice(1, -1)));

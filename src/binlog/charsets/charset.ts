/**
 * Reads the character whose first byte is at `p`; the value ends before `e`. Returns its code point and, from bit 21
 * on, how many bytes it takes; 0 where MySQL knows no such character, or where it does not end before `e`.
 */
export type ReadCharacter = (b: Uint8Array, p: number, e: number) => number;

export interface Charset {
  readonly name: string;
  /** True if a byte below 0x80 with which a character could begin is that ASCII character. */
  readonly isAscii: boolean;
  readonly read: ReadCharacter;
}

const SIZE_SHIFT = 21;
const POINT_MASK = 0x1fffff;

/** What a ReadCharacter returns. */
export const character = (point: number, bytes: number): number => point | (bytes << SIZE_SHIFT);

export const pointOf = (read: number): number => read & POINT_MASK;

export const bytesOf = (read: number): number => read >>> SIZE_SHIFT;

/**
 * The whole of `bytes` as text; undefined if not all of it is characters of the charset. For constants, not for rows.
 */
export function decoded(charset: Charset, bytes: Uint8Array): string | undefined {
  let text = '';
  for (let p = 0; p < bytes.length;) {
    const read = charset.read(bytes, p, bytes.length);
    if (read === 0) return undefined;
    text += String.fromCodePoint(pointOf(read));
    p += bytesOf(read);
  }
  return text;
}

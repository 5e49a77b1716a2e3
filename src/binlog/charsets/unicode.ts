/** The charsets that are Unicode in words: arithmetic, no tables (strings/ctype-ucs2.cc of MySQL). */
import { i32be, u16le, u8 } from '../bytes/bytes.ts';
import { character, type ReadCharacter } from './charset.ts';

const MAX_POINT = 0x10ffff;

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff;
const isHigh = (word: number): boolean => (word & 0xfc00) === 0xd800;
const isLow = (word: number): boolean => (word & 0xfc00) === 0xdc00;

const u16be = (b: Uint8Array, p: number): number => (u8(b, p) << 8) | u8(b, p + 1);

/** The basic plane in two bytes each. */
export const readUcs2: ReadCharacter = (b, p, e) => {
  const word = u16be(b, p);
  return p + 2 > e || isSurrogate(word) ? 0 : character(word, 2);
};

export const readUtf16: ReadCharacter = (b, p, e) => utf16(u16be(b, p), u16be(b, p + 2), e - p);

export const readUtf16le: ReadCharacter = (b, p, e) => utf16(u16le(b, p), u16le(b, p + 2), e - p);

export const readUtf32: ReadCharacter = (b, p, e) => {
  const point = i32be(b, p) >>> 0;
  return p + 4 > e || point > MAX_POINT || isSurrogate(point) ? 0 : character(point, 4);
};

function utf16(word: number, next: number, bytes: number): number {
  if (!isSurrogate(word)) return bytes < 2 ? 0 : character(word, 2);
  if (bytes < 4 || !isHigh(word) || !isLow(next)) return 0;
  return character(0x10000 + ((word & 0x3ff) << 10) + (next & 0x3ff), 4);
}

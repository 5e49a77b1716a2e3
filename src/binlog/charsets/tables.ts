/**
 * Readers of characters that are looked up. A table of one-byte characters takes 1 kB, one of two-byte characters 256
 * kB.
 */
import { u8 } from '../bytes/bytes.ts';
import { character, type ReadCharacter } from './charset.ts';
import { readSpans, type CharsetTable } from './spans.ts';

/** Of EUC: a character of code set 3, JIS X 0212, is this byte and two more. */
const CODE_SET_3 = 0x8f;

/** GB 18030: 8130 8130 is number 0; the characters above the basic plane begin with 9030 8130. */
const SUPPLEMENT = 189_000;
const SUPPLEMENT_POINTS = 0x100000;
const BASIC_NUMBERS = 39_420;

export function singleByteReader({ isAscii, short }: CharsetTable): ReadCharacter {
  const table = new Uint32Array(0x100);
  fill(table, isAscii, short);
  return (b, p) => table[u8(b, p)] ?? 0;
}

/** big5, gbk, gb2312, sjis, cp932, euckr: one byte or two. */
export function doubleByteReader({ isAscii, short }: CharsetTable): ReadCharacter {
  const table = new Uint32Array(0x10000);
  fill(table, isAscii, short);
  return (b, p, e) => {
    const byte = u8(b, p);
    const one = table[byte] ?? 0;
    if (one !== 0 || p + 2 > e) return one;
    return table[(byte << 8) | u8(b, p + 1)] ?? 0;
  };
}

/** ujis, eucjpms: one byte, two, or three from 8F on; the code of these is the last two bytes. */
export function eucReader(charset: CharsetTable): ReadCharacter {
  const readShort = doubleByteReader(charset);
  const table = new Uint32Array(0x10000);
  readSpans(charset.long, (code, point) => (table[code] = character(point, 3)));
  return (b, p, e) => {
    if (u8(b, p) !== CODE_SET_3) return readShort(b, p, e);
    return p + 3 > e ? 0 : (table[(u8(b, p + 1) << 8) | u8(b, p + 2)] ?? 0);
  };
}

/** One byte, two, or four whose second is a digit; the code of these is their number in that order. */
export function gb18030Reader(charset: CharsetTable): ReadCharacter {
  const readShort = doubleByteReader(charset);
  const table = new Uint32Array(BASIC_NUMBERS);
  readSpans(charset.long, (code, point) => (table[code] = character(point, 4)));
  return (b, p, e) => {
    const short = readShort(b, p, e);
    if (short !== 0 || p + 4 > e) return short;
    const [first, second, third, fourth] = [
      u8(b, p) - 0x81,
      u8(b, p + 1) - 0x30,
      u8(b, p + 2) - 0x81,
      u8(b, p + 3) - 0x30,
    ];
    const isOne = isBelow(first, 126) && isBelow(second, 10) && isBelow(third, 126) && isBelow(fourth, 10);
    if (!isOne) return 0;
    const number = ((first * 10 + second) * 126 + third) * 10 + fourth;
    if (number < SUPPLEMENT) return table[number] ?? 0;
    const above = number - SUPPLEMENT;
    return above < SUPPLEMENT_POINTS ? character(0x10000 + above, 4) : 0;
  };
}

const isBelow = (value: number, end: number): boolean => value >= 0 && value < end;

function fill(table: Uint32Array, isAscii: boolean, short: readonly string[]): void {
  if (isAscii) for (let byte = 0; byte < 0x80; byte++) table[byte] = character(byte, 1);
  readSpans(short, (code, point) => (table[code] = character(point, code < 0x100 ? 1 : 2)));
}

import { u8 } from './bytes.ts';

/**
 * How many bytes the UTF-8 sequence takes that starts at `p` with a byte of 0x80 or more: 2, 3 or 4; 0 when it is not
 * well-formed (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF) or does not end before `e`.
 */
export function sequenceBytes(b: Uint8Array, p: number, e: number): number {
  const lead = u8(b, p);
  const second = u8(b, p + 1);
  if (lead < 0xe0) return lead >= 0xc2 && p + 2 <= e && isTail(second) ? 2 : 0;
  if (lead < 0xf0) {
    if (p + 3 > e || !isTail(second) || !isTail(u8(b, p + 2))) return 0;
    return (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) ? 0 : 3;
  }
  if (lead > 0xf4 || p + 4 > e || !isTail(second) || !isTail(u8(b, p + 2)) || !isTail(u8(b, p + 3))) return 0;
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : 4;
}

const isTail = (byte: number): boolean => (byte & 0xc0) === 0x80;

import { u8 } from './bytes.ts';

const ALPHABET = new Uint8Array(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'));
const PADDING = 0x3d;

/** Writes `b[p, e)` in base64 (RFC 4648, section 4, with padding), as if zeros stood after `e` up to `end`. */
export function writeBase64(out: Uint8Array, start: number, b: Uint8Array, p: number, e: number, end: number): number {
  let o = start;
  for (let q = p; q < end; q += 3) {
    const first = q < e ? u8(b, q) : 0;
    const second = q + 1 < e ? u8(b, q + 1) : 0;
    const third = q + 2 < e ? u8(b, q + 2) : 0;
    out[o] = u8(ALPHABET, first >> 2);
    out[o + 1] = u8(ALPHABET, ((first & 3) << 4) | (second >> 4));
    out[o + 2] = q + 1 < end ? u8(ALPHABET, ((second & 15) << 2) | (third >> 6)) : PADDING;
    out[o + 3] = q + 2 < end ? u8(ALPHABET, third & 63) : PADDING;
    o += 4;
  }
  return o;
}

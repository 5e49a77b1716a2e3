/**
 * Numbers as ASCII. Every writer keeps the contract of WriteText: bytes beyond the end of `out` are lost, the offset
 * returned is exact. Two digits at a time from a table, no division of more than 32 bits where it can be helped, no
 * string.
 */

const ZERO = 0x30;
const MINUS = 0x2d;

/** '00', '01' … '99' one after the other. */
const PAIRS = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  PAIRS[2 * i] = ZERO + Math.floor(i / 10);
  PAIRS[2 * i + 1] = ZERO + (i % 10);
}

/** `value`: 0 to 99, written as two digits. */
export function writePair(out: Uint8Array, o: number, value: number): number {
  out[o] = PAIRS[2 * value] ?? 0;
  out[o + 1] = PAIRS[2 * value + 1] ?? 0;
  return o + 2;
}

/** `value`: 0 to 10^width - 1, below 2^31; written with leading zeros. */
export function writePadded(out: Uint8Array, o: number, value: number, width: number): number {
  let rest = value;
  let q = o + width;
  while (q - o >= 2) {
    const next = (rest / 100) | 0;
    q = writePair(out, q - 2, rest - next * 100) - 2;
    rest = next;
  }
  if (q > o) out[o] = ZERO + rest;
  return o + width;
}

/** `value`: an integer from 0 to 2^53 - 1. */
export function writeUnsigned(out: Uint8Array, o: number, value: number): number {
  if (value < 1e8) return writeShort(out, o, value | 0);
  const high = Math.floor(value / 1e8);
  const low = (value - high * 1e8) | 0;
  if (high < 1e8) return writeEight(out, writeShort(out, o, high | 0), low);
  const top = (high / 1e8) | 0;
  return writeEight(out, writeEight(out, writeShort(out, o, top), (high - top * 1e8) | 0), low);
}

/** `value`: an integer from -2^31 to 2^31 - 1. */
export function writeInt32(out: Uint8Array, o: number, value: number): number {
  if (value >= 0) return writeUnsigned(out, o, value);
  out[o] = MINUS;
  return writeUnsigned(out, o + 1, -value);
}

/** `high` * 2^32 + `low`, both unsigned 32-bit numbers. */
export function writeUnsigned64(out: Uint8Array, o: number, high: number, low: number): number {
  if (high < 0x200000) return writeUnsigned(out, o, high * 0x100000000 + low);
  // Long division by 10^8 in steps of 16 bits, so that no intermediate reaches 2^53.
  const q2 = Math.floor(high / 1e8);
  const middle = (high - q2 * 1e8) * 0x10000 + (low >>> 16);
  const q1 = Math.floor(middle / 1e8);
  const bottom = (middle - q1 * 1e8) * 0x10000 + (low & 0xffff);
  const q0 = Math.floor(bottom / 1e8);
  const quotient = q2 * 0x100000000 + q1 * 0x10000 + q0;
  return writeEight(out, writeUnsigned(out, o, quotient), (bottom - q0 * 1e8) | 0);
}

/** The 64-bit two's complement number whose halves are the unsigned `high` and `low`. */
export function writeSigned64(out: Uint8Array, o: number, high: number, low: number): number {
  if (high < 0x80000000) return writeUnsigned64(out, o, high, low);
  out[o] = MINUS;
  const negatedHigh = (low === 0 ? -high : ~high) >>> 0;
  return writeUnsigned64(out, o + 1, negatedHigh, -low >>> 0);
}

/** Constant bytes, a few of them. */
export function writeBytes(out: Uint8Array, o: number, bytes: Uint8Array): number {
  const length = bytes.length;
  for (let i = 0; i < length; i++) out[o + i] = bytes[i] ?? 0;
  return o + length;
}

/** A short string of ASCII characters. */
export function writeAscii(out: Uint8Array, o: number, text: string): number {
  const length = text.length;
  for (let i = 0; i < length; i++) out[o + i] = text.charCodeAt(i);
  return o + length;
}

/** `value`: 0 to 10^8 - 1, written as eight digits. */
function writeEight(out: Uint8Array, o: number, value: number): number {
  const high = (value / 10_000) | 0;
  const low = value - high * 10_000;
  const a = (high / 100) | 0;
  const c = (low / 100) | 0;
  writePair(out, o, a);
  writePair(out, o + 2, high - a * 100);
  writePair(out, o + 4, c);
  return writePair(out, o + 6, low - c * 100);
}

/** `value`: 0 to 10^8 - 1. */
function writeShort(out: Uint8Array, o: number, value: number): number {
  if (value < 10) {
    out[o] = ZERO + value;
    return o + 1;
  }
  if (value < 100) return writePair(out, o, value);
  const width = value < 1e4 ? (value < 1e3 ? 3 : 4) : value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e7 ? 7 : 8;
  return writePadded(out, o, value, width);
}

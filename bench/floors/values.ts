/**
 * Values of the few column types of the loads, as text. Each function writes at `o` and returns the offset after it.
 */

/** `00` to `99`, two bytes each. */
const PAIRS = new Uint8Array(200);
for (let i = 0; i < 100; i += 1) {
  PAIRS[2 * i] = 48 + Math.floor(i / 10);
  PAIRS[2 * i + 1] = 48 + (i % 10);
}

function pair(out: Uint8Array, o: number, value: number): void {
  out[o] = PAIRS[2 * value] ?? 0;
  out[o + 1] = PAIRS[2 * value + 1] ?? 0;
}

/** Below 10^8. */
function small(out: Uint8Array, o: number, value: number): number {
  if (value < 10) {
    out[o] = 48 + value;
    return o + 1;
  }
  let digits = 2;
  for (let limit = 100; value >= limit; limit *= 10) digits += 1;
  const end = o + digits;
  let q = end;
  while (value >= 100) {
    const rest = (value / 100) | 0;
    q -= 2;
    pair(out, q, value - rest * 100);
    value = rest;
  }
  if (q - o === 1) out[o] = 48 + value;
  else pair(out, o, value);
  return end;
}

/** Up to 2^53. */
function unsigned(out: Uint8Array, o: number, value: number): number {
  if (value < 1e8) return small(out, o, value);
  const high = Math.floor(value / 1e8);
  let low = value - high * 1e8;
  o = unsigned(out, o, high);
  for (let q = o + 6; q >= o; q -= 2) {
    const rest = (low / 100) | 0;
    pair(out, q, low - rest * 100);
    low = rest;
  }
  return o + 8;
}

const int32 = (b: Buffer, p: number): number =>
  (b[p] ?? 0) | ((b[p + 1] ?? 0) << 8) | ((b[p + 2] ?? 0) << 16) | ((b[p + 3] ?? 0) << 24);
const bigEndian32 = (b: Buffer, p: number): number =>
  ((b[p] ?? 0) << 24) | ((b[p + 1] ?? 0) << 16) | ((b[p + 2] ?? 0) << 8) | (b[p + 3] ?? 0);

function signed(out: Uint8Array, o: number, value: number): number {
  if (value >= 0) return unsigned(out, o, value);
  out[o] = 45;
  return unsigned(out, o + 1, -value);
}

export const tiny = (out: Uint8Array, o: number, b: Buffer, p: number): number =>
  signed(out, o, ((b[p] ?? 0) << 24) >> 24);
export const long = (out: Uint8Array, o: number, b: Buffer, p: number): number => signed(out, o, int32(b, p));

export function longlong(out: Buffer, o: number, b: Buffer, p: number): number {
  const low = int32(b, p) >>> 0;
  const high = int32(b, p + 4);
  if (high >= 0 && high < 0x200000) return unsigned(out, o, high * 2 ** 32 + low);
  return o + out.write(b.readBigInt64LE(p).toString(), o, 'latin1');
}

/** DECIMAL(12,2): ten digits in five bytes, two in one; the sign is the first bit, and a negative value is inverted. */
export function decimal12(out: Uint8Array, o: number, b: Buffer, p: number): number {
  const isNegative = ((b[p] ?? 0) & 0x80) === 0;
  const mask = isNegative ? 0xff : 0;
  if (isNegative) out[o++] = 45;
  const top = ((b[p] ?? 0) ^ 0x80 ^ mask) & 0xff;
  const rest = (bigEndian32(b, p + 1) ^ (isNegative ? -1 : 0)) >>> 0;
  o = unsigned(out, o, top * 1e9 + rest);
  out[o] = 46;
  pair(out, o + 1, (b[p + 5] ?? 0) ^ mask);
  return o + 3;
}

/** `yyyy-mm-dd hh:` of the value before. */
const hour = new Uint8Array(14);
let hourKey = -1;

/** DATETIME(3): 40 bits of sign, year and month, day, hour, minute, second; two bytes of fraction. */
export function datetime3(out: Uint8Array, o: number, b: Buffer, p: number): number {
  const high = bigEndian32(b, p);
  if (high >>> 4 !== hourKey) {
    hourKey = high >>> 4;
    const yearMonth = (high >>> 14) & 0x1ffff;
    const year = Math.floor(yearMonth / 13);
    pair(hour, 0, Math.floor(year / 100));
    pair(hour, 2, year % 100);
    hour[4] = hour[7] = 45;
    pair(hour, 5, yearMonth % 13);
    pair(hour, 8, (high >>> 9) & 31);
    hour[10] = 32;
    pair(hour, 11, (high >>> 4) & 31);
    hour[13] = 58;
  }
  for (let i = 0; i < 14; i += 1) out[o + i] = hour[i] ?? 0;
  const low = b[p + 4] ?? 0;
  pair(out, o + 14, ((high & 15) << 2) | (low >> 6));
  out[o + 16] = 58;
  pair(out, o + 17, low & 63);
  out[o + 19] = 46;
  const millis = ((((b[p + 5] ?? 0) << 8) | (b[p + 6] ?? 0)) / 10) | 0;
  const tens = (millis / 10) | 0;
  pair(out, o + 20, tens);
  out[o + 22] = 48 + millis - tens * 10;
  return o + 23;
}

/** The second byte of an escape; 0: none is needed; 1: \u00XX. */
const ESCAPES = new Uint8Array(256);
ESCAPES.fill(1, 0, 32);
for (const [byte, letter] of [
  [8, 98],
  [9, 116],
  [10, 110],
  [12, 102],
  [13, 114],
  [34, 34],
  [92, 92],
] as const)
  ESCAPES[byte] = letter;

/** UTF-8, as the inside of a JSON string. */
export function text(out: Buffer, o: number, b: Buffer, p: number, end: number): number {
  for (; p < end; p += 1) {
    const byte = b[p] ?? 0;
    const escape = ESCAPES[byte] ?? 0;
    if (escape === 0) {
      out[o++] = byte;
    } else if (escape > 1) {
      out[o] = 92;
      out[o + 1] = escape;
      o += 2;
    } else {
      o += out.write(`\\u00${byte.toString(16).padStart(2, '0')}`, o, 'latin1');
    }
  }
  return o;
}

/**
 * Reads integers of a row image. A place beyond the buffer reads as zero: that a value lies inside its event is for the
 * caller to check, once per row. Buffer's own readers check at every call and cannot be inlined as well.
 */

export const u8 = (b: Uint8Array, p: number): number => b[p] ?? 0;

export const u16le = (b: Uint8Array, p: number): number => u8(b, p) | (u8(b, p + 1) << 8);

export const u24le = (b: Uint8Array, p: number): number => u16le(b, p) | (u8(b, p + 2) << 16);

/** As a signed 32-bit number; `>>> 0` makes it unsigned. */
export const i32le = (b: Uint8Array, p: number): number => u24le(b, p) | (u8(b, p + 3) << 24);

/** As a signed 32-bit number; `>>> 0` makes it unsigned. */
export const i32be = (b: Uint8Array, p: number): number =>
  (u8(b, p) << 24) | (u8(b, p + 1) << 16) | (u8(b, p + 2) << 8) | u8(b, p + 3);

/** Big-endian, of `size` bytes, 0 to 6. */
export function uintBe(b: Uint8Array, p: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + u8(b, p + i);
  return value;
}

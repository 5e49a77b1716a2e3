import { writePadded } from '../bytes/digits.ts';

/**
 * Fractions of a second in TIME, DATETIME and TIMESTAMP (my_time_packed_to_binary of mysys/my_time.cc): two digits a
 * byte, big-endian; an odd number of digits is stored with a zero after it.
 */

const POINT = 0x2e;

export const fractionBytes = (digits: number): number => (digits + 1) >> 1;

/** What a stored fraction of `digits` digits stays below. */
export const fractionLimit = (digits: number): number => 100 ** fractionBytes(digits);

/** Characters of a fraction of `digits` digits, point included. */
export const fractionWidth = (digits: number): number => (digits === 0 ? 0 : 1 + digits);

/** Writes the point and `digits` digits, nothing for 0. `stored`: the fraction as stored. */
export function writeFraction(out: Uint8Array, o: number, stored: number, digits: number): number {
  if (digits === 0) return o;
  out[o] = POINT;
  return writePadded(out, o + 1, digits & 1 ? (stored / 10) | 0 : stored, digits);
}

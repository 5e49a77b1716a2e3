import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u8, uintBe } from '../bytes/bytes.ts';
import { writePadded, writeUnsigned } from '../bytes/digits.ts';
import { malformedValue } from '../bytes/malformed.ts';

/**
 * DECIMAL(precision, scale) as decimal2bin of strings/decimal.cc writes it: integer and fraction part each in groups of
 * nine digits, four bytes big-endian; the first group of the integer part and the last of the fraction hold the digits
 * left over, in fewer bytes. The first bit is flipped; a negative number has all bits flipped besides.
 */
const GROUP_DIGITS = 9;
const GROUP_BYTES = 4;
const GROUP_LIMIT = 1e9;
/** Bytes of a group of 0 to 8 digits. */
const PART_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4];
/** An integer part of at most so many digits is below 2^53. */
const SAFE_DIGITS = 15;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

export function decimalBytes(precision: number, scale: number): number {
  return partBytes(precision - scale) + partBytes(scale);
}

const partBytes = (digits: number): number =>
  Math.floor(digits / GROUP_DIGITS) * GROUP_BYTES + (PART_BYTES[digits % GROUP_DIGITS] ?? 0);

export function decimalCodec(column: string, precision: number, scale: number): ColumnCodec {
  const text = decimalText(column, precision, scale);
  return { text, json: text, maxBytes: 1 + Math.max(1, precision - scale) + (scale === 0 ? 0 : 1 + scale) };
}

/** `column` is named in errors. */
export function decimalText(column: string, precision: number, scale: number): WriteText {
  const digits = precision - scale;
  const fullGroups = Math.floor(digits / GROUP_DIGITS);
  const leadBytes = PART_BYTES[digits % GROUP_DIGITS] ?? 0;
  const leadLimit = 10 ** (digits % GROUP_DIGITS);
  const fractionGroups = Math.floor(scale / GROUP_DIGITS);
  const tailDigits = scale % GROUP_DIGITS;
  const tailBytes = PART_BYTES[tailDigits] ?? 0;
  const tailLimit = 10 ** tailDigits;
  const isSafe = digits <= SAFE_DIGITS;
  // After un-flipping a negative number the sign bit is set in every number; it belongs to the first group, whichever
  // that is.
  const firstBytes = leadBytes > 0 ? leadBytes : fullGroups + fractionGroups > 0 ? GROUP_BYTES : tailBytes;
  const signBit = 2 ** (8 * firstBytes - 1);
  const malformed = (): Error => malformedValue(column, `a DECIMAL(${precision},${scale})`);

  return (out, start, b, p) => {
    let o = start;
    let at = p;
    const isNegative = (u8(b, p) & 0x80) === 0;
    if (isNegative) {
      out[o] = MINUS;
      o += 1;
    }
    let sign = signBit;

    let value = 0;
    if (leadBytes > 0) {
      value = group(b, at, leadBytes, isNegative) - sign;
      if (value >= leadLimit) throw malformed();
      at += leadBytes;
      sign = 0;
    }
    let isWritten = false;
    for (let i = 0; i < fullGroups; i++) {
      const next = group(b, at, GROUP_BYTES, isNegative) - sign;
      if (next >= GROUP_LIMIT) throw malformed();
      at += GROUP_BYTES;
      sign = 0;
      if (isSafe) {
        value = value * GROUP_LIMIT + next;
      } else if (isWritten) {
        o = writePadded(out, o, next, GROUP_DIGITS);
      } else if (value === 0) {
        value = next;
      } else {
        o = writePadded(out, writeUnsigned(out, o, value), next, GROUP_DIGITS);
        isWritten = true;
      }
    }
    if (!isWritten) o = digits === 0 ? writeZero(out, o) : writeUnsigned(out, o, value);
    if (scale === 0) return o;

    out[o] = POINT;
    o += 1;
    for (let i = 0; i < fractionGroups; i++) {
      const next = group(b, at, GROUP_BYTES, isNegative) - sign;
      if (next >= GROUP_LIMIT) throw malformed();
      at += GROUP_BYTES;
      sign = 0;
      o = writePadded(out, o, next, GROUP_DIGITS);
    }
    if (tailDigits === 0) return o;
    const tail = group(b, at, tailBytes, isNegative) - sign;
    if (tail >= tailLimit) throw malformed();
    return writePadded(out, o, tail, tailDigits);
  };
}

function writeZero(out: Uint8Array, o: number): number {
  out[o] = ZERO;
  return o + 1;
}

/** `size` bytes from `p`, all bits flipped when the number is negative. */
function group(b: Uint8Array, p: number, size: number, isNegative: boolean): number {
  const value = uintBe(b, p, size);
  return isNegative ? 2 ** (8 * size) - 1 - value : value;
}

/**
 * Values whose text in SELECT is not enough, or another one: what is selected is a number, which becomes the bytes of a
 * row image here, and the codec of row images writes them. `maxBytes` is that of this codec, though values have a
 * length before them: the text of an ENUM is many times longer than its number.
 */
import type { ColumnCodec, WriteText } from '../binlog.ts';
import { u8 } from '../bytes/bytes.ts';
import { malformedValue } from '../bytes/malformed.ts';
import { isDigit } from './selected-number.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const EXPONENT = 0x65;
const HALF = 2 ** 32;
/** Of 2^64 - 1. */
const MAX_DIGITS = 20;

/** ENUM and SET, selected as a number: `bytes` of an image, little-endian. */
export function selectedIndexCodec(column: string, bytes: number, image: ColumnCodec): ColumnCodec {
  const value = Buffer.alloc(8);
  const malformed = (): Error => malformedValue(column, `an unsigned number of ${bytes} bytes`);
  const highLimit = bytes > 4 ? 256 ** (bytes - 4) : 1;
  const lowLimit = bytes < 4 ? 256 ** bytes : HALF;
  const read = (b: Buffer, p: number, e: number): void => {
    if (p >= e || e - p > MAX_DIGITS) throw malformed();
    let high = 0;
    let low = 0;
    for (let q = p; q < e; q += 1) {
      const byte = u8(b, q);
      if (!isDigit(byte)) throw malformed();
      low = low * 10 + byte - ZERO;
      const carry = Math.floor(low / HALF);
      low -= carry * HALF;
      high = high * 10 + carry;
    }
    if (high >= highLimit || low >= lowLimit) throw malformed();
    value.writeUInt32LE(low, 0);
    value.writeUInt32LE(high, 4);
  };
  return throughImage(image, read, value, bytes);
}

/** FLOAT (4 bytes) and DOUBLE (8), selected as a DOUBLE, whose text reads back to the same bits. */
export function selectedFloatCodec(column: string, bytes: 4 | 8, image: ColumnCodec): ColumnCodec {
  const value = Buffer.alloc(8);
  const read = (b: Buffer, p: number, e: number): void => {
    for (let q = p; q < e; q += 1)
      if (!isOfNumber(u8(b, q))) throw malformedValue(column, 'a number in floating point');
    const number = p < e ? Number(b.toString('latin1', p, e)) : NaN;
    // What is no number after all is refused by the codec of the image.
    if (bytes === 4) value.writeFloatLE(number);
    else value.writeDoubleLE(number);
  };
  return throughImage(image, read, value, bytes);
}

/** Number() reads more than numbers of SQL: spaces, 0x10. */
const isOfNumber = (byte: number): boolean =>
  isDigit(byte) || byte === POINT || byte === EXPONENT || byte === MINUS || byte === PLUS;

function throughImage(
  { text, json, maxBytes }: ColumnCodec,
  read: (b: Buffer, p: number, e: number) => void,
  value: Buffer,
  bytes: number,
): ColumnCodec {
  const through =
    (write: WriteText): WriteText =>
    (out, o, b, p, e) => {
      read(b, p, e);
      return write(out, o, value, 0, bytes);
    };
  const plain = through(text);
  return { text: plain, json: json === text ? plain : through(json), maxBytes };
}

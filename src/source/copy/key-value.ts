/**
 * A part of a key as its column would hold it, from what somebody wrote: in the bytes that SELECT shows
 * (selectedExpression). Nothing is rounded or cut. Pure; of texts under a charset only the server knows.
 */
import type { Column } from '../../binlog/binlog.ts';
import { BINARY_COLLATION } from '../../binlog/charsets/collations.ts';
import { labelTexts } from '../../binlog/columns/label-text.ts';
import { isBlob, isVarchar, TYPE } from '../../binlog/wire/column-types.ts';
import type { KeyValue } from '../source.ts';
import { clockText, isClock } from './key-clock.ts';

/** The bytes, or what is wrong with the value: "is no …". */
export type Fitted = { readonly bytes: Buffer } | { readonly problem: string };

/** True for CHAR, VARCHAR and TEXT: what they hold depends on their charset. */
export const isCharText = ({ type, collation }: Column): boolean => isBytes(type) && collation !== BINARY_COLLATION;

const isBytes = (type: number): boolean => isVarchar(type) || isBlob(type) || type === TYPE.STRING;

/** Of any column but those of isCharText. */
export function fitted(column: Column, { form, bytes }: KeyValue): Fitted {
  const { type } = column;
  if (isBytes(type)) return binary(column, bytes);
  if (type === TYPE.BIT) return form === 'bytes' ? bits(column, bytes) : bitNumber(column, bytes.toString('latin1'));
  if (type === TYPE.ENUM || type === TYPE.SET)
    return form === 'text' ? labelled(column, bytes.toString()) : index(column, bytes.toString('latin1'));
  // All others are shown as ASCII.
  const text = bytes.toString('latin1');
  if (isClock(type)) return written(clockText(column, text), 'is no date or time that the column can hold');
  const size = INTEGER_BITS[type];
  if (size !== undefined) return integer(column, text, size);
  if (type === TYPE.NEWDECIMAL) return decimal(column, text);
  if (type === TYPE.FLOAT || type === TYPE.DOUBLE) return float(column, text);
  return { problem: 'is of a type that no key is asked for by' };
}

const INTEGER_BITS: Readonly<Record<number, bigint>> = {
  [TYPE.TINY]: 8n,
  [TYPE.SHORT]: 16n,
  [TYPE.INT24]: 24n,
  [TYPE.LONG]: 32n,
  [TYPE.LONGLONG]: 64n,
};
const INTEGER = /^-?\d{1,100}$/;
const DECIMAL = /^(-?)(\d{1,100})(?:\.(\d{0,100}))?$/;
const FLOAT = /^-?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})(e[+-]?\d{1,3})?$/i;
/** Of MariaDB's INET4, INET6 and UUID, which are shown as BINARY of so many bytes. */
const ADDRESS_BYTES = new Set([4, 16]);

const ascii = (text: string): Fitted => ({ bytes: Buffer.from(text, 'latin1') });
const written = (text: string | undefined, problem: string): Fitted => (text === undefined ? { problem } : ascii(text));
const outOfRange: Fitted = { problem: 'is out of the range of the column' };

function integer({ unsigned }: Column, text: string, bits: bigint): Fitted {
  if (!INTEGER.test(text)) return { problem: 'is no whole number' };
  const value = BigInt(text);
  const [least, end] = unsigned ? [0n, 1n << bits] : [-(1n << (bits - 1n)), 1n << (bits - 1n)];
  return value < least || value >= end ? outOfRange : ascii(value.toString());
}

function decimal({ meta, unsigned }: Column, text: string): Fitted {
  const [, sign, digits = '', fraction = ''] = DECIMAL.exec(text) ?? [];
  if (sign === undefined) return { problem: 'is no decimal number' };
  const [precision, scale] = [meta >> 8, meta & 0xff];
  if (/[1-9]/.test(fraction.slice(scale))) return { problem: `has more than ${scale} digits after its point` };
  const whole = BigInt(digits);
  if (whole >= 10n ** BigInt(precision - scale)) return outOfRange;
  const shown = scale === 0 ? `${whole}` : `${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}`;
  const isNegative = sign === '-' && /[1-9]/.test(shown);
  return isNegative && unsigned ? outOfRange : ascii(isNegative ? `-${shown}` : shown);
}

/** The shortest text of a DOUBLE that reads back to the same bits. */
function float({ type, unsigned }: Column, text: string): Fitted {
  if (!FLOAT.test(text)) return { problem: 'is no number' };
  const value = type === TYPE.FLOAT ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(value) && !(unsigned && value < 0) ? ascii(String(value)) : outOfRange;
}

function bitNumber({ meta }: Column, text: string): Fitted {
  if (!INTEGER.test(text)) return { problem: 'is no whole number' };
  const value = BigInt(text);
  if (value < 0n || value >= 1n << BigInt(meta)) return outOfRange;
  return { bytes: Buffer.from(value.toString(16).padStart(2 * ((meta + 7) >> 3), '0'), 'hex') };
}

function bits(column: Column, bytes: Buffer): Fitted {
  if (bytes.length !== (column.meta + 7) >> 3) return { problem: `has not the ${(column.meta + 7) >> 3} bytes` };
  return bitNumber(column, BigInt(`0x${bytes.toString('hex')}`).toString());
}

function binary({ type, meta }: Column, bytes: Buffer): Fitted {
  if (isBlob(type)) return { bytes };
  if (bytes.length > meta) return { problem: `has ${bytes.length} bytes, the column ${meta}` };
  if (type !== TYPE.STRING) return { bytes };
  if (bytes.length < meta && ADDRESS_BYTES.has(meta)) return { problem: `has ${bytes.length} bytes, not ${meta}` };
  return { bytes: Buffer.concat([bytes, Buffer.alloc(meta - bytes.length)]) };
}

/** A SET has a bit of its number for each label, an ENUM the place of it. */
function labelled(column: Column, text: string): Fitted {
  const known = labelTexts(column);
  const problem = 'is no label of the column';
  if (column.type === TYPE.ENUM) {
    const place = known.indexOf(text);
    // What lax mode stores for a text that is no label.
    if (place < 0) return text === '' ? ascii('0') : { problem };
    return ascii(String(place + 1));
  }
  let value = 0n;
  for (const label of text === '' && !known.includes('') ? [] : text.split(',')) {
    const place = known.indexOf(label);
    if (place < 0) return { problem };
    value |= 1n << BigInt(place);
  }
  return ascii(value.toString());
}

function index({ type, labels }: Column, text: string): Fitted {
  if (!/^\d{1,20}$/.test(text)) return { problem: 'is no number of a label' };
  const end = type === TYPE.ENUM ? BigInt(labels.length + 1) : 1n << BigInt(labels.length);
  return BigInt(text) < end ? ascii(BigInt(text).toString()) : outOfRange;
}

import { exactFloat, exactNumber, exactText, type ColumnKind } from './column-kind.ts';
import type { Random } from './random.ts';

const INTEGERS = [
  ['TINYINT', 1],
  ['SMALLINT', 2],
  ['MEDIUMINT', 3],
  ['INT', 4],
  ['BIGINT', 8],
] as const;

export function integerKind(random: Random): ColumnKind {
  const [type, bytes] = random.pick(INTEGERS);
  const isUnsigned = random.chance(0.5);
  const half = 1n << BigInt(8 * bytes - 1);
  const [least, most] = isUnsigned ? [0n, 2n * half - 1n] : [-half, half - 1n];
  const edges = [0n, 1n, least, least + 1n, most, most - 1n, 9n, 10n, 99n, 100n];
  return {
    sql: `${type}${isUnsigned ? ' UNSIGNED' : random.chance(0.1) ? '(5)' : ''}`,
    rowBytes: bytes,
    keyPart: '',
    exact: exactText,
    value: (r) => {
      if (r.chance(0.3)) return String(r.pick(edges));
      const size = r.bits(8 * bytes);
      return String(isUnsigned ? size : r.chance(0.5) ? size % half : -(size % half));
    },
  };
}

export function decimalKind(random: Random): ColumnKind {
  const precision = random.chance(0.2) ? 65 : random.int(1, 65);
  const scale = random.chance(0.2) ? Math.min(precision, 30) : random.int(0, Math.min(precision, 30));
  const digits = (r: Random): string => {
    const shape = r.int(0, 5);
    if (shape === 0) return '0'.repeat(precision);
    if (shape === 1) return '9'.repeat(precision);
    if (shape === 2) return '1'.padStart(precision, '0');
    // Groups of nine digits are one number in a row image: leave some of them zero.
    return r.list(precision, () => (r.chance(shape === 3 ? 0.9 : 0.1) ? 0 : r.int(0, 9))).join('');
  };
  return {
    sql: `DECIMAL(${precision},${scale})${random.chance(0.1) ? ' UNSIGNED' : ''}`,
    rowBytes: 30,
    keyPart: '',
    exact: exactText,
    value: (r) => {
      const text = digits(r);
      return `${r.chance(0.4) ? '-' : ''}${text.slice(0, precision - scale) || '0'}${scale === 0 ? '' : `.${text.slice(precision - scale)}`}`;
    },
  };
}

const DOUBLES = [
  '0e0', '-0e0', '1e0', '-1.5e0', '0.1e0', '1e14', '1e15', '999999999999999.9e0', '1e16', '1e17', '1e-5', '1e-14', '1e-15', '1e-16', '1e21', '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308', '-1.7976931348623157e308', '9007199254740993e0',
]; // prettier-ignore
const FLOATS = [
  '0e0', '-0e0', '1.1e0', '0.3e0', '16777215e0', '16777216e0', '123456.789e0', '1e15', '1e-14', '1e-15', '1e-45', '-1e-45', '1.17549435e-38', '3.4028234e38', '-3.4028234e38',
]; // prettier-ignore

export function doubleKind(random: Random): ColumnKind {
  const hasDigits = random.chance(0.1);
  return {
    sql: hasDigits ? 'DOUBLE(20,5)' : `DOUBLE${random.chance(0.1) ? ' UNSIGNED' : ''}`,
    ...(hasDigits && { copySql: 'DOUBLE' }),
    rowBytes: 8,
    keyPart: '',
    exact: exactFloat,
    value: (r) => finite(r, DOUBLES, () => r.bytes(8).readDoubleLE()),
  };
}

export function floatKind(random: Random): ColumnKind {
  // FLOAT(10,3) keeps -10000000 for what is below its range, and then finds no row that is equal to it: no key.
  const hasDigits = random.chance(0.1);
  return {
    sql: hasDigits ? 'FLOAT(10,3)' : `FLOAT${random.chance(0.1) ? ' UNSIGNED' : ''}`,
    // A value at the end of the range is beyond it as a text: stored again it is the same, with a warning.
    ...(hasDigits && { copySql: 'FLOAT' }),
    rowBytes: 4,
    ...(!hasDigits && { keyPart: '' }),
    exact: exactFloat,
    value: (r) => finite(r, FLOATS, () => r.bytes(4).readFloatLE()),
  };
}

function finite(r: Random, edges: readonly string[], bits: () => number): string {
  if (r.chance(0.3)) return r.pick(edges);
  const number = r.chance(0.5) ? bits() : (r.fraction() - 0.5) * 10 ** r.int(-6, 18);
  return Number.isFinite(number) ? number.toExponential() : r.pick(edges);
}

export function bitKind(random: Random): ColumnKind {
  const width = random.chance(0.3) ? random.pick([1, 8, 9, 33, 63, 64]) : random.int(1, 64);
  const most = (1n << BigInt(width)) - 1n;
  return {
    sql: `BIT(${width})`,
    rowBytes: 8,
    keyPart: '',
    exact: exactNumber,
    value: (r) => String(r.chance(0.3) ? r.pick([0n, 1n, most, most - 1n, most >> 1n]) : r.bits(width) & most),
  };
}

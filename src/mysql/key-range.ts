/**
 * Keys of rows as statements have them: as literals that compare as the column does, and as ranges. The server alone
 * compares keys. Pure.
 */
import { RelayError } from '../base/errors.ts';
import { quoted } from './quoted.ts';

/**
 * How the values of a column of a key are written. `index`: ENUM and SET, by number. `text`: with charset and collation
 * of the column.
 */
export type KeyForm =
  | { readonly kind: 'number' | 'time' | 'bytes' | 'bit' | 'index' | 'float' }
  | { readonly kind: 'text'; readonly charset: string; readonly collation: string };

export interface KeyColumn {
  readonly name: string;
  readonly form: KeyForm;
}

/** Of each column of a key, in hexadecimal, the bytes that SELECT shows of it in its own charset. */
export type HexKey = readonly string[];

/** The columns of a key as `HexKey` has them, as expressions. */
export const hexExpressions = (key: readonly KeyColumn[]): readonly string[] =>
  key.map(({ name, form }) => `HEX(CONCAT(${shownOf(quoted(name), form)}))`);

function shownOf(name: string, { kind }: KeyForm): string {
  // A FLOAT alone is shown with six digits.
  if (kind === 'float') return `${name} * 1e0`;
  return kind === 'index' ? `CAST(${name} AS UNSIGNED)` : name;
}

/** Rows after the key `after`, up to and with `upTo`; either may be missing. Empty when both are. */
export function rangeCondition(key: readonly KeyColumn[], after: HexKey | undefined, upTo: HexKey | undefined): string {
  const names = key.map(({ name }) => quoted(name));
  return [
    ...(after === undefined ? [] : [compared(names, '>', keyLiterals(key, after), '')]),
    ...(upTo === undefined ? [] : [compared(names, '<', keyLiterals(key, upTo), '=')]),
  ].join(' AND ');
}

export function isKey(key: readonly KeyColumn[], value: HexKey): string {
  const values = keyLiterals(key, value);
  return `(${key.map(({ name }, i) => `${quoted(name)} = ${values[i] ?? ''}`).join(' AND ')})`;
}

/**
 * A row comparison, `(a, b) > (x, y)`, would read the table from its beginning: MySQL makes a range only of what is
 * written out. `last`: of the last column.
 */
function compared(names: readonly string[], sign: '<' | '>', values: readonly string[], last: '' | '='): string {
  const [name = '', ...otherNames] = names;
  const [value = '', ...otherValues] = values;
  if (otherNames.length === 0) return `${name} ${sign}${last} ${value}`;
  return `(${name} ${sign} ${value} OR (${name} = ${value} AND ${compared(otherNames, sign, otherValues, last)}))`;
}

/** Throws for what is no key of the table, wherever it was kept meanwhile. */
function keyLiterals(key: readonly KeyColumn[], value: HexKey): readonly string[] {
  return key.map((column, i) => literal(column, value[i] ?? ''));
}

/** Nothing else comes into a statement as it stands. */
const HEX = /^(?:[0-9A-F]{2})*$/i;
const NUMBER = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/;
const TIME = /^-?\d[\d:. -]*$/;

function literal({ name, form }: KeyColumn, hex: string): string {
  const bytes = `x'${hex}'`;
  const text = Buffer.from(hex, 'hex').toString('latin1');
  if (HEX.test(hex)) {
    if (form.kind === 'bytes') return bytes;
    if (form.kind === 'text') return `_${form.charset} ${bytes} COLLATE ${form.collation}`;
    if (form.kind === 'bit') return hex === '' ? '0' : BigInt(`0x${hex}`).toString();
    if (form.kind === 'time' ? TIME.test(text) : NUMBER.test(text)) return form.kind === 'time' ? `'${text}'` : text;
  }
  throw new RelayError('INTERNAL', `the column ${name} has no value that a key can begin after`);
}

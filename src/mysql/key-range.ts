/**
 * Keys of rows as statements have them: as literals that compare as the column does, and as ranges. The server alone
 * compares keys. Pure.
 */
import { RelayError } from '../base/errors.ts';
import { floatText } from './float-text.ts';
import { quoted } from './quoted.ts';

/** Types of MariaDB that the binlog has as bytes, and SELECT as texts; and how many bytes. */
export const ADDRESS_BYTES: Readonly<Record<string, number>> = { uuid: 16, inet6: 16, inet4: 4 };

/**
 * How the values of a column of a key are written. `index`: ENUM and SET, by number. `text`: with charset and collation
 * of the column; `isInUtf8`: its bytes in UTF-8, to compare keys of columns with different charsets. `address`: one of
 * ADDRESS_BYTES.
 */
export type KeyForm =
  | { readonly kind: 'number' | 'time' | 'bytes' | 'bit' | 'index' | 'float' }
  | { readonly kind: 'address'; readonly type: string }
  | {
      readonly kind: 'text';
      readonly charset: string;
      readonly collation: string;
      readonly isInUtf8?: boolean;
    };

export interface KeyColumn {
  readonly name: string;
  readonly form: KeyForm;
}

/** Of each column of a key, in hexadecimal, the bytes that SELECT shows of it in its own charset, or of an address. */
export type HexKey = readonly string[];

/** The columns of a key as `HexKey` has them, as expressions. */
export const hexExpressions = (key: readonly KeyColumn[]): readonly string[] =>
  key.map(({ name, form }) => `HEX(CONCAT(${shownOf(quoted(name), form)}))`);

function shownOf(name: string, form: KeyForm): string {
  const { kind } = form;
  if (kind === 'float') return floatText(name);
  if (kind === 'text' && form.isInUtf8 === true) return `CONVERT(${name} USING utf8mb4)`;
  if (kind === 'address') return `CAST(${name} AS BINARY(${ADDRESS_BYTES[form.type] ?? 0}))`;
  return kind === 'index' ? `CAST(${name} AS UNSIGNED)` : name;
}

/** What the server makes of a key with texts in UTF-8: one with each text in its column's own charset. */
export const ownExpressions = (key: readonly KeyColumn[], value: HexKey): readonly string[] =>
  keyLiterals(key, value).map((sql, i) => (isInUtf8(key[i]) ? `HEX(${sql})` : `'${value[i] ?? ''}'`));

export const isInUtf8 = (column: KeyColumn | undefined): boolean =>
  column?.form.kind === 'text' && column.form.isInUtf8 === true;

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

type TextForm = Extract<KeyForm, { kind: 'text' }>;

const inOwnCharset = ({ charset, isInUtf8 = false }: TextForm, bytes: string): string =>
  isInUtf8 ? `CONVERT(_utf8mb4 ${bytes} USING ${charset})` : `_${charset} ${bytes}`;

/** Nothing else comes into a statement as it stands. */
const HEX = /^(?:[0-9A-F]{2})*$/i;
const NUMBER = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/;
const TIME = /^-?\d[\d:. -]*$/;

function literal({ name, form }: KeyColumn, hex: string): string {
  const bytes = `x'${hex}'`;
  const text = Buffer.from(hex, 'hex').toString('latin1');
  if (HEX.test(hex)) {
    if (form.kind === 'bytes') return bytes;
    if (form.kind === 'address') return `CAST(${bytes} AS ${form.type})`;
    if (form.kind === 'text') return `${inOwnCharset(form, bytes)} COLLATE ${form.collation}`;
    if (form.kind === 'bit') return hex === '' ? '0' : BigInt(`0x${hex}`).toString();
    if (form.kind === 'time' ? TIME.test(text) : NUMBER.test(text)) return form.kind === 'time' ? `'${text}'` : text;
  }
  throw new RelayError('INTERNAL', `the column ${name} has no value that a key can begin after`);
}

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
 * How the values of a column of a key are written. `index`: ENUM and SET, by number. `plain`: a number or a time, as
 * its text says. `text`: with charset and collation of the column; `isInUtf8`: its bytes in UTF-8, to compare keys of
 * columns with different charsets. `address`: one of ADDRESS_BYTES.
 */
export type KeyForm =
  | { readonly kind: 'number' | 'time' | 'plain' | 'bytes' | 'bit' | 'index' | 'float' }
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
  const names = namesOf(key);
  return [
    ...(after === undefined ? [] : [beyond(names, keyLiterals(key, after), '>')]),
    ...(upTo === undefined ? [] : [beyond(names, keyLiterals(key, upTo), '<=')]),
  ].join(' AND ');
}

export const isKey = (key: readonly KeyColumn[], value: HexKey): string =>
  allEqual(namesOf(key), keyLiterals(key, value));

const namesOf = (key: readonly KeyColumn[]): readonly string[] => key.map(({ name }) => quoted(name));

/** `names` and `values`: of all columns of a key, as SQL. */
export const allEqual = (names: readonly string[], values: readonly string[]): string =>
  `(${names.map((name, i) => `${name} = ${values[i] ?? ''}`).join(' AND ')})`;

/**
 * Keys on one side of another, of which only the first values may be given. A row comparison, `(a, b) > (x, y)`, would
 * read the table from its beginning: MySQL makes a range only of what is written out.
 */
export function beyond(names: readonly string[], values: readonly string[], compares: '>' | '>=' | '<='): string {
  const [name = '', ...otherNames] = names;
  const [value = '', ...otherValues] = values;
  if (otherValues.length === 0) return `${name} ${compares} ${value}`;
  return `(${name} ${compares.charAt(0)} ${value} OR (${name} = ${value} AND ${beyond(otherNames, otherValues, compares)}))`;
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
  const sql = keyLiteral(form, hex);
  if (sql === undefined) throw new RelayError('INTERNAL', `the column ${name} has no value that a key can begin after`);
  return sql;
}

/** `hex`: one part of a HexKey. Undefined for what no column of this form shows. */
export function keyLiteral(form: KeyForm, hex: string): string | undefined {
  if (!HEX.test(hex)) return undefined;
  const bytes = `x'${hex}'`;
  if (form.kind === 'bytes') return bytes;
  if (form.kind === 'address') return `CAST(${bytes} AS ${form.type})`;
  if (form.kind === 'text') return `${inOwnCharset(form, bytes)} COLLATE ${form.collation}`;
  if (form.kind === 'bit') return hex === '' ? '0' : BigInt(`0x${hex}`).toString();
  const text = Buffer.from(hex, 'hex').toString('latin1');
  if (form.kind !== 'time' && NUMBER.test(text)) return text;
  return (form.kind === 'time' || form.kind === 'plain') && TIME.test(text) ? `'${text}'` : undefined;
}

import type { Random } from './random.ts';

/** A type of column as it is declared, and the values that go into it. */
export interface ColumnKind {
  /** The declared type, without NULL or NOT NULL. */
  readonly sql: string;
  /** As what the copy keeps it, where that is another type. */
  readonly copySql?: string;
  /** Most bytes that it adds to the declared length of a row. */
  readonly rowBytes: number;
  /**
   * What stands after the column's name in a key: nothing, or the length of the prefix; undefined where MySQL takes it
   * in no key.
   */
  readonly keyPart?: string;
  /** A value as an SQL expression, the edges of its range more often than others. */
  value(random: Random): string;
  /** A new value as an expression over the old one, where an update may be logged as their difference. */
  change?(random: Random, name: string): string;
  /** SQL that gives the value as text without losing anything: equal texts are equal values. */
  exact(name: string): string;
}

/** An index prefix that every kind of text or bytes in a key takes. */
export const PREFIX = 8;

export const exactText = (name: string): string => `HEX(CAST(${name} AS CHAR))`;
/** MySQL 8.0.12 does not escape the line feeds that it puts into the base64 of bytes in JSON. */
export const exactJson = (name: string): string => `HEX(REPLACE(CAST(${name} AS CHAR), '\n', '\\\\n'))`;
/** Any other text of a number in floating point depends on the version, or has six digits of a FLOAT. */
export const exactFloat = (name: string): string => `HEX(CAST(JSON_ARRAY(${name} * 1e0) AS CHAR))`;
export const exactBytes = (name: string): string => `HEX(${name})`;
export const exactNumber = (name: string): string => `CAST(${name} AS UNSIGNED)`;

/** Bytes as a literal. */
export const hex = (bytes: Buffer | string): string => `x'${Buffer.from(bytes).toString('hex')}'`;

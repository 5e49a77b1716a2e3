import { COLLATION_TABLE } from './collation-table.ts';
import { mariadbCollation } from './mariadb-collations.ts';

export interface Collation {
  readonly name: string;
  readonly charset: string;
  /** The most bytes that a character of the charset takes. */
  readonly maxBytes: number;
  /** True when two texts are equal only if their bytes are, spaces at the end aside. */
  readonly isBinary: boolean;
}

const isBinary = (name: string): boolean => name === 'binary' || name.endsWith('_bin');

const COLLATIONS: ReadonlyMap<number, Collation> = new Map(
  COLLATION_TABLE.map(([id, name, charset, maxBytes]) => [id, { name, charset, maxBytes, isBinary: isBinary(name) }]),
);

/** Collation id of the charset binary: BINARY, VARBINARY and BLOB. */
export const BINARY_COLLATION = 63;

/**
 * Undefined for an id that neither MySQL 9.7 nor MariaDB 11.8 has, such as a collation added to the server by hand.
 * Some Croatian ones have another name in MariaDB than in MySQL, which is given.
 */
export function collationOf(id: number): Collation | undefined {
  const known = COLLATIONS.get(id);
  if (known !== undefined) return known;
  const found = mariadbCollation(id, (mysqlId) => COLLATIONS.get(mysqlId));
  return found && { ...found, isBinary: isBinary(found.name) };
}

/** `utf8` is what servers before 8.0.30 call utf8mb3. */
const CHARSETS: ReadonlySet<string> = new Set(['utf8', ...COLLATION_TABLE.map(([, , charset]) => charset)]);

/**
 * True for every charset of MySQL 8.0 to 9.7 and of MariaDB, in lower case: columnCodec writes columns in all of them.
 */
export const isKnownCharset = (name: string): boolean => CHARSETS.has(name);

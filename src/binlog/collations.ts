import { COLLATION_TABLE } from './collation-table.ts';

export interface Collation {
  readonly name: string;
  readonly charset: string;
  /** The most bytes that a character of the charset takes. */
  readonly maxBytes: number;
  /** True when two texts are equal only if their bytes are, spaces at the end aside. */
  readonly isBinary: boolean;
}

const COLLATIONS: ReadonlyMap<number, Collation> = new Map(
  COLLATION_TABLE.map(([id, name, charset, maxBytes]) => [
    id,
    { name, charset, maxBytes, isBinary: name === 'binary' || name.endsWith('_bin') },
  ]),
);

/** Collation id of the charset binary: BINARY, VARBINARY and BLOB. */
export const BINARY_COLLATION = 63;

/** Undefined for an id that MySQL 9.7 does not have: a collation added to the server by hand, or a MariaDB one. */
export const collationOf = (id: number): Collation | undefined => COLLATIONS.get(id);

/** `utf8` is what servers before 8.0.30 call utf8mb3. */
const CHARSETS: ReadonlySet<string> = new Set(['utf8', ...COLLATION_TABLE.map(([, , charset]) => charset)]);

/** True for every charset of MySQL 8.0 to 9.7, in lower case: columnCodec writes columns in all of them. */
export const isKnownCharset = (name: string): boolean => CHARSETS.has(name);

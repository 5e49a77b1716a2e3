import { collationOf } from './collations.ts';
import { decoded } from './charset.ts';
import { charsetOf } from './charsets.ts';

export interface StatementText {
  readonly text: string;
  /**
   * False when the text tells neither names nor where a quote ends: bytes that the charset does not have, or a charset
   * that is not known.
   */
  readonly isExact: boolean;
}

/** Charsets that are read as UTF-8. A session in `binary` sends bytes that nobody converts. */
const UTF8 = new Set(['utf8mb4', 'utf8mb3', 'binary']);
/** In these the server sees ASCII's quotes and backslash where the charset has letters (swe7). */
const NOT_ASCII = /[^\t-\r -?A-Z_a-z]/g;
const HIGH = /[\u0080-\u00ff]/g;

/**
 * The text of a statement that a session sent in the charset of the collation `client`, UTF-8 where that is not known.
 * Invalid UTF-8 becomes U+FFFD and hides no ASCII, as in the server's own lexer; where anything else does not fit,
 * every byte that is not ASCII becomes U+FFFD.
 */
export function statementText(bytes: Buffer, client: number | undefined): StatementText {
  const name = client === undefined ? 'utf8mb4' : collationOf(client)?.charset;
  if (name !== undefined && UTF8.has(name)) return { text: bytes.toString('utf8'), isExact: true };
  const charset = charsetOf(name ?? '');
  const isAscii = charset?.isAscii === true;
  const latin1 = bytes.toString('latin1');
  const foreign = isAscii ? HIGH : NOT_ASCII;
  if (latin1.search(foreign) < 0) return { text: latin1, isExact: true };
  const text = isAscii ? decoded(charset, bytes) : undefined;
  if (text !== undefined) return { text, isExact: true };
  return { text: latin1.replace(foreign, '\ufffd'), isExact: false };
}

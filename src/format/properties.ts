import { createHash } from 'node:crypto';

/**
 * Makes tag, keys and properties legal for RocketMQ, whose rules are: no control characters anywhere, no `|` in a tag,
 * no space in a key (readers split keys at spaces), nothing blank.
 */

/** `%XX` for every byte of a space, a control character, `|`, `%` or DEL; everything else stays readable. */
export function encodeText(text: string): string {
  return text.replace(ILLEGAL, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** What is blank for the client is more than \p{Z}: the byte order mark. */
const ILLEGAL = /[\p{Cc}\p{Z}\ufeff|%]/gu;

/** A tag is a filter that consumers name: `schema.table`. */
export const tagOf = (database: string, table: string): string => encodeText(`${database}.${table}`);

const MAX_KEY_BYTES = 64;

/** The primary key of a row as one message key: its parts joined by commas; a hash when that is over 64 bytes. */
export function messageKey(keyText: string): string {
  const encoded = encodeText(keyText);
  if (encoded !== '' && Buffer.byteLength(encoded) <= MAX_KEY_BYTES) return encoded;
  return `sha256:${createHash('sha256').update(keyText).digest('hex').slice(0, 32)}`;
}

import { RelayError } from '../../base/errors.ts';
import type { Form } from './form.ts';

const NUMBER = /^[-+0-9.eE]+$/;

/** SQL of a value, for rows that are looked at one by one. */
export function literal(text: string | null | undefined, form: Form): string {
  if (text === null || text === undefined) return 'NULL';
  if (!form.isBare) return form.before + escaped(text) + form.after;
  if (!NUMBER.test(text)) throw new RelayError('MESSAGE_UNREADABLE', 'a number in `data` is none');
  return text;
}

/** A text as it stands between double quotes. Without NO_BACKSLASH_ESCAPES. */
const escaped = (text: string): string =>
  text.replace(/[\0"\\]/g, (character) => (character === '\0' ? '\\0' : `\\${character}`));

/** SQL of a text that is not a value of a row. */
export const textLiteral = (text: string): string => `"${escaped(text)}"`;

/** SQL of bytes, each of which is the character of its number. */
export const bytesLiteral = (text: string): string =>
  text === '' ? '""' : `x'${Buffer.from(text, 'latin1').toString('hex')}'`;

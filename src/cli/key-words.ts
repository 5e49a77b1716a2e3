/** Keys as they are written on a command line. Pure. */
import { RelayError } from '../base/errors.ts';

/** As POST /copy takes it. */
type Part = string | object;

/** `17,18`; or JSON: `["a","b"]` of one column, `[["a",1],["b",2]]` of several. Throws USAGE. */
export function keysOf(text: string): readonly (readonly Part[])[] {
  if (!text.trimStart().startsWith('[')) return text.split(',').map((key) => [named(key.trim(), '--keys')]);
  return listIn(text, '--keys').map((key) => (Array.isArray(key) ? key : [key]) as readonly Part[]);
}

/** `17`; or JSON: `["a"]`, `["a",1]`. Throws USAGE. */
export function boundOf(text: string, option: string): readonly Part[] {
  return text.trimStart().startsWith('[') ? (listIn(text, option) as readonly Part[]) : [named(text, option)];
}

function named(key: string, option: string): string {
  if (key !== '') return key;
  throw new RelayError('USAGE', `${option} has an empty key`, { remedy: 'An empty text is written as JSON: [""].' });
}

function listIn(text: string, option: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text.replace(TOKEN, quotedNumber));
    if (Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new RelayError('USAGE', `${option} is no JSON`, {
    remedy: `Write ["a","b"] for keys of one column, [["a",1],["b",2]] for several; in quotes, for the shell.`,
  });
}

/** A text, or a number outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** JSON.parse would lose digits of a number: it becomes a text. */
const quotedNumber = (token: string): string => (token.startsWith('"') ? token : `"${token}"`);

/**
 * Reads what the relay writes: objects whose values are strings or null, without spaces. Names keep their order,
 * which a JavaScript object would not do (`1`, `__proto__`).
 */
import { malformed } from './malformed.ts';

/** Text of each column, or null; in the order of the body. */
export type Row = ReadonlyMap<string, string | null>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_N = 0x6e;

export interface Scanned<T> {
  readonly value: T;
  /** Where the next byte stands. */
  readonly end: number;
}

/** The objects of a list, whose first one begins at `at`; ends at the bracket. At most `limit` of them are read. */
export function scanRows(b: Buffer, at: number, limit = Infinity): Scanned<readonly Row[]> {
  const value: Row[] = [];
  if (b[at] === BRACKET) return { value, end: at };
  for (let p = at; ; p += 1) {
    const row = scanRow(b, p);
    value.push(row.value);
    p = row.end;
    if (b[p] === BRACKET || value.length === limit) return { value, end: p };
    if (b[p] !== COMMA) throw malformed(p, 'the comma or bracket after a row');
  }
}

/** The strings of a list, whose first one begins at `at`; ends at the bracket. */
export function scanStrings(b: Buffer, at: number): Scanned<readonly string[]> {
  const value: string[] = [];
  if (b[at] === BRACKET) return { value, end: at };
  for (let p = at; ; p += 1) {
    const text = scanString(b, p);
    value.push(text.value);
    p = text.end;
    if (b[p] === BRACKET) return { value, end: p };
    if (b[p] !== COMMA) throw malformed(p, 'the comma or bracket after a string');
  }
}

/** The names of an object's members as they stand in the body, each with its quotes and colon. */
export function scanKeys(b: Buffer, at: number): readonly Buffer[] {
  const keys: Buffer[] = [];
  if (b[at] !== OPEN) throw malformed(at, 'the beginning of a row');
  if (b[at + 1] === CLOSE) return keys;
  for (let p = at + 1; ; p += 1) {
    const end = stringEnd(b, p);
    if (b[end] !== COLON) throw malformed(end, 'the colon after a name');
    keys.push(b.subarray(p, end + 1));
    p = valueEnd(b, end + 1);
    if (b[p] === CLOSE) return keys;
    if (b[p] !== COMMA) throw malformed(p, 'the comma or brace after a value');
  }
}

/** Whether the object's members have these names, in this order: those that `scanKeys` gave of another one. */
export function hasKeys(b: Buffer, at: number, keys: readonly Uint8Array[]): boolean {
  if (b[at] !== OPEN || keys.length === 0) return false;
  let p = at;
  for (const key of keys) {
    // The brace, or the comma.
    p += 1;
    for (let i = 0; i < key.length; i += 1) if (b[p + i] !== key[i]) return false;
    p = valueEnd(b, p + key.length);
    if (b[p] !== COMMA && b[p] !== CLOSE) return false;
  }
  return b[p] === CLOSE;
}

function scanRow(b: Buffer, at: number): Scanned<Row> {
  const value = new Map<string, string | null>();
  if (b[at] !== OPEN) throw malformed(at, 'the beginning of a row');
  if (b[at + 1] === CLOSE) return { value, end: at + 2 };
  for (let p = at + 1; ; p += 1) {
    const name = scanString(b, p);
    if (b[name.end] !== COLON) throw malformed(name.end, 'the colon after a name');
    p = name.end + 1;
    if (b[p] === QUOTE) {
      const text = scanString(b, p);
      value.set(name.value, text.value);
      p = text.end;
    } else {
      value.set(name.value, null);
      p = valueEnd(b, p);
    }
    if (b[p] === CLOSE) return { value, end: p + 1 };
    if (b[p] !== COMMA) throw malformed(p, 'the comma or brace after a value');
  }
}

function scanString(b: Buffer, at: number): Scanned<string> {
  const end = stringEnd(b, at);
  try {
    return { value: String(JSON.parse(b.toString('utf8', at, end))), end };
  } catch {
    throw malformed(at, 'a string of JSON');
  }
}

/** After the quote that ends the string. */
function stringEnd(b: Buffer, at: number): number {
  if (b[at] !== QUOTE) throw malformed(at, 'the beginning of a string');
  for (let p = at + 1; p < b.length; p += 1) {
    if (b[p] === QUOTE) return p + 1;
    if (b[p] === BACKSLASH) p += 1;
  }
  throw malformed(b.length, 'the end of a string');
}

/** After a string or null. */
function valueEnd(b: Buffer, at: number): number {
  if (b[at] === QUOTE) return stringEnd(b, at);
  if (b[at] === LETTER_N && b.toString('latin1', at, at + 4) === 'null') return at + 4;
  throw malformed(at, 'a string or null');
}

import type { GrowingBytes } from '../../base/growing-bytes.ts';
import type { Form } from './form.ts';
import { malformed } from './malformed.ts';

/** One column of the rows, as `writeTuples` needs it. */
export interface TupleColumn {
  /** The name as it stands in each row, with quotes and colon. */
  readonly key: Uint8Array;
  /** What happens to the value. */
  readonly mode: 'bare' | 'text' | 'skip';
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** What stands between the values of a row, and between the rows. */
export interface TupleShape {
  readonly betweenValues: Uint8Array;
  readonly betweenRows: Uint8Array;
  /** Whether NULL is a value that a row may have. */
  readonly allowsNull: boolean;
}

export const VALUES: TupleShape = { betweenValues: bytes(','), betweenRows: bytes(','), allowsNull: true };
/** Of the left side of IN. */
export const KEYS: TupleShape = { ...VALUES, allowsNull: false };
/** As a condition, each column compared by itself. */
export const CONDITIONS: TupleShape = {
  betweenValues: bytes(' AND '),
  betweenRows: bytes(' OR '),
  allowsNull: false,
};

/** `prefix` stands before each value: the comparison of `CONDITIONS`. */
export function tupleColumn(key: Uint8Array, form: Form | undefined, prefix = ''): TupleColumn {
  if (form === undefined) return { key, mode: 'skip', before: NOTHING, after: NOTHING };
  return {
    key,
    mode: form.isBare ? 'bare' : 'text',
    before: bytes(prefix + form.before),
    after: bytes(form.after),
  };
}

/**
 * Writes the rows of `data`, whose first one begins at `at`, as SQL: `(1,"a"),(2,null)`. Without making values of
 * them. `rows`: how many there are. Returns where the bracket after them stands. Throws MESSAGE_UNREADABLE; then
 * `out` is as it was.
 */
export function writeTuples(
  b: Buffer,
  at: number,
  rows: number,
  columns: readonly TupleColumn[],
  shape: TupleShape,
  out: GrowingBytes,
): number {
  let perRow = 2 + shape.betweenRows.length + columns.length * shape.betweenValues.length;
  for (const { before, after } of columns) perRow += before.length + after.length;
  const o = out.reserve(b.length - at + rows * perRow);
  let n = out.length;
  let p = at;
  for (let row = 0; row < rows; row += 1) {
    if (row > 0) {
      if (b[p] !== COMMA) throw malformed(p, 'the comma between two rows');
      p += 1;
      o.set(shape.betweenRows, n);
      n += shape.betweenRows.length;
    }
    if (b[p] !== OPEN) throw malformed(p, 'the beginning of a row');
    p += 1;
    o[n++] = LEFT;
    let isFirst = true;
    for (let c = 0; c < columns.length; c += 1) {
      const column = columns[c];
      if (column === undefined) continue;
      if (c > 0) {
        if (b[p] !== COMMA) throw malformed(p, 'the comma between two values');
        p += 1;
      }
      p = afterKey(b, p, column.key, row === 0);
      if (column.mode === 'skip') {
        p = afterValue(b, p);
        continue;
      }
      if (!isFirst) {
        if (shape.betweenValues.length === 1) o[n++] = COMMA;
        else {
          o.set(shape.betweenValues, n);
          n += shape.betweenValues.length;
        }
      }
      isFirst = false;
      if (b[p] !== QUOTE) {
        if (!shape.allowsNull) throw malformed(p, 'the value of a column of the key');
        p = afterNull(b, p);
        o[n] = LETTER_N;
        o[n + 1] = LETTER_U;
        o[n + 2] = LETTER_L;
        o[n + 3] = LETTER_L;
        n += 4;
        continue;
      }
      p += 1;
      const { before, after } = column;
      for (let i = 0; i < before.length; i += 1) o[n++] = before[i] ?? 0;
      if (column.mode === 'bare') {
        const start = p;
        while (b[p] !== QUOTE) {
          const byte = b[p++] ?? 0;
          if (IS_NUMBER[byte] !== 1) throw malformed(p - 1, 'part of a number');
          o[n++] = byte;
        }
        if (p === start) throw malformed(p, 'a number');
        p += 1;
      } else {
        for (;;) {
          const byte = b[p++];
          if (byte === QUOTE) break;
          if (byte === BACKSLASH) {
            const letter = b[p++] ?? 0;
            if (letter === LETTER_U) {
              n = writeUnicode(b, p, o, n);
              p += isPair(b, p) ? 10 : 4;
            } else if (letter === LETTER_F) o[n++] = 0x0c;
            else if (IS_ESCAPE[letter] === 1) {
              o[n++] = BACKSLASH;
              o[n++] = letter;
            } else throw malformed(p - 1, 'an escape of JSON');
          } else if (byte === undefined) throw malformed(p - 1, 'the end of a string');
          else o[n++] = byte;
        }
      }
      for (let i = 0; i < after.length; i += 1) o[n++] = after[i] ?? 0;
    }
    if (b[p] !== CLOSE) throw malformed(p, 'the end of a row');
    p += 1;
    o[n++] = RIGHT;
  }
  if (b[p] !== BRACKET) throw malformed(p, 'the end of `data`, which has more rows than the message says');
  out.length = n;
  return p;
}

/** The first row is compared whole; of the others the length alone matters, since the relay writes all alike. */
function afterKey(b: Buffer, p: number, key: Uint8Array, isCompared: boolean): number {
  const end = p + key.length;
  if (isCompared) {
    for (let i = 0; i < key.length; i += 1) {
      if (b[p + i] !== key[i]) throw malformed(p + i, 'the name of the column that is due');
    }
  } else if (b[p] !== QUOTE || b[end - 1] !== COLON || b[end - 2] !== QUOTE) {
    throw malformed(p, 'the name of the column that is due');
  }
  return end;
}

function afterValue(b: Buffer, at: number): number {
  if (b[at] !== QUOTE) return afterNull(b, at);
  for (let p = at + 1; p < b.length; p += 1) {
    if (b[p] === QUOTE) return p + 1;
    if (b[p] === BACKSLASH) p += 1;
  }
  throw malformed(b.length, 'the end of a string');
}

function afterNull(b: Buffer, p: number): number {
  if (b[p] === LETTER_N && b[p + 1] === LETTER_U && b[p + 2] === LETTER_L && b[p + 3] === LETTER_L) return p + 4;
  throw malformed(p, 'a string or null');
}

/** Four hexadecimal digits, or twelve characters of a pair, as UTF-8 with MySQL's escapes. */
function writeUnicode(b: Buffer, p: number, o: Buffer, n: number): number {
  const unit = hex(b, p);
  if (unit === 0) {
    o[n] = BACKSLASH;
    o[n + 1] = 0x30;
    return n + 2;
  }
  if (unit === QUOTE || unit === BACKSLASH) {
    o[n] = BACKSLASH;
    o[n + 1] = unit;
    return n + 2;
  }
  if (unit < 0x80) {
    o[n] = unit;
    return n + 1;
  }
  const pair = isPair(b, p) ? hex(b, p + 6) : undefined;
  if (unit >= 0xd800 && unit <= 0xdfff && (unit > 0xdbff || pair === undefined || pair < 0xdc00 || pair > 0xdfff)) {
    throw malformed(p, 'a character: half of a surrogate pair');
  }
  const text = pair === undefined ? String.fromCharCode(unit) : String.fromCharCode(unit, pair);
  return n + o.write(text, n, 'utf8');
}

/** A high surrogate with another escape behind it. */
function isPair(b: Buffer, p: number): boolean {
  const unit = hex(b, p);
  return unit >= 0xd800 && unit <= 0xdbff && b[p + 4] === BACKSLASH && b[p + 5] === LETTER_U;
}

function hex(b: Buffer, p: number): number {
  const text = b.toString('latin1', p, p + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(text)) throw malformed(p, 'four hexadecimal digits');
  return parseInt(text, 16);
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

const NOTHING = new Uint8Array(0);
const QUOTE = 0x22;
const COMMA = 0x2c;
const LEFT = 0x28;
const RIGHT = 0x29;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_F = 0x66;
const LETTER_L = 0x6c;
const LETTER_N = 0x6e;
const LETTER_U = 0x75;
const IS_NUMBER = table('0123456789+-.eE');
/** Of JSON, and the same in MySQL: `\/` is a slash there, too. */
const IS_ESCAPE = table('"\\/bnrt');

function table(characters: string): Uint8Array {
  const found = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) found[byte] = 1;
  return found;
}

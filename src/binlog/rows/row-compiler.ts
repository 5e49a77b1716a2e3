/**
 * Row images to bytes by generated code: one set of functions per table version, made when its table map is first seen.
 *
 * A row image is: null bitmap, one bit per column of the table, then the values of the columns that are not null, in
 * column order (libs/mysql/binlog/event/rows_event.h). Images must be full (binlog_row_image=FULL), which the caller
 * has checked.
 *
 * Only numbers become source text. Names, labels and writers are arguments of the generated functions, so that no name
 * can become code. Functions are cut at COLUMNS_PER_FUNCTION columns: the optimizer gives up on large ones (20 ns a
 * column at 10 columns, 500 at 1,000).
 */
import type { Column, ColumnCodec, ValueSize } from '../binlog.ts';
import { writeBytes } from '../bytes/digits.ts';

const COLUMNS_PER_FUNCTION = 32;
/** Constants up to this length are stored byte by byte, longer ones are copied. */
const STORED_BYTES = 24;

/** One column as the compiler needs it. */
export interface RowColumn {
  readonly column: Column;
  readonly size: ValueSize;
  /** Undefined for a column that is left out: it is stepped over, never written and never compared. */
  readonly codec: ColumnCodec | undefined;
  /** What its codec writes is a JSON number, `true` or `false`: it stands without quotes. */
  readonly isBare?: true;
}

/**
 * Where generated code stands: `p` in the image, `o` in the output. One object for all calls, so that nothing is
 * allocated.
 */
export interface RowCursor {
  p: number;
  o: number;
}

/** A set of columns by index, 32 to a word. */
export type ColumnSet = Int32Array;

export const columnSet = (columns: number): ColumnSet => new Int32Array((columns + 31) >> 5);
export const addColumn = (set: ColumnSet, index: number): void => {
  set[index >> 5] = (set[index >> 5] ?? 0) | (1 << (index & 31));
};
export const hasColumn = (set: ColumnSet, index: number): boolean =>
  ((set[index >> 5] ?? 0) & (1 << (index & 31))) !== 0;

/** Where the image that starts at `p` ends. */
export type ImageEnd = (b: Buffer, p: number) => number;
/**
 * Writes the image at `c.p` as a JSON object to `out` from `c.o`; moves both. See WriteText for an `out` that is too
 * short.
 */
export type WriteObject = (b: Buffer, c: RowCursor, out: Uint8Array) => void;
/** The same with only the columns of `set`. */
export type WriteSelected = (b: Buffer, c: RowCursor, out: Uint8Array, set: ColumnSet) => void;
/** Sets in `changed` the columns whose values differ between the images at `before` and `after`. */
export type CompareImages = (b: Buffer, before: number, after: number, changed: ColumnSet) => void;
/** Stores start and end of the value of each wanted column in `ranges`, two entries a column; -1, -1 for NULL. */
export type LocateValues = (b: Buffer, p: number, ranges: Int32Array) => void;

export function compileImageEnd(columns: readonly RowColumn[]): ImageEnd {
  const bitmapBytes = bitmapSize(columns);
  const chunks = cut(columns).map((chunk) =>
    generate<(b: Buffer, n: number, p: number) => number>(
      ['b', 'n', 'p'],
      `${chunk.map((c) => `if(!(${isNull('b', 'n', c)})){${stepOver(c.size, 'b', 'p')}}`).join('\n')}\nreturn p;`,
      {},
    ),
  );
  return (b, p) => {
    let end = p + bitmapBytes;
    for (const chunk of chunks) end = chunk(b, p, end);
    return end;
  };
}

export function compileObject(columns: readonly RowColumn[]): WriteObject {
  const bitmapBytes = bitmapSize(columns);
  let isFirst = true;
  const chunks = cut(columns).map((chunk) => {
    const constants = new Constants();
    const body = chunk.map((c) => {
      if (c.codec === undefined) return `if(!(${isNull('b', 'n', c)})){${stepOver(c.size, 'b', 'p')}}`;
      const name = `${isFirst ? '{' : ','}${JSON.stringify(c.column.name)}:`;
      isFirst = false;
      const [open, close] = c.isBare === true ? ['', ''] : ['"', 'out[o++]=34;'];
      return `if(${isNull('b', 'n', c)}){${constants.store(`${name}null`)}}else{${constants.store(`${name}${open}`)}${constants.write(c.codec, c.size)}${close}}`;
    });
    return generate<(b: Buffer, n: number, c: RowCursor, out: Uint8Array) => void>(
      ['b', 'n', 'c', 'out'],
      `let p=c.p,o=c.o;\n${body.join('\n')}\nc.p=p;c.o=o;`,
      constants.values,
    );
  });
  return (b, c, out) => {
    const n = c.p;
    c.p = n + bitmapBytes;
    for (const chunk of chunks) chunk(b, n, c, out);
    // A table all of whose columns are left out has no first name to open the object.
    if (isFirst) out[c.o++] = 0x7b;
    out[c.o++] = 0x7d;
  };
}

export function compileSelected(columns: readonly RowColumn[]): WriteSelected {
  const bitmapBytes = bitmapSize(columns);
  const chunks = cut(columns).map((chunk) => {
    const constants = new Constants();
    const body = chunk.map((c) => {
      const index = c.column.index;
      const step = stepOver(c.size, 'b', 'p');
      if (c.codec === undefined) return `if(!(${isNull('b', 'n', c)})){${step}}`;
      const name = `${JSON.stringify(c.column.name)}:`;
      const [open, close] = c.isBare === true ? ['', 'out[o++]=44;'] : ['"', 'out[o]=34;out[o+1]=44;o+=2;'];
      return `if(set[${index >> 5}]&${1 << (index & 31)}){
if(${isNull('b', 'n', c)}){${constants.store(`${name}null,`)}}else{${constants.store(`${name}${open}`)}${constants.write(c.codec, c.size)}${close}}
}else if(!(${isNull('b', 'n', c)})){${step}}`;
    });
    return generate<(b: Buffer, n: number, c: RowCursor, out: Uint8Array, set: ColumnSet) => void>(
      ['b', 'n', 'c', 'out', 'set'],
      `let p=c.p,o=c.o;\n${body.join('\n')}\nc.p=p;c.o=o;`,
      constants.values,
    );
  });
  return (b, c, out, set) => {
    const n = c.p;
    c.p = n + bitmapBytes;
    out[c.o++] = 0x7b;
    const first = c.o;
    for (const chunk of chunks) chunk(b, n, c, out, set);
    // The comma after the last column becomes the closing brace.
    if (c.o > first) c.o -= 1;
    out[c.o++] = 0x7d;
  };
}

export function compileCompare(columns: readonly RowColumn[]): CompareImages {
  const bitmapBytes = bitmapSize(columns);
  const cursor = new Int32Array(2);
  const chunks = cut(columns).map((chunk) => {
    const body = chunk.map((c) => {
      const index = c.column.index;
      const mark = c.codec === undefined ? '' : `set[${index >> 5}]|=${1 << (index & 31)};`;
      return `{const x=${isNull('b', 'n', c)},y=${isNull('b', 'm', c)};let s=p,t=q;
if(!x){${stepOver(c.size, 'b', 'p', 's')}}
if(!y){${stepOver(c.size, 'b', 'q', 't')}}
${mark === '' ? '' : `if(x!==y||p-s!==q-t){${mark}}else while(s<p)if(b[s++]!==b[t++]){${mark}break;}`}}`;
    });
    return generate<(b: Buffer, n: number, m: number, c: Int32Array, set: ColumnSet) => void>(
      ['b', 'n', 'm', 'c', 'set'],
      `let p=c[0],q=c[1];\n${body.join('\n')}\nc[0]=p;c[1]=q;`,
      {},
    );
  });
  return (b, before, after, changed) => {
    changed.fill(0);
    cursor[0] = before + bitmapBytes;
    cursor[1] = after + bitmapBytes;
    for (const chunk of chunks) chunk(b, before, after, cursor, changed);
  };
}

/** `wanted`: the columns to locate, by index; entry 2i and 2i+1 of `ranges` belong to the i-th of them. */
export function compileLocate(columns: readonly RowColumn[], wanted: readonly number[]): LocateValues {
  const bitmapBytes = bitmapSize(columns);
  const needed = columns.slice(0, Math.max(-1, ...wanted) + 1);
  const chunks = cut(needed).map((chunk) =>
    generate<(b: Buffer, n: number, p: number, ranges: Int32Array) => number>(
      ['b', 'n', 'p', 'ranges'],
      `let s=p;\n${chunk
        .map((c) => {
          const place = wanted.indexOf(c.column.index);
          if (place < 0) return `if(!(${isNull('b', 'n', c)})){${stepOver(c.size, 'b', 'p')}}`;
          return `if(${isNull('b', 'n', c)}){ranges[${2 * place}]=-1;ranges[${2 * place + 1}]=-1;}else{${stepOver(c.size, 'b', 'p', 's')}ranges[${2 * place}]=s;ranges[${2 * place + 1}]=p;}`;
        })
        .join('\n')}\nreturn p;`,
      {},
    ),
  );
  return (b, p, ranges) => {
    let next = p + bitmapBytes;
    for (const chunk of chunks) next = chunk(b, p, next, ranges);
  };
}

const bitmapSize = (columns: readonly RowColumn[]): number => (columns.length + 7) >> 3;

function cut(columns: readonly RowColumn[]): RowColumn[][] {
  const chunks: RowColumn[][] = [];
  for (let i = 0; i < columns.length; i += COLUMNS_PER_FUNCTION)
    chunks.push(columns.slice(i, i + COLUMNS_PER_FUNCTION));
  return chunks;
}

/** Condition: the column is NULL in the image whose bitmap starts at variable `bitmap`. */
const isNull = (b: string, bitmap: string, { column }: RowColumn): string =>
  `(${b}[${bitmap}+${column.index >> 3}]&${1 << (column.index & 7)})!==0`;

const PREFIX = {
  1: (b: string, p: string): string => `${b}[${p}]`,
  2: (b: string, p: string): string => `(${b}[${p}]|${b}[${p}+1]<<8)`,
  3: (b: string, p: string): string => `(${b}[${p}]|${b}[${p}+1]<<8|${b}[${p}+2]<<16)`,
  4: (b: string, p: string): string => `((${b}[${p}]|${b}[${p}+1]<<8|${b}[${p}+2]<<16|${b}[${p}+3]<<24)>>>0)`,
} as const;

/** Statement: moves variable `p` after the value; `start` is set to where the value begins, after its length prefix. */
function stepOver(size: ValueSize, b: string, p: string, start?: string): string {
  if (size.kind === 'fixed') return `${start === undefined ? '' : `${start}=${p};`}${p}+=${size.bytes};`;
  const length = PREFIX[size.prefix](b, p);
  if (start === undefined) return `${p}+=${size.prefix}+${length};`;
  return `${start}=${p}+${size.prefix};${p}=${start}+${length};`;
}

/** What generated code refers to by name: writers and constant bytes. */
class Constants {
  readonly values: Record<string, unknown> = { copy: writeBytes };
  #count = 0;

  #name(value: unknown): string {
    const name = `k${this.#count}`;
    this.#count += 1;
    this.values[name] = value;
    return name;
  }

  /** Statement: writes constant text at `o`. */
  store(text: string): string {
    const bytes = Buffer.from(text);
    if (bytes.length > STORED_BYTES) return `o=copy(out,o,${this.#name(new Uint8Array(bytes))});`;
    return `${[...bytes].map((byte, i) => `out[o+${i}]=${byte};`).join('')}o+=${bytes.length};`;
  }

  /** Statement: writes the value at `p`, of a JSON string the inside, and moves `p` after it. */
  write({ json }: ColumnCodec, size: ValueSize): string {
    const writer = this.#name(json);
    if (size.kind === 'fixed') return `o=${writer}(out,o,b,p,p+${size.bytes});p+=${size.bytes};`;
    return `{const l=${PREFIX[size.prefix]('b', 'p')};p+=${size.prefix};o=${writer}(out,o,b,p,p+l);p+=l;}`;
  }
}

// The caller knows the signature of what it generates.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
function generate<F>(parameters: readonly string[], body: string, constants: Readonly<Record<string, unknown>>): F {
  const names = Object.keys(constants);
  const make = new Function(...names, `'use strict';return function(${parameters.join(',')}){${body}}`) as (
    ...values: unknown[]
  ) => F;
  return make(...names.map((name) => constants[name]));
}

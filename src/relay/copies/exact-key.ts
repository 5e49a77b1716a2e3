import type { Table, WriteText } from '../../binlog/binlog.ts';
import { compileLocate, type LocateValues } from '../../binlog/rows/row-compiler.ts';
import type { ValueForm } from '../tables/value-form.ts';

/**
 * The primary key of a row as a text of its own: two rows have the same if, and only if, the bytes of their keys are
 * the same, whether the row comes out of the binlog or out of a SELECT.
 */
export class ExactKey {
  readonly #locate: LocateValues;
  readonly #ranges: Int32Array;
  readonly #writers: readonly WriteText[];
  /** 1: the text of the value that was written last is one. */
  #isBase64 = 0;

  constructor(table: Table, form: ValueForm) {
    const key = table.primaryKey.map(({ column }) => column);
    const columns = table.columns.map((column) => ({ column, size: form.size(column), codec: undefined }));
    this.#locate = compileLocate(
      columns,
      key.map(({ index }) => index),
    );
    this.#ranges = new Int32Array(key.length * 2);
    // Bytes that are no text are told apart by their base64, and that from a text which looks like it.
    const invalidText = (): void => {
      this.#isBase64 = 1;
    };
    this.#writers = key.map((column) => form.codec(column, { invalidText }).text);
  }

  /** Of the row whose image begins at `p`. */
  read(b: Buffer, p: number): string {
    this.#locate(b, p, this.#ranges);
    let key = '';
    for (let i = 0; i < this.#writers.length; i += 1) {
      this.#isBase64 = 0;
      const text = this.#text(this.#writers[i], b, this.#ranges[2 * i] ?? 0, this.#ranges[2 * i + 1] ?? 0);
      key += `${this.#isBase64}${text.length}:${text}`;
    }
    return key;
  }

  #text(write: WriteText | undefined, b: Buffer, start: number, end: number): string {
    if (write === undefined) return '';
    const length = write(scratch, 0, b, start, end);
    if (length <= scratch.length) return scratch.toString('latin1', 0, length);
    scratch = Buffer.allocUnsafe(length);
    return this.#text(write, b, start, end);
  }
}

let scratch = Buffer.allocUnsafe(8192);

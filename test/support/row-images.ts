/**
 * Row images made by hand, for tests that need no server: INT and VARCHAR columns, any of them left out, values or
 * NULL.
 */
import type { Column } from '../../src/binlog/binlog.ts';
import { TYPE } from '../../src/binlog/wire/column-types.ts';
import { columnCodec, valueSize } from '../../src/binlog/rows/columns.ts';
import type { RowColumn } from '../../src/binlog/rows/row-compiler.ts';

export type Value = number | string | null;

/** utf8mb4_0900_ai_ci. */
const UTF8MB4 = 255;
const MAX_VARCHAR_BYTES = 1200;

export function intColumn(index: number, name: string): Column {
  return {
    index,
    name,
    type: TYPE.LONG,
    meta: 0,
    nullable: true,
    unsigned: false,
    collation: 0,
    labels: [],
    subtype: 0,
  };
}

export function varcharColumn(index: number, name: string, collation = UTF8MB4): Column {
  return {
    index,
    name,
    type: TYPE.VARCHAR,
    meta: MAX_VARCHAR_BYTES,
    nullable: true,
    unsigned: false,
    collation,
    labels: [],
    subtype: 0,
  };
}

export function rowColumn(column: Column, isLeftOut = false): RowColumn {
  return { column, size: valueSize(column), codec: isLeftOut ? undefined : columnCodec(column) };
}

/** The image of a row: a number for an INT column, a text for a VARCHAR. */
export function imageOf(values: readonly Value[]): Buffer {
  const bitmap = Buffer.alloc((values.length + 7) >> 3);
  const parts = values.map((value, i) => {
    if (value === null) {
      bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
      return Buffer.alloc(0);
    }
    if (typeof value === 'number') {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      return bytes;
    }
    const text = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(text.length);
    return Buffer.concat([length, text]);
  });
  return Buffer.concat([bitmap, ...parts]);
}

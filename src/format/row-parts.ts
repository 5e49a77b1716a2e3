/** What the formats of rows share. */
import type { RowColumn } from '../binlog/rows/row-compiler.ts';
import type { Marks } from './format.ts';

/**
 * JSON text is at most this many times the bytes of its row image while these are few: an escape makes six bytes of
 * one.
 */
const MAX_GROWTH = 8;
/** Images above this size are given twice their size; the few rows that need more are written a second time. */
const LARGE_IMAGE_BYTES = 8192;

/** See `room` of TableFormat. */
export function roomOf(columns: readonly RowColumn[]): (imageBytes: number) => number {
  const constantBytes = columns.reduce(
    (sum, { column, codec }) =>
      sum + (codec === undefined ? 0 : Buffer.byteLength(JSON.stringify(column.name)) + 8 + codec.maxBytes),
    16,
  );
  return (imageBytes) =>
    constantBytes + Math.min(imageBytes * MAX_GROWTH, imageBytes * 2 + LARGE_IMAGE_BYTES * (MAX_GROWTH - 2));
}

/** The marks as keys of a body, each after a comma. */
export const markTexts = (marks: Marks): string =>
  Object.entries(marks)
    .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join('');

import type { Column, ColumnCodec, ValueSize } from '../../binlog/binlog.ts';
import { columnCodec, valueSize, type CodecOptions } from '../../binlog/rows/columns.ts';
import { selectedCodec } from '../../binlog/rows/selected.ts';

/** In which form the values of a row stand in its image. */
export interface ValueForm {
  size(column: Column): ValueSize;
  /** Writes the same text in every form. */
  codec(column: Column, options: CodecOptions): ColumnCodec;
}

/** As the binlog has them. */
export const LOGGED: ValueForm = {
  size: valueSize,
  codec: columnCodec,
};

/** As SELECT shows them, each after its length in four bytes; see Chunk. */
export const SELECTED: ValueForm = {
  size: () => ({ kind: 'prefixed', prefix: 4 }),
  codec: selectedCodec,
};

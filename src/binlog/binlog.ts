/**
 * The room that turns bytes of a binlog into what they mean. Pure: no I/O, clock, logger or process.
 *
 * An event is given as `(buffer, start, end)`: the bytes from its 19-byte header to its end, checksum included where
 * the file has one. The buffer belongs to the caller and is valid only during the call: what is kept is copied. Bytes
 * that do not fit the documented layout throw BINLOG_DECODE; they never make a wrong row.
 */

/** Where a file of binlog is read up to: always a transaction boundary when it is kept. */
export interface FilePosition {
  readonly file: string;
  /** Bytes from the start of the file; exact, since a file is far below 2^53 bytes. */
  readonly offset: number;
}

/** One column of a table as its table map describes it (binlog_row_metadata=FULL). */
export interface Column {
  /** 0-based place in the row image. */
  readonly index: number;
  readonly name: string;
  /** enum_field_types of MySQL (include/field_types.h), with ENUM (247) and SET (248) taken out of STRING (254). */
  readonly type: number;
  /** The type's metadata, normalized by table-map.ts: see ColumnMeta there. */
  readonly meta: number;
  readonly nullable: boolean;
  readonly unsigned: boolean;
  /** Collation id of text, ENUM and SET columns; 63 (binary) for BINARY, VARBINARY and BLOB; 0 for all other types. */
  readonly collation: number;
  /** Labels of ENUM and SET in definition order, as bytes in the column's charset; empty for all other types. */
  readonly labels: readonly Buffer[];
  /**
   * Of a GEOMETRY its kind (Field::geometry_type in sql/field.h: 1 POINT … 7 GEOMCOLLECTION), of a VECTOR its
   * dimensions; 0 for all others.
   */
  readonly subtype: number;
  /** The server made it for itself, and no SELECT shows it. */
  readonly isHidden?: true;
}

/** One column of the primary key; `prefix` is the indexed length in characters, 0 for the whole column. */
export interface KeyPart {
  readonly column: Column;
  readonly prefix: number;
}

/** One version of a table: what one table map says. A later DDL makes a new Table. */
export interface Table {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** In key order; empty when the table has no primary key. */
  readonly primaryKey: readonly KeyPart[];
}

/**
 * How the value of one column is read from a row image and written as text.
 *
 * Contract of every writer: writes the text of the value held in `b[p, e)` to `out` from `o` and returns the offset
 * after it. `out` may be too short: bytes beyond its end are lost, nothing throws, and the returned offset is what a
 * long enough `out` would have given, so that the caller grows `out` and writes again.
 */
export type WriteText = (out: Uint8Array, o: number, b: Buffer, p: number, e: number) => number;

/** How many bytes a value takes in a row image. */
export type ValueSize =
  | { readonly kind: 'fixed'; readonly bytes: number }
  /** A little-endian length of `prefix` bytes stands before the value. */
  | { readonly kind: 'prefixed'; readonly prefix: 1 | 2 | 3 | 4 };

export interface ColumnCodec {
  /** MySQL's own text of the value in UTF-8 (binary columns: base64). */
  readonly text: WriteText;
  /**
   * The same text as the inside of a JSON string: `text` escaped. The same function where nothing can need an escape.
   */
  readonly json: WriteText;
  /** The most bytes that `json` writes for a fixed-size value; for a prefixed one, 0. */
  readonly maxBytes: number;
}

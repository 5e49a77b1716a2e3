/**
 * The column types of MySQL and MariaDB as they stand in a table map. Source: enum_field_types in include/field_types.h
 * TINY, MEDIUM and LONG BLOB and all TEXT types are BLOB there; ENUM and SET stand as STRING and are told apart by its
 * metadata.
 */
export const TYPE = {
  DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  TYPED_ARRAY: 20,
  /** COMPRESSED columns of MariaDB. */
  BLOB_COMPRESSED: 140,
  VARCHAR_COMPRESSED: 141,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const;

/** VARCHAR and VARBINARY, compressed or not: a length of one or two bytes, then the value. */
export const isVarchar = (type: number): boolean =>
  type === TYPE.VARCHAR || type === TYPE.VAR_STRING || type === TYPE.VARCHAR_COMPRESSED;

/** The BLOB and TEXT types, compressed or not: a length of one to four bytes, then the value. */
export const isBlob = (type: number): boolean =>
  type === TYPE.BLOB || type === TYPE.BLOB_COMPRESSED || (type >= TYPE.TINY_BLOB && type <= TYPE.LONG_BLOB);

import type { Column } from '../binlog.ts';
import { BINARY_COLLATION } from '../charsets/collations.ts';
import { isBlob, isVarchar, TYPE } from '../wire/column-types.ts';

/** java.sql.Types. */
const SQL = {
  BIT: -7,
  TINYINT: -6,
  BIGINT: -5,
  CHAR: 1,
  DECIMAL: 3,
  INTEGER: 4,
  SMALLINT: 5,
  REAL: 7,
  DOUBLE: 8,
  VARCHAR: 12,
  DATE: 91,
  TIME: 92,
  TIMESTAMP: 93,
  BLOB: 2004,
  CLOB: 2005,
} as const;

/**
 * The `sqlType` of Canal's flat message: java.sql.Types of the text published. Unlike Canal's it does not depend on the
 * value (unsigned integers always have the next wider type), and ENUM and SET are text, since labels are published.
 */
export function sqlTypeOf({ type, unsigned, collation }: Column): number {
  const isBinary = collation === BINARY_COLLATION;
  switch (type) {
    case TYPE.TINY:
      return unsigned ? SQL.SMALLINT : SQL.TINYINT;
    case TYPE.SHORT:
      return unsigned ? SQL.INTEGER : SQL.SMALLINT;
    case TYPE.INT24:
      return SQL.INTEGER;
    case TYPE.LONG:
      return unsigned ? SQL.BIGINT : SQL.INTEGER;
    case TYPE.LONGLONG:
      return unsigned ? SQL.DECIMAL : SQL.BIGINT;
    case TYPE.DECIMAL:
    case TYPE.NEWDECIMAL:
      return SQL.DECIMAL;
    case TYPE.FLOAT:
      return SQL.REAL;
    case TYPE.DOUBLE:
      return SQL.DOUBLE;
    case TYPE.BIT:
      return SQL.BIT;
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return SQL.DATE;
    case TYPE.TIME:
    case TYPE.TIME2:
      return SQL.TIME;
    case TYPE.DATETIME:
    case TYPE.DATETIME2:
    case TYPE.TIMESTAMP:
    case TYPE.TIMESTAMP2:
      return SQL.TIMESTAMP;
    case TYPE.STRING:
      return isBinary ? SQL.BLOB : SQL.CHAR;
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
      return SQL.BLOB;
    default:
      if (isVarchar(type)) return isBinary ? SQL.BLOB : SQL.VARCHAR;
      if (isBlob(type)) return isBinary ? SQL.BLOB : SQL.CLOB;
      // YEAR, JSON, ENUM, SET.
      return SQL.VARCHAR;
  }
}

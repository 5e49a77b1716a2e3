/**
 * Where a column's type decides: which module reads its values, how long they are in a row image, what they are called.
 * Every function here runs once per table version, none per row.
 */
import { RelayError } from '../../base/errors.ts';
import type { TimeZone } from '../../base/time-zone.ts';
import type { Column, ColumnCodec, ValueSize } from '../binlog.ts';
import type { Charset } from '../charsets/charset.ts';
import { charsetOf } from '../charsets/charsets.ts';
import { BINARY_COLLATION, collationOf } from '../charsets/collations.ts';
import { isBlob, isVarchar, TYPE } from '../wire/column-types.ts';
import { binaryCodec, type BinaryText } from '../columns/binary.ts';
import { bitCodec } from '../columns/bit.ts';
import { charsetCodec } from '../columns/charset-text.ts';
import { compressedCodec } from '../columns/compressed.ts';
import { dateCodec, yearCodec } from '../columns/date.ts';
import { datetimeCodec } from '../columns/datetime.ts';
import { decimalBytes, decimalCodec } from '../columns/decimal.ts';
import { enumCodec, setCodec } from '../columns/enum-set.ts';
import { doubleCodec, floatCodec } from '../columns/float.ts';
import { fractionBytes } from '../columns/fraction.ts';
import { integerCodec } from '../columns/integer.ts';
import type { InvalidText } from '../columns/invalid-text.ts';
import { jsonCodec } from '../json/json.ts';
import { oldDatetimeCodec, oldTimeCodec, oldTimestampCodec } from '../columns/old-temporal.ts';
import { textCodec } from '../columns/text.ts';
import { timeCodec } from '../columns/time.ts';
import { timestampCodec } from '../columns/timestamp.ts';

export { foldsAsAscii, isByteEqual } from '../columns/equality.ts';
export { mysqlTypeOf } from '../columns/mysql-type.ts';
export { sqlTypeOf } from '../columns/sql-type.ts';

export interface CodecOptions {
  /** Text of BINARY, VARBINARY, BLOB, GEOMETRY and VECTOR; base64 unless given. */
  readonly binary?: BinaryText;
  /**
   * What to do with CHAR, VARCHAR and TEXT whose bytes are no characters of their charset, and with ENUM and SET whose
   * text is that of another value; the writer throws unless given.
   */
  readonly invalidText?: InvalidText;
  /** Of the text of TIMESTAMP; UTC unless given. */
  readonly timeZone?: TimeZone | undefined;
}

/** Charsets whose bytes are UTF-8 as they stand. For ENUM and SET `binary` is one too if the labels are. */
const UTF8_CHARSETS = new Set(['utf8mb4', 'utf8mb3']);

const fixed = (bytes: number): ValueSize => ({ kind: 'fixed', bytes });

/**
 * How many bytes a value of the column takes in a row image, for every type of MySQL 5.0 to 9.7 and MariaDB 10.11
 * (calc_field_size of libs/mysql/binlog/event/binary_log_funcs.cpp). Throws BINLOG_UNSUPPORTED for any other.
 */
export function valueSize(column: Column): ValueSize {
  const { type, meta } = column;
  switch (type) {
    case TYPE.NULL:
      return fixed(0);
    case TYPE.TINY:
    case TYPE.YEAR:
      return fixed(1);
    case TYPE.SHORT:
      return fixed(2);
    case TYPE.INT24:
    case TYPE.DATE:
    case TYPE.NEWDATE:
    case TYPE.TIME:
      return fixed(3);
    case TYPE.LONG:
    case TYPE.TIMESTAMP:
      return fixed(4);
    case TYPE.LONGLONG:
    case TYPE.DATETIME:
      return fixed(8);
    case TYPE.FLOAT:
    case TYPE.DOUBLE:
    case TYPE.ENUM:
    case TYPE.SET:
      return fixed(meta);
    case TYPE.TIME2:
      return fixed(3 + fractionBytes(meta));
    case TYPE.TIMESTAMP2:
      return fixed(4 + fractionBytes(meta));
    case TYPE.DATETIME2:
      return fixed(5 + fractionBytes(meta));
    case TYPE.BIT:
      return fixed((meta + 7) >> 3);
    case TYPE.NEWDECIMAL:
      return fixed(decimalBytes(meta >> 8, meta & 0xff));
    case TYPE.STRING:
      return stringSize(meta);
    case TYPE.JSON:
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
      return blobSize(column);
    default:
      if (isVarchar(type)) return stringSize(meta);
      if (isBlob(type)) return blobSize(column);
      throw unsupported(column, `type ${type}`, 'ALTER TABLE to a type of MySQL 8.0 or later.');
  }
}

const stringSize = (maxBytes: number): ValueSize => ({ kind: 'prefixed', prefix: maxBytes > 255 ? 2 : 1 });

function blobSize({ name, meta }: Column): ValueSize {
  if (meta === 1 || meta === 2 || meta === 3 || meta === 4) return { kind: 'prefixed', prefix: meta };
  throw new RelayError('BINLOG_DECODE', `column ${name}: expected a length of 1 to 4 bytes, not ${meta}`);
}

/**
 * Throws BINLOG_UNSUPPORTED, naming column and type or charset, for what is not written exactly:
 * collations that MySQL 9.7 does not have, types of no MySQL since 5.0. Its text writers throw the same
 * for bytes that are no characters of the column's charset.
 */
export function columnCodec(column: Column, options: CodecOptions = {}): ColumnCodec {
  const { name, type, meta, unsigned } = column;
  switch (type) {
    case TYPE.TINY:
      return integerCodec(1, unsigned);
    case TYPE.SHORT:
      return integerCodec(2, unsigned);
    case TYPE.INT24:
      return integerCodec(3, unsigned);
    case TYPE.LONG:
      return integerCodec(4, unsigned);
    case TYPE.LONGLONG:
      return integerCodec(8, unsigned);
    case TYPE.NEWDECIMAL:
      return decimalCodec(name, meta >> 8, meta & 0xff);
    case TYPE.FLOAT:
      return floatCodec(name);
    case TYPE.DOUBLE:
      return doubleCodec(name);
    case TYPE.BIT:
      return bitCodec(meta);
    case TYPE.YEAR:
      return yearCodec();
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return dateCodec(name);
    case TYPE.TIME2:
      return timeCodec(name, meta);
    case TYPE.DATETIME2:
      return datetimeCodec(name, meta);
    case TYPE.TIMESTAMP2:
      return timestampCodec(name, meta, options.timeZone);
    case TYPE.ENUM:
    case TYPE.SET:
      if (column.collation !== BINARY_COLLATION) requireCharset(column);
      return (type === TYPE.ENUM ? enumCodec : setCodec)(column, options.invalidText ?? 'fail');
    case TYPE.STRING:
      return stringCodec(column, meta, options);
    case TYPE.BLOB_COMPRESSED:
      return compressedCodec(name, columnCodec({ ...column, type: TYPE.BLOB }, options));
    case TYPE.VARCHAR_COMPRESSED:
      return compressedCodec(name, columnCodec({ ...column, type: TYPE.VARCHAR }, options));
    case TYPE.JSON:
      return jsonCodec(name);
    // As the bytes that MySQL keeps, which it takes back as they are: the SRID in four bytes and WKB; floats in four
    // bytes each. Its own texts lose: WKT the SRID, VECTOR_TO_STRING all but six digits, and STRING_TO_VECTOR refuses
    // subnormal numbers.
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
      return binaryCodec(name, 0, options.binary ?? 'base64');
    case TYPE.TIME:
      return oldTimeCodec(name);
    case TYPE.DATETIME:
      return oldDatetimeCodec(name);
    case TYPE.TIMESTAMP:
      return oldTimestampCodec(options.timeZone);
    default:
      if (isVarchar(type) || isBlob(type)) return stringCodec(column, 0, options);
      throw unsupported(column, `type ${type}`, 'Exclude the column or the table.');
  }
}

/** `paddedBytes`: the length of a BINARY, whose values are padded to it; else 0. */
function stringCodec(column: Column, paddedBytes: number, { binary, invalidText }: CodecOptions): ColumnCodec {
  if (column.collation === BINARY_COLLATION) return binaryCodec(column.name, paddedBytes, binary ?? 'base64');
  return characterCodec(column, invalidText ?? 'fail');
}

function characterCodec(column: Column, invalidText: InvalidText): ColumnCodec {
  const charset = requireCharset(column);
  return charset === undefined ? textCodec(column.name, invalidText) : charsetCodec(column.name, charset, invalidText);
}

/** Undefined where the bytes are UTF-8. */
function requireCharset(column: Column): Charset | undefined {
  const collation = collationOf(column.collation);
  if (collation !== undefined && UTF8_CHARSETS.has(collation.charset)) return undefined;
  const charset = collation && charsetOf(collation.charset);
  if (charset !== undefined) return charset;
  throw unsupported(
    column,
    `collation ${column.collation}`,
    'ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4, and start from a position after it; or exclude the column or the table.',
  );
}

function unsupported(column: Column, what: string, remedy: string): RelayError {
  return new RelayError('BINLOG_UNSUPPORTED', `column ${column.name} has ${what}, which is not written exactly yet`, {
    details: { column: column.name, type: column.type, collation: column.collation },
    remedy,
  });
}

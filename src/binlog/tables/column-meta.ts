/**
 * What a table map says of a column's type. Source: Table_map_event in libs/mysql/binlog/event/rows_event.h,
 * read_field_metadata in libs/mysql/binlog/event/binary_log_funcs.cpp
 */
import { RelayError } from '../../base/errors.ts';
import { isBlob, isVarchar, TYPE } from '../wire/column-types.ts';
import type { Cursor } from '../wire/cursor.ts';

/**
 * A type and its metadata, normalized:
 *
 * | type | meta |
 * | --- | --- |
 * | VARCHAR, VAR_STRING, VARCHAR_COMPRESSED | most bytes of a value, 0 to 65535; compressed: and one |
 * | STRING | most bytes of a value, 0 to 1023 |
 * | ENUM, SET | bytes of the number that stands for the value |
 * | BLOB family, BLOB_COMPRESSED, JSON, GEOMETRY, VECTOR | bytes of the length before the value, 1 to 4 |
 * | NEWDECIMAL | precision << 8 | scale |
 * | BIT | bits |
 * | TIME2, DATETIME2, TIMESTAMP2 | digits of the fraction |
 * | FLOAT, DOUBLE | bytes |
 * | all others | 0 |
 */
export interface ColumnMeta {
  /** The type of the table map, but ENUM and SET where it says STRING for them. */
  readonly type: number;
  readonly meta: number;
}

/** Reads the metadata of one column of wire type `type`. Throws BINLOG_DECODE, BINLOG_UNSUPPORTED. */
export function readColumnMeta(type: number, cursor: Cursor): ColumnMeta {
  if (isVarchar(type)) return { type, meta: cursor.u16('the length of a VARCHAR') };
  if (isBlob(type)) return { type, meta: blobLengthBytes(cursor) };
  switch (type) {
    case TYPE.STRING:
      return readPackedString(cursor);
    case TYPE.JSON:
    case TYPE.GEOMETRY:
    case TYPE.VECTOR:
      return { type, meta: blobLengthBytes(cursor) };
    case TYPE.NEWDECIMAL: {
      const precision = within(cursor, 1, 65, 'the precision of a DECIMAL');
      return { type, meta: (precision << 8) | within(cursor, 0, Math.min(precision, 30), 'the scale of a DECIMAL') };
    }
    case TYPE.BIT: {
      const rest = within(cursor, 0, 7, 'the odd bits of a BIT');
      return { type, meta: within(cursor, 0, 8, 'the bytes of a BIT') * 8 + rest };
    }
    case TYPE.TIMESTAMP2:
    case TYPE.DATETIME2:
    case TYPE.TIME2:
      return { type, meta: within(cursor, 0, 6, 'the fraction digits of a time') };
    case TYPE.FLOAT:
      return { type, meta: within(cursor, 4, 4, 'the size of a FLOAT') };
    case TYPE.DOUBLE:
      return { type, meta: within(cursor, 8, 8, 'the size of a DOUBLE') };
    default:
      if (isWithoutMeta(type)) return { type, meta: 0 };
      throw new RelayError(
        'BINLOG_UNSUPPORTED',
        `TABLE_MAP: a column of type ${type}, which this version does not know`,
        {
          details: { type },
        },
      );
  }
}

/** Integers, dates, YEAR, and the types of before MySQL 5.6. */
function isWithoutMeta(type: number): boolean {
  return type <= TYPE.NEWDATE;
}

/**
 * Two bytes: the real type, and a size. A STRING longer than 255 bytes has bits 8 and 9 of its size, inverted, in bits
 * 4 and 5 of the type.
 */
function readPackedString(cursor: Cursor): ColumnMeta {
  const packed = cursor.u8('the real type of a STRING');
  const type = packed | 0x30;
  const size = cursor.u8('the size of a STRING') | ((~packed & 0x30) << 4);
  if (type === TYPE.STRING) return { type, meta: size };
  if ((type === TYPE.ENUM && (size === 1 || size === 2)) || (type === TYPE.SET && size >= 1 && size <= 8))
    return { type, meta: size };
  return cursor.fail('STRING, ENUM or SET');
}

const blobLengthBytes = (cursor: Cursor): number => within(cursor, 1, 4, 'the length bytes of a BLOB');

function within(cursor: Cursor, low: number, high: number, field: string): number {
  const value = cursor.u8(field);
  return value >= low && value <= high ? value : cursor.fail(`${field} from ${low} to ${high}`);
}

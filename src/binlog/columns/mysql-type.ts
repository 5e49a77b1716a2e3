import type { Column } from '../binlog.ts';
import { BINARY_COLLATION, collationOf } from '../charsets/collations.ts';
import { isBlob, isVarchar, TYPE } from '../wire/column-types.ts';
import { labelTexts } from './label-text.ts';

/** By subtype; 0 is any kind. */
const GEOMETRIES = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geomcollection',
];
const BLOB_SIZES: Readonly<Record<number, string>> = { 1: 'tiny', 2: '', 3: 'medium', 4: 'long' };

/**
 * The declared type, rebuilt from the table map and spelled as in information_schema.columns. What a table map does not
 * tell is missing: display width and ZEROFILL, (M,D) of FLOAT and DOUBLE.
 */
export function mysqlTypeOf(column: Column): string {
  const { type, meta, subtype } = column;
  switch (type) {
    case TYPE.TINY:
      return number(column, 'tinyint');
    case TYPE.SHORT:
      return number(column, 'smallint');
    case TYPE.INT24:
      return number(column, 'mediumint');
    case TYPE.LONG:
      return number(column, 'int');
    case TYPE.LONGLONG:
      return number(column, 'bigint');
    case TYPE.FLOAT:
      return number(column, 'float');
    case TYPE.DOUBLE:
      return number(column, 'double');
    case TYPE.DECIMAL:
      return number(column, 'decimal');
    case TYPE.NEWDECIMAL:
      return number(column, `decimal(${meta >> 8},${meta & 0xff})`);
    case TYPE.BIT:
      return `bit(${meta})`;
    case TYPE.YEAR:
      return 'year';
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return 'date';
    case TYPE.TIME:
    case TYPE.TIME2:
      return withDigits('time', meta);
    case TYPE.DATETIME:
    case TYPE.DATETIME2:
      return withDigits('datetime', meta);
    case TYPE.TIMESTAMP:
    case TYPE.TIMESTAMP2:
      return withDigits('timestamp', meta);
    case TYPE.STRING:
      return isBinary(column) ? `binary(${meta})` : `char(${characters(column)})`;
    // One byte of its length tells how it is compressed.
    case TYPE.VARCHAR_COMPRESSED:
      return mysqlTypeOf({ ...column, type: TYPE.VARCHAR, meta: meta - 1 });
    case TYPE.ENUM:
      return `enum(${quoted(column)})`;
    case TYPE.SET:
      return `set(${quoted(column)})`;
    case TYPE.JSON:
      return 'json';
    case TYPE.GEOMETRY:
      return GEOMETRIES[subtype] ?? 'geometry';
    case TYPE.VECTOR:
      return subtype === 0 ? 'vector' : `vector(${subtype})`;
    default:
      if (isVarchar(type)) return isBinary(column) ? `varbinary(${meta})` : `varchar(${characters(column)})`;
      if (isBlob(type)) return `${BLOB_SIZES[meta] ?? ''}${isBinary(column) ? 'blob' : 'text'}`;
      return 'unknown';
  }
}

const isBinary = (column: Column): boolean => column.collation === BINARY_COLLATION;
const number = ({ unsigned }: Column, name: string): string => (unsigned ? `${name} unsigned` : name);
const withDigits = (name: string, digits: number): string => (digits === 0 ? name : `${name}(${digits})`);

/** The declared length: the table map gives bytes. */
const characters = ({ meta, collation }: Column): number => Math.floor(meta / (collationOf(collation)?.maxBytes ?? 1));

/** As append_unescaped of sql/sql_show.cc prints a label. */
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\0': '\\0', "'": "''", '\n': '\\n', '\r': '\\r' };

const quoted = (column: Column): string =>
  labelTexts(column)
    .map((text, i) => text ?? column.labels[i]?.toString('utf8') ?? '')
    .map((text) => `'${text.replace(/[\\\0'\n\r]/g, (character) => ESCAPED[character] ?? character)}'`)
    .join(',');

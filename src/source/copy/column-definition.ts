/** One column of information_schema as its table map describes it. */
import { RelayError } from '../../base/errors.ts';
import type { Column } from '../../binlog/binlog.ts';
import { BINARY_COLLATION } from '../../binlog/charsets/collations.ts';
import { unknownCharset } from '../../binlog/tables/table-map.ts';
import { TYPE } from '../../binlog/wire/column-types.ts';
import { ADDRESS_BYTES } from '../../mysql/key-range.ts';
import { numberOf, textOf, type Row } from '../rows.ts';
import { isAtLeast, type ServerVersion } from '../server-version.ts';

interface Wire {
  readonly type: number;
  readonly meta: number;
  readonly collation: number;
  readonly subtype: number;
}

const NUMBERS: Readonly<Record<string, number>> = {
  tinyint: TYPE.TINY,
  smallint: TYPE.SHORT,
  mediumint: TYPE.INT24,
  int: TYPE.LONG,
  bigint: TYPE.LONGLONG,
  decimal: TYPE.NEWDECIMAL,
  float: TYPE.FLOAT,
  double: TYPE.DOUBLE,
};
/** Bytes of the length before the value. */
const BLOBS: Readonly<Record<string, number>> = { tiny: 1, '': 2, medium: 3, long: 4 };
/** By the subtype of their column. */
const GEOMETRIES = [
  ['geometry'],
  ['point'],
  ['linestring'],
  ['polygon'],
  ['multipoint'],
  ['multilinestring'],
  ['multipolygon'],
  ['geomcollection', 'geometrycollection'],
];
/** 8.0.12 is known to be without. */
const FIRST_WITH_LABEL_CHARSET = [8, 0, 13] as const;
const TEMPORALS: Readonly<Record<string, readonly [now: number, old: number]>> = {
  time: [TYPE.TIME2, TYPE.TIME],
  datetime: [TYPE.DATETIME2, TYPE.DATETIME],
  timestamp: [TYPE.TIMESTAMP2, TYPE.TIMESTAMP],
};

/** `row`: one of askColumns. Throws BINLOG_UNSUPPORTED for a type that no table map names. */
export function columnOf(version: ServerVersion, row: Row, index: number, labels: readonly Buffer[]): Column {
  const dataType = textOf(row, 'data_type');
  const declared = textOf(row, 'column_type');
  const wire = wireOf(version, row, dataType, declared, labels);
  if (wire === undefined) {
    const name = textOf(row, 'col');
    throw new RelayError('BINLOG_UNSUPPORTED', `the column ${name} is of type ${declared}, which is not known`, {
      details: { column: name, type: declared },
    });
  }
  return {
    index,
    name: textOf(row, 'col'),
    nullable: row['nullable'] === 'YES',
    unsigned: dataType in NUMBERS && declared.includes('unsigned'),
    labels,
    ...wire,
  };
}

function wireOf(
  version: ServerVersion,
  row: Row,
  dataType: string,
  declared: string,
  labels: readonly Buffer[],
): Wire | undefined {
  // Binary text has none in information_schema.
  const collation = row['collation_id'] === null ? BINARY_COLLATION : numberOf(row, 'collation_id');
  const plain = (type: number, meta = 0, subtype = 0): Wire => ({ type, meta, collation: 0, subtype });
  const text = (type: number, meta: number): Wire => ({ type, meta, collation, subtype: 0 });
  const isCompressed = /\/\*M?!\d* COMPRESSED\*\//.test(declared);

  const number = NUMBERS[dataType];
  if (number !== undefined) return plain(number, numberMeta(row, number));
  const temporal = TEMPORALS[dataType];
  if (temporal !== undefined) {
    const [now, old] = temporal;
    // So MariaDB shows a column made with mysql56_temporal_format=OFF.
    return declared.includes('/* mariadb-5.3 */') ? plain(old) : plain(now, numberOf(row, 'fraction'));
  }
  const blob = BLOBS[/^(.*)(?:blob|text)$/.exec(dataType)?.[1] ?? 'none'];
  if (blob !== undefined) return text(isCompressed ? TYPE.BLOB_COMPRESSED : TYPE.BLOB, blob);
  const geometry = GEOMETRIES.findIndex((names) => names.includes(dataType));
  if (geometry >= 0) return plain(TYPE.GEOMETRY, 4, geometry);
  const fixed = ADDRESS_BYTES[dataType];
  if (fixed !== undefined) return { ...plain(TYPE.STRING, fixed), collation: BINARY_COLLATION };

  switch (dataType) {
    case 'year':
      return plain(TYPE.YEAR);
    case 'date':
      return plain(TYPE.DATE);
    case 'bit':
      return plain(TYPE.BIT, numberOf(row, 'prec'));
    case 'json':
      return plain(TYPE.JSON, 4);
    case 'char':
    case 'binary':
      return text(TYPE.STRING, numberOf(row, 'bytes'));
    case 'varchar':
    case 'varbinary':
      // One byte tells how it is compressed.
      return isCompressed
        ? text(TYPE.VARCHAR_COMPRESSED, numberOf(row, 'bytes') + 1)
        : text(TYPE.VARCHAR, numberOf(row, 'bytes'));
    case 'enum':
      return { ...plain(TYPE.ENUM, labels.length < 256 ? 1 : 2), collation: logged(version, collation, labels) };
    case 'set':
      return {
        ...plain(TYPE.SET, labels.length > 32 ? 8 : (labels.length + 7) >> 3),
        collation: logged(version, collation, labels),
      };
    case 'vector':
      // To MariaDB's binlog it is VARBINARY.
      return version.flavour === 'mariadb'
        ? text(TYPE.VARCHAR, numberOf(row, 'bytes'))
        : plain(TYPE.VECTOR, 4, Number(/\((\d+)\)/.exec(declared)?.[1] ?? 0));
    default:
      return undefined;
  }
}

/** The table maps of early versions do not tell the charset of labels: see unknownCharset. */
function logged(version: ServerVersion, collation: number, labels: readonly Buffer[]): number {
  return isAtLeast(version, FIRST_WITH_LABEL_CHARSET) ? collation : unknownCharset(labels);
}

function numberMeta(row: Row, type: number): number {
  if (type === TYPE.NEWDECIMAL) return (numberOf(row, 'prec') << 8) | numberOf(row, 'scale');
  if (type === TYPE.FLOAT) return 4;
  return type === TYPE.DOUBLE ? 8 : 0;
}

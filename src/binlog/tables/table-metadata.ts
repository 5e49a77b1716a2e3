/**
 * The optional metadata at the end of a table map (binlog_row_metadata=FULL). Source:
 * Table_map_event::Optional_metadata_fields in libs/mysql/binlog/event/rows_event.h; what the server writes:
 * Table_map_log_event::init_metadata_fields in sql/log_event.cc
 *
 *   fields of: type 1 | size, packed | value
 *   1 SIGNEDNESS: one bit per number column, high bit first, 1 = unsigned
 *   2 DEFAULT_CHARSET: collation, then pairs (n, collation) for the n-th text columns that differ; 3 COLUMN_CHARSET: one collation per text column
 *   4 COLUMN_NAME: size and bytes per column; 5, 6 SET and ENUM labels: per column their count, then size and bytes each
 *   7 GEOMETRY_TYPE: one number per GEOMETRY column; 8 SIMPLE_PRIMARY_KEY: column indexes; 9 PRIMARY_KEY_WITH_PREFIX: pairs (index, characters, 0 = whole)
 *   10, 11: like 2 and 3 for the ENUM and SET columns; 12 COLUMN_VISIBILITY; 13 VECTOR_DIMENSIONALITY: one number per VECTOR column
 *
 * All integers are packed. Lists leave out the columns of other kinds: which kinds count is told in table-map.ts.
 */
import type { Cursor } from '../wire/cursor.ts';

/** Collations of a list of columns: of each, or one for all with exceptions. */
export type Charsets =
  | { readonly kind: 'each'; readonly collations: readonly number[] }
  | { readonly kind: 'default'; readonly collation: number; readonly others: ReadonlyMap<number, number> };

export interface KeyPartMetadata {
  readonly index: number;
  readonly prefix: number;
}

export interface TableMetadata {
  /** The bits as they stand. */
  signedness: Buffer | undefined;
  textCharsets: Charsets | undefined;
  labelCharsets: Charsets | undefined;
  names: readonly string[] | undefined;
  setLabels: readonly (readonly Buffer[])[];
  enumLabels: readonly (readonly Buffer[])[];
  geometryTypes: readonly number[];
  vectorDimensions: readonly number[];
  primaryKey: readonly KeyPartMetadata[];
}

const FIELD = {
  SIGNEDNESS: 1,
  DEFAULT_CHARSET: 2,
  COLUMN_CHARSET: 3,
  COLUMN_NAME: 4,
  SET_STR_VALUE: 5,
  ENUM_STR_VALUE: 6,
  GEOMETRY_TYPE: 7,
  SIMPLE_PRIMARY_KEY: 8,
  PRIMARY_KEY_WITH_PREFIX: 9,
  ENUM_AND_SET_DEFAULT_CHARSET: 10,
  ENUM_AND_SET_COLUMN_CHARSET: 11,
  VECTOR_DIMENSIONALITY: 13,
} as const;

/**
 * Reads all fields up to the end of the event; those that say nothing about the values (12 and newer ones) are passed
 * over.
 */
export function readTableMetadata(cursor: Cursor): TableMetadata {
  const metadata: TableMetadata = {
    signedness: undefined,
    textCharsets: undefined,
    labelCharsets: undefined,
    names: undefined,
    setLabels: [],
    enumLabels: [],
    geometryTypes: [],
    vectorDimensions: [],
    primaryKey: [],
  };
  while (cursor.left > 0) {
    const type = cursor.u8('the type of optional metadata');
    const field = cursor.part(
      cursor.packed('the size of optional metadata'),
      `optional metadata ${type} of the given size`,
    );
    readField(type, field, metadata);
  }
  return metadata;
}

function readField(type: number, field: Cursor, into: TableMetadata): void {
  switch (type) {
    case FIELD.SIGNEDNESS:
      into.signedness = field.view(field.left, 'signedness bits');
      break;
    case FIELD.DEFAULT_CHARSET:
      into.textCharsets = readDefaultCharset(field);
      break;
    case FIELD.COLUMN_CHARSET:
      into.textCharsets = { kind: 'each', collations: list(field, () => field.packed('a collation')) };
      break;
    case FIELD.COLUMN_NAME:
      into.names = list(field, () => field.utf8(field.packed('the length of a column name'), 'a column name'));
      break;
    case FIELD.SET_STR_VALUE:
      into.setLabels = list(field, () => readLabels(field));
      break;
    case FIELD.ENUM_STR_VALUE:
      into.enumLabels = list(field, () => readLabels(field));
      break;
    case FIELD.GEOMETRY_TYPE:
      into.geometryTypes = list(field, () => field.packed('a geometry type'));
      break;
    case FIELD.VECTOR_DIMENSIONALITY:
      into.vectorDimensions = list(field, () => field.packed('the dimensions of a vector'));
      break;
    case FIELD.SIMPLE_PRIMARY_KEY:
      into.primaryKey = list(field, () => ({ index: field.packed('a key column'), prefix: 0 }));
      break;
    case FIELD.PRIMARY_KEY_WITH_PREFIX:
      into.primaryKey = list(field, () => ({
        index: field.packed('a key column'),
        prefix: field.packed('a key prefix'),
      }));
      break;
    case FIELD.ENUM_AND_SET_DEFAULT_CHARSET:
      into.labelCharsets = readDefaultCharset(field);
      break;
    case FIELD.ENUM_AND_SET_COLUMN_CHARSET:
      into.labelCharsets = { kind: 'each', collations: list(field, () => field.packed('a collation')) };
      break;
    default:
      break;
  }
}

function readDefaultCharset(field: Cursor): Charsets {
  const collation = field.packed('a default collation');
  const others = new Map(list(field, () => [field.packed('a text column'), field.packed('a collation')] as const));
  return { kind: 'default', collation, others };
}

/** Copied: the event's buffer is valid during the call only. */
function readLabels(field: Cursor): Buffer[] {
  const labels: Buffer[] = [];
  const count = field.packed('the number of labels');
  for (let i = 0; i < count; i++) {
    const size = field.packed('the length of a label');
    labels.push(Buffer.from(field.view(size, 'a label')));
  }
  return labels;
}

function list<Item>(field: Cursor, item: () => Item): Item[] {
  const items: Item[] = [];
  while (field.left > 0) items.push(item());
  return items;
}

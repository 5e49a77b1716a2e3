/**
 * TABLE_MAP: names a table and its columns for the rows events after it. Source: Table_map_event in
 * libs/mysql/binlog/event/rows_event.h and .cpp
 *
 *   table id 6 | flags 2 | length 1, database, 0 | length 1, table, 0 | number of columns, packed | types, 1 each |
 *   size, packed, and type metadata, see column-meta.ts | nullable, one bit each, low bit first | optional metadata, see table-metadata.ts
 */
import { RelayError } from '../../base/errors.ts';
import type { Column, KeyPart, Table } from '../binlog.ts';
import { readColumnMeta } from './column-meta.ts';
import { isBlob, isVarchar, TYPE } from '../wire/column-types.ts';
import { Cursor } from '../wire/cursor.ts';
import { HEADER_BYTES } from '../wire/event-header.ts';
import { isMariadbVersion } from '../events/format-description.ts';
import { hashColumnCount, requireMariadbTable } from './mariadb-table.ts';
import { unsignedColumns } from './signedness.ts';
import { type Charsets, readTableMetadata, type TableMetadata } from './table-metadata.ts';

const NAME = 'TABLE_MAP';
const MAX_COLUMNS = 4096;
/**
 * Columns with an entry in the charset lists: text, and binary text as collation 63. VECTOR counts, JSON does not,
 * GEOMETRY only in MariaDB.
 */
const hasCharsetEntry = (type: number): boolean =>
  type === TYPE.STRING || type === TYPE.VECTOR || isVarchar(type) || isBlob(type);
/** ascii_general_ci. */
const ASCII = 11;

export interface TableMapName {
  readonly tableId: number;
  readonly database: string;
  readonly name: string;
}

/**
 * The cheap first step: enough to leave an excluded table alone. `end`: after the body, without the checksum. Throws
 * BINLOG_DECODE.
 */
export function readTableMapName(b: Buffer, start: number, end: number): TableMapName {
  return readNames(new Cursor(NAME, b, start, start + HEADER_BYTES, end));
}

/**
 * The whole table. `end`: after the body, without the checksum. `writerVersion`: FormatDescription.versionNumber of the
 * file. Throws BINLOG_DECODE, BINLOG_UNSUPPORTED, ROW_METADATA_NOT_FULL.
 */
export function readTableMap(b: Buffer, start: number, end: number, writerVersion: number): Table {
  const cursor = new Cursor(NAME, b, start, start + HEADER_BYTES, end);
  const { database, name } = readNames(cursor);
  const count = cursor.packed('the number of columns');
  if (count === 0 || count > MAX_COLUMNS) cursor.fail(`1 to ${MAX_COLUMNS} columns`);
  const wireTypes = cursor.view(count, 'the types of the columns');
  const metaField = cursor.part(cursor.packed('the size of the type metadata'), 'type metadata of the given size');
  const metas = Array.from(wireTypes, (type) => readColumnMeta(type, metaField));
  if (metaField.left > 0) metaField.fail('the end of the type metadata');
  const nullable = cursor.view((count + 7) >> 3, 'the nullable bits');
  const metadata = readTableMetadata(cursor);

  const types = metas.map(({ type }) => type);
  const names = columnNames(metadata, count, database, name, cursor);
  const unsigned = unsignedColumns(types, metadata.signedness, writerVersion);
  const labels = columnLabels(types, metadata, cursor);
  const isMariadb = isMariadbVersion(writerVersion);
  const collations = columnCollations(types, labels, metadata, cursor, isMariadb);
  const subtypes = columnSubtypes(types, metadata);
  const read = metas.map(({ type, meta }, index): Column => {
    return {
      index,
      name: names[index] ?? '',
      type,
      meta,
      nullable: (((nullable[index >> 3] ?? 0) >> (index & 7)) & 1) === 1,
      unsigned: unsigned[index] ?? false,
      collation: collations[index] ?? 0,
      labels: labels[index] ?? [],
      subtype: subtypes[index] ?? 0,
    };
  });
  const shown = count - (isMariadb ? hashColumnCount(read) : 0);
  const columns = read.map((column, index) => (index < shown ? column : { ...column, isHidden: true as const }));
  const table = { database, name, columns, primaryKey: keyParts(columns, metadata, cursor) };
  if (isMariadb) requireMariadbTable(table);
  return table;
}

function readNames(cursor: Cursor): TableMapName {
  const tableId = cursor.u48('a table id');
  cursor.skip(2, 'flags');
  return { tableId, database: readName(cursor, 'a database name'), name: readName(cursor, 'a table name') };
}

function readName(cursor: Cursor, field: string): string {
  const name = cursor.utf8(cursor.packed(field), field);
  if (cursor.u8(field) !== 0) cursor.fail(`a zero after ${field}`);
  return name;
}

function columnNames(
  metadata: TableMetadata,
  count: number,
  database: string,
  name: string,
  cursor: Cursor,
): readonly string[] {
  if (metadata.names === undefined) {
    throw new RelayError('ROW_METADATA_NOT_FULL', `TABLE_MAP of ${database}.${name}: it has no column names`, {
      details: { database, table: name },
    });
  }
  if (metadata.names.length !== count) cursor.fail(`${count} column names, not ${metadata.names.length}`);
  return metadata.names;
}

/** The labels of each column; empty for all but ENUM and SET. */
function columnLabels(types: readonly number[], metadata: TableMetadata, cursor: Cursor): (readonly Buffer[])[] {
  const enums = metadata.enumLabels.values();
  const sets = metadata.setLabels.values();
  const labels = types.map((type) => {
    if (type !== TYPE.ENUM && type !== TYPE.SET) return [];
    const next = (type === TYPE.ENUM ? enums : sets).next();
    return next.done === true ? cursor.fail('the labels of every ENUM and SET') : next.value;
  });
  if (enums.next().done !== true || sets.next().done !== true) cursor.fail('labels of ENUM and SET columns only');
  return labels;
}

/** Kinds of GEOMETRY and dimensions of VECTOR columns; 0 for all others, and where the server does not tell. */
function columnSubtypes(types: readonly number[], { geometryTypes, vectorDimensions }: TableMetadata): number[] {
  const geometries = geometryTypes.values();
  const vectors = vectorDimensions.values();
  return types.map((type) => {
    if (type !== TYPE.GEOMETRY && type !== TYPE.VECTOR) return 0;
    const next = (type === TYPE.GEOMETRY ? geometries : vectors).next();
    return next.done === true ? 0 : next.value;
  });
}

function columnCollations(
  types: readonly number[],
  labels: readonly (readonly Buffer[])[],
  metadata: TableMetadata,
  cursor: Cursor,
  isMariadb: boolean,
): readonly number[] {
  const text = collationReader(metadata.textCharsets, cursor);
  const label = metadata.labelCharsets && collationReader(metadata.labelCharsets, cursor);
  const collations = types.map((type, index) => {
    if (type === TYPE.ENUM || type === TYPE.SET) return label ? label.next() : unknownCharset(labels[index] ?? []);
    if (!hasCharsetEntry(type) && !(isMariadb && type === TYPE.GEOMETRY)) return 0;
    const collation = text.next();
    return type === TYPE.VECTOR || type === TYPE.GEOMETRY ? 0 : collation;
  });
  text.end();
  label?.end();
  return collations;
}

/** Collations in the order of the columns that have one. */
function collationReader(charsets: Charsets | undefined, cursor: Cursor): { next: () => number; end: () => void } {
  let n = 0;
  const next = (): number => {
    const own = charsets?.kind === 'each' ? charsets.collations[n] : (charsets?.others.get(n) ?? charsets?.collation);
    n++;
    return own ?? cursor.fail('a collation of every text column');
  };
  const end = (): void => {
    const isFit = charsets?.kind !== 'each' || charsets.collations.length === n;
    if (!isFit) cursor.fail('collations of text columns only');
  };
  return { next, end };
}

/**
 * Early versions of MySQL 8.0 (8.0.12 among them) do not log the charset of ENUM and SET. Labels of printable ASCII are
 * the same text in every charset that such a column is given in practice; others cannot be read exactly.
 */
export function unknownCharset(labels: readonly Buffer[]): number {
  if (labels.every((label) => label.every((byte) => byte >= 0x20 && byte < 0x7f))) return ASCII;
  throw new RelayError(
    'BINLOG_UNSUPPORTED',
    'TABLE_MAP: labels of an ENUM or SET are not ASCII, and this MySQL version does not log their charset',
    {
      remedy: 'Upgrade the MySQL server to the newest 8.0 or later, or exclude the table.',
    },
  );
}

function keyParts(columns: readonly Column[], metadata: TableMetadata, cursor: Cursor): KeyPart[] {
  return metadata.primaryKey.map(({ index, prefix }) => {
    const column = columns[index] ?? cursor.fail('a key column of the table');
    return { column, prefix };
  });
}

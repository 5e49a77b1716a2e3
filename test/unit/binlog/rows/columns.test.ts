import { describe, expect, test } from 'vitest';
import type { Column } from '../../../../src/binlog/binlog.ts';
import { TYPE } from '../../../../src/binlog/wire/column-types.ts';
import {
  columnCodec,
  foldsAsAscii,
  isByteEqual,
  mysqlTypeOf,
  sqlTypeOf,
  valueSize,
} from '../../../../src/binlog/rows/columns.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { codeOf } from '../../../support/binlog-fixture.ts';
import { columnOf, textOf } from '../../../support/columns.ts';

const UTF8MB4 = 255;
const UTF8MB4_BIN = 46;
const LATIN1 = 8;
const BINARY = 63;
const labels = ["it's", 'a\\b', 'c\nd'].map((label) => Buffer.from(label));

interface Case {
  readonly column: Column;
  readonly size: number | 'prefix 1' | 'prefix 2' | 'prefix 3' | 'prefix 4';
  readonly sqlType: number;
  readonly mysqlType: string;
}

const of = (type: number, rest: Partial<Column>, size: Case['size'], sqlType: number, mysqlType: string): Case => ({
  column: columnOf(type, rest),
  size,
  sqlType,
  mysqlType,
});

const PUBLISHED: readonly Case[] = [
  of(TYPE.TINY, {}, 1, -6, 'tinyint'),
  of(TYPE.TINY, { unsigned: true }, 1, 5, 'tinyint unsigned'),
  of(TYPE.SHORT, {}, 2, 5, 'smallint'),
  of(TYPE.SHORT, { unsigned: true }, 2, 4, 'smallint unsigned'),
  of(TYPE.INT24, {}, 3, 4, 'mediumint'),
  of(TYPE.INT24, { unsigned: true }, 3, 4, 'mediumint unsigned'),
  of(TYPE.LONG, {}, 4, 4, 'int'),
  of(TYPE.LONG, { unsigned: true }, 4, -5, 'int unsigned'),
  of(TYPE.LONGLONG, {}, 8, -5, 'bigint'),
  of(TYPE.LONGLONG, { unsigned: true }, 8, 3, 'bigint unsigned'),
  of(TYPE.NEWDECIMAL, { meta: (12 << 8) | 2 }, 6, 3, 'decimal(12,2)'),
  of(TYPE.NEWDECIMAL, { meta: (65 << 8) | 30, unsigned: true }, 30, 3, 'decimal(65,30) unsigned'),
  of(TYPE.FLOAT, { meta: 4 }, 4, 7, 'float'),
  of(TYPE.DOUBLE, { meta: 8, unsigned: true }, 8, 8, 'double unsigned'),
  of(TYPE.BIT, { meta: 10 }, 2, -7, 'bit(10)'),
  of(TYPE.YEAR, {}, 1, 12, 'year'),
  of(TYPE.DATE, {}, 3, 91, 'date'),
  of(TYPE.NEWDATE, {}, 3, 91, 'date'),
  of(TYPE.TIME2, {}, 3, 92, 'time'),
  of(TYPE.TIME2, { meta: 6 }, 6, 92, 'time(6)'),
  of(TYPE.DATETIME2, { meta: 3 }, 7, 93, 'datetime(3)'),
  of(TYPE.TIMESTAMP2, { meta: 1 }, 5, 93, 'timestamp(1)'),
  of(TYPE.STRING, { meta: 16, collation: UTF8MB4 }, 'prefix 1', 1, 'char(4)'),
  of(TYPE.STRING, { meta: 1020, collation: UTF8MB4 }, 'prefix 2', 1, 'char(255)'),
  of(TYPE.STRING, { meta: 5, collation: BINARY }, 'prefix 1', 2004, 'binary(5)'),
  of(TYPE.VARCHAR, { meta: 128, collation: UTF8MB4 }, 'prefix 1', 12, 'varchar(32)'),
  of(TYPE.VARCHAR, { meta: 256, collation: UTF8MB4_BIN }, 'prefix 2', 12, 'varchar(64)'),
  of(TYPE.VARCHAR, { meta: 300, collation: BINARY }, 'prefix 2', 2004, 'varbinary(300)'),
  of(TYPE.BLOB, { meta: 1, collation: UTF8MB4 }, 'prefix 1', 2005, 'tinytext'),
  of(TYPE.BLOB, { meta: 2, collation: UTF8MB4 }, 'prefix 2', 2005, 'text'),
  of(TYPE.BLOB, { meta: 3, collation: BINARY }, 'prefix 3', 2004, 'mediumblob'),
  of(TYPE.BLOB, { meta: 4, collation: BINARY }, 'prefix 4', 2004, 'longblob'),
  of(TYPE.JSON, { meta: 4 }, 'prefix 4', 12, 'json'),
  of(TYPE.ENUM, { meta: 1, labels, collation: UTF8MB4 }, 1, 12, "enum('it''s','a\\\\b','c\\nd')"),
  of(TYPE.SET, { meta: 1, labels, collation: UTF8MB4 }, 1, 12, "set('it''s','a\\\\b','c\\nd')"),
  of(TYPE.GEOMETRY, { meta: 4 }, 'prefix 4', 2004, 'geometry'),
  of(TYPE.GEOMETRY, { meta: 4, subtype: 1 }, 'prefix 4', 2004, 'point'),
  of(TYPE.GEOMETRY, { meta: 4, subtype: 7 }, 'prefix 4', 2004, 'geomcollection'),
  of(TYPE.VECTOR, { meta: 4 }, 'prefix 4', 2004, 'vector'),
  of(TYPE.VECTOR, { meta: 4, subtype: 3 }, 'prefix 4', 2004, 'vector(3)'),
  of(TYPE.TIME, {}, 3, 92, 'time'),
  of(TYPE.DATETIME, {}, 8, 93, 'datetime'),
  of(TYPE.TIMESTAMP, {}, 4, 93, 'timestamp'),
  of(TYPE.VARCHAR, { meta: 32, collation: LATIN1 }, 'prefix 1', 12, 'varchar(32)'),
  of(TYPE.STRING, { meta: 20, collation: 28 }, 'prefix 1', 1, 'char(10)'),
  of(TYPE.VARCHAR, { meta: 90, collation: 12 }, 'prefix 1', 12, 'varchar(30)'),
  of(TYPE.VARCHAR, { meta: 400, collation: 56 }, 'prefix 2', 12, 'varchar(100)'),
  of(TYPE.VARCHAR, { meta: 60, collation: 35 }, 'prefix 1', 12, 'varchar(30)'),
  of(TYPE.STRING, { meta: 1020, collation: 248 }, 'prefix 2', 1, 'char(255)'),
  of(TYPE.ENUM, { meta: 1, labels: [Buffer.of(0xe9)], collation: LATIN1 }, 1, 12, "enum('é')"),
  of(TYPE.SET, { meta: 1, labels: [Buffer.of(0x4e, 0x2d)], collation: 35 }, 1, 12, "set('中')"),
];

const REFUSED: readonly Case[] = [of(TYPE.BLOB, { meta: 2, collation: 9999 }, 'prefix 2', 2005, 'text')];

describe.each([...PUBLISHED, ...REFUSED])('$mysqlType', ({ column, size, sqlType, mysqlType }) => {
  test('size and names', () => {
    const expected =
      typeof size === 'number' ? { kind: 'fixed', bytes: size } : { kind: 'prefixed', prefix: Number(size.slice(-1)) };
    expect(valueSize(column)).toEqual(expected);
    expect(sqlTypeOf(column)).toBe(sqlType);
    expect(mysqlTypeOf(column)).toBe(mysqlType);
  });
});

test.each(PUBLISHED)('$mysqlType is written', ({ column }) => {
  expect(codeOf(() => columnCodec(column))).toBeUndefined();
});

test.each(REFUSED)('$mysqlType of a kind that is not written exactly is refused, with its column', ({ column }) => {
  let thrown: unknown;
  try {
    columnCodec(column);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RelayError);
  expect(thrown).toMatchObject({ code: 'BINLOG_UNSUPPORTED', details: { column: 'c' } });
});

test('types that no MySQL since 5.0 writes are refused', () => {
  for (const type of [TYPE.DECIMAL, TYPE.TYPED_ARRAY, 200]) {
    expect(codeOf(() => valueSize(columnOf(type)))).toBe('BINLOG_UNSUPPORTED');
    expect(codeOf(() => columnCodec(columnOf(type)))).toBe('BINLOG_UNSUPPORTED');
  }
  expect(codeOf(() => valueSize(columnOf(TYPE.BLOB, { meta: 5 })))).toBe('BINLOG_DECODE');
});

test('the form of binary columns can be chosen', () => {
  const column = columnOf(TYPE.STRING, { meta: 3, collation: BINARY });
  expect(textOf(columnCodec(column).text, Buffer.of(0x61))).toBe('YQAA');
  expect(textOf(columnCodec(column, { binary: 'latin1' }).json, Buffer.of(0x61))).toBe('a\\u0000\\u0000');
});

describe('equality', () => {
  test.each([
    [TYPE.LONG, 0, true, false],
    [TYPE.NEWDECIMAL, 0, true, false],
    [TYPE.DATETIME2, 0, true, false],
    [TYPE.BIT, 0, true, false],
    [TYPE.ENUM, UTF8MB4, true, false],
    [TYPE.SET, UTF8MB4, true, false],
    [TYPE.VARCHAR, BINARY, true, false],
    [TYPE.VARCHAR, UTF8MB4_BIN, true, false],
    [TYPE.VARCHAR, 309, true, false],
    [TYPE.STRING, 65, true, false],
    [TYPE.VARCHAR, UTF8MB4, false, true],
    [TYPE.STRING, 45, false, true],
    [TYPE.BLOB, 33, false, true],
    [TYPE.VARCHAR, 247, false, false],
    [TYPE.VARCHAR, 9999, false, false],
    [TYPE.FLOAT, 0, false, false],
    [TYPE.DOUBLE, 0, false, false],
    [TYPE.JSON, 0, false, false],
  ])('of type %i under collation %i: by bytes %s, folded %s', (type, collation, byBytes, folded) => {
    const column = columnOf(type, { collation });
    expect(isByteEqual(column)).toBe(byBytes);
    expect(foldsAsAscii(column)).toBe(folded);
  });
});

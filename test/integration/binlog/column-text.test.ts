/**
 * The oracle of src/binlog/columns: a real server writes values, their row events are read back, and every text is
 * compared with the one that the server prints itself, and given back to the server, which must make the same value of
 * it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mysqlTypeOf } from '../../../src/binlog/rows/columns.ts';
import { captureSql } from '../../support/capture-binlog.ts';
import { insertedRows, type InsertedRows } from '../../support/row-texts.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

interface Case {
  /** The column `c`, as declared. */
  readonly type: string;
  /** SQL expressions. */
  readonly values: readonly string[];
  /** The server's own text of `c`; undefined where ours is another on purpose (FLOAT). */
  readonly expected: string | undefined;
  /**
   * How the server makes the value of our text; undefined where it cannot (values inside JSON lose their SQL type in
   * any text).
   */
  readonly back: string | undefined;
}

const CAST = 'CAST(c AS CHAR)';
const plain = (type: string, values: readonly (string | number)[], rest: Partial<Case> = {}): Case => ({
  type,
  values: values.map((value) => (typeof value === 'number' ? String(value) : value)),
  expected: CAST,
  back: '?',
  ...rest,
});
const quoted = (values: readonly string[]): string[] => values.map((value) => `'${value}'`);
const bytes = (type: string, values: readonly string[]): Case =>
  plain(type, values, { expected: "REPLACE(TO_BASE64(c), '\\n', '')", back: 'FROM_BASE64(?)' });
const bits = (width: number, values: readonly string[]): Case =>
  plain(`bit(${width})`, values, { expected: 'CAST(c + 0 AS CHAR)', back: 'CAST(? AS UNSIGNED)' });

const SEED = 20260101;
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { seed: SEED, numRuns: count });

const integers = (type: string, width: number): Case[] => {
  const half = 2n ** BigInt(8 * width - 1);
  const signed = [-half, -half + 1n, -1n, 0n, 1n, 9n, 10n, 99n, 100n, half - 1n];
  const randoms = sample(fc.bigInt({ min: 0n, max: 2n * half - 1n }), 50);
  return [
    plain(type, [...signed, ...randoms.map((value) => value - half)].map(String)),
    plain(`${type} unsigned`, [0n, 1n, half, 2n * half - 1n, ...randoms].map(String)),
  ];
};

const decimals = ([precision, scale]: readonly [number, number]): Case => {
  const limit = 10n ** BigInt(precision) - 1n;
  const values = [0n, 1n, -1n, limit, -limit, ...sample(fc.bigInt({ min: -limit, max: limit }), 30)];
  const texts = values.map((value) => {
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
    const point = digits.length - scale;
    return `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
  });
  return plain(`decimal(${precision},${scale})`, texts);
};

const doubles = sample(
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((raw) => Buffer.from(raw).readDoubleLE()),
  300,
).filter((value) => Number.isFinite(value));
const everyday = sample(fc.double({ min: -1e18, max: 1e18, noNaN: true }), 100);
const small = sample(fc.double({ min: -1e-3, max: 1e-3, noNaN: true }), 100);
const DOUBLES = [
  '0e0', '-0e0', '1', '-1.5', '0.1', '1e14', '999999999999999.9', '1e15', '1234567890123456.7', '123456789012345678', '1e20', '1e21', '1e300',
  '1.7976931348623157e308', '1e-5', '1e-6', '1e-7', '1e-14', '1e-15', '1.234567890123456e-15', '1e-16', '2.2250738585072014e-308', '5e-324',
  ...[...doubles, ...everyday, ...small].map((value) => value.toExponential()),
]; // prettier-ignore
const floats = sample(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((raw) => Buffer.from(raw).readFloatLE()),
  300,
).filter((value) => Number.isFinite(value));
const FLOATS = [
  '0e0', '-0e0', '1.1', '16777215', '16777216', '123456.789', '1e15', '1e-14', '1e-15', '1e-45', '3.4028234e38', '1.17549435e-38', '0.3',
  ...floats.map((value) => value.toExponential()),
]; // prettier-ignore

const FRACTIONS = ['', '.1', '.12', '.123', '.1234', '.12345', '.123456'];
const temporals = FRACTIONS.flatMap((fraction, digits) => [
  plain(`time(${digits})`, quoted([`00:00:00`, `-00:00:00${fraction}`, `12:34:56${fraction}`, '838:59:59', '-838:59:59', `-01:00:00${fraction}`, `100:00:01${fraction}`])),
  plain(`datetime(${digits})`, quoted([`0000-00-00 00:00:00`, `2026-00-00 00:00:00`, `1000-01-01 00:00:00${fraction}`, `9999-12-31 23:59:59${fraction}`, `2024-02-29 12:34:56${fraction}`, `2024-02-29 12:59:00`])),
  plain(`timestamp(${digits}) NULL`, quoted([`0000-00-00 00:00:00`, `1970-01-01 00:00:01${fraction}`, `2038-01-19 03:14:07${fraction}`, `2024-02-29 12:34:56${fraction}`, `2000-12-31 23:00:00`])),
]); // prettier-ignore

const TEXTS = [
  '',
  'SO-1',
  "it\\'s",
  'say \\"hi\\"',
  'back\\\\slash',
  'nl\\ncr\\rtab\\t',
  '\\0',
  '已发货',
  '😀é',
  'trailing ',
  `${'x'.repeat(200)}"`,
];
const BYTES = ["''", "x'00'", "x'00ff00'", "x'6100'", "'abcd'", "x'ffffff'"];

const JSONS = [
  `'{"a": 1, "b": [1, 2.5, -0.0, 1e300, 1e15, 1e-7, 123456789012345.25, 1e20], "": {}, "c": []}'`,
  `'[null, true, false, -1, 32767, 32768, -32769, 65535, 65536, 2147483648, 4294967296, 9223372036854775807, 18446744073709551615]'`,
  `'{"aa": 1, "b": {"x": [{"y": "z"}]}, "a": "é😀"}'`,
  `JSON_ARRAY(CAST(12.50 AS DECIMAL(10,2)), CAST(-0.5 AS DECIMAL(65,30)), CAST(0 AS DECIMAL(5,5)), -99999999999999999999.123456789)`,
  `JSON_ARRAY(DATE'2020-01-02', TIME'-838:59:59', TIME'00:00:00.000001', TIMESTAMP'2020-01-02 03:04:05.123', CAST('0000-00-00' AS DATE))`,
  `JSON_ARRAY(x'00ff', b'101', CAST(REPEAT('a', 57) AS BINARY), CAST(REPEAT('b', 58) AS BINARY), CAST(REPEAT('c', 500) AS BINARY))`,
  `JSON_ARRAY(CAST('2020' AS YEAR), ST_GeomFromText('POINT(1 2)'), 1e0, 3.0e0)`,
  `'[${[...everyday, ...small, 1.234567890123456e-15, -1.2345678901234567e-15, 5e-324].map((value) => value.toExponential()).join(',')}]'`,
  `JSON_QUOTE(CONCAT(CHAR(1, 8, 9, 10, 12, 13, 31, 34, 92, 47, 127 USING utf8mb4), '\\0'))`,
  `JSON_OBJECT('k"\\n', 'v\\\\')`,
  `JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('z', 20000), REPEAT('é"', 30000))`,
  `CONCAT('[', REPEAT('{"key": ["value", 100000]},', 5000), '0]')`,
  `CONCAT(REPEAT('[', 100), REPEAT(']', 100))`,
  `'"text"'`, `'1.5'`, `'true'`, `'null'`, `'{}'`, `'18446744073709551616'`,
  ...sample(fc.json({ maxDepth: 4 }), 100).map((json) => `'${json.replace(/[\\']/g, '\\$&')}'`),
]; // prettier-ignore

/** Texts that the charset has, with a letter, an escape and spaces at the end. */
const CHARSET_TEXTS: readonly (readonly [charset: string, texts: readonly string[]])[] = [
  ['latin1', ['café €5', 'ÿ']],
  ['cp1251', ['Отправлено']],
  ['tis620', ['ส่งแล้ว']],
  ['swe7', ['ÅÄÖ']],
  ['gbk', ['已发货', '丂']],
  ['gb18030', ['已发货', '😀', 'é']],
  ['big5', ['已出貨']],
  ['sjis', ['発送済み', 'ｱ']],
  ['ujis', ['発送済み', '丂']],
  ['euckr', ['발송됨']],
  ['ucs2', ['已发货']],
  ['utf16', ['已发货', '😀']],
  ['utf16le', ['已发货', '😀']],
  ['utf32', ['已发货', '😀']],
];
const charsetCases = CHARSET_TEXTS.flatMap(([charset, texts]) => {
  const values = ['', 'a, "b"', 'nl\\nq', 'trailing ', ...texts];
  // information_schema, which names the type, has the basic plane only.
  const labels = quoted(['new', 'a "b"', ...texts.filter((text) => text !== '😀')]);
  return [
    ...['char(20)', 'varchar(20)', 'varchar(300)', 'text'].map((type) =>
      plain(`${type} CHARACTER SET ${charset}`, quoted(values)),
    ),
    plain(`enum(${labels.join(',')}) CHARACTER SET ${charset}`, labels),
    plain(`set(${labels.join(',')}) CHARACTER SET ${charset}`, ['0', '1', '2', String(2 ** labels.length - 1)]),
  ];
});

const GEOMETRIES = [
  'POINT(1 2)', 'LINESTRING(0 0,1 1.5)', 'POLYGON((0 0,0 1,1 1,0 0))', 'MULTIPOINT((0 0),(1 1))', 'MULTILINESTRING((0 0,1 1),(2 2,3 3))',
  'MULTIPOLYGON(((0 0,0 1,1 1,0 0)))', 'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))',
].map((wkt) => `ST_GeomFromText('${wkt}')`); // prettier-ignore

const LABELS = `'new','pa"id','it''s','a\\\\b','已发货','nl\\nq'`;
const CASES: readonly Case[] = [
  ...[['tinyint', 1], ['smallint', 2], ['mediumint', 3], ['int', 4], ['bigint', 8]].flatMap(([type, width]) => integers(String(type), Number(width))),
  ...([[1, 0], [9, 0], [10, 0], [12, 2], [5, 5], [18, 9], [19, 10], [30, 30], [65, 0], [65, 30]] as const).map(decimals),
  plain('double', DOUBLES),
  plain('float', FLOATS, { expected: undefined }),
  bits(1, ["b'0'", "b'1'"]), bits(10, ["b'1000000001'", '1023']), bits(33, ['8589934591', '4294967296']), bits(64, ['18446744073709551615', '9007199254740993', '0']),
  plain('year', ['0', '1901', '1970', '2026', '2155']),
  plain('date', quoted(['0000-00-00', '2026-00-00', '2026-05-00', '1000-01-01', '9999-12-31', '2024-02-29'])),
  ...temporals,
  plain(`enum(${LABELS})`, [...LABELS.split(','), "'none of them'"]),
  plain(`enum(${Array.from({ length: 300 }, (_, i) => `'l${i}'`).join(',')})`, quoted(['l0', 'l254', 'l255', 'l256', 'l299'])),
  plain('set(\'a\',\'b "c"\',\'d\')', quoted(['', 'a', 'b "c"', 'a,d', 'a,b "c",d'])),
  plain(`set(${Array.from({ length: 64 }, (_, i) => `'l${i}'`).join(',')})`, ['0', '1', '1 << 31', '1 << 32', '1 << 63', '0xffffffffffffffff']),
  // A value that holds the empty label has the text of another one: tables-as-the-server-has-them.test.ts.
  plain('set(\'\',\'x\')', ['0', '2'], { back: undefined }),
  ...['char(255)', 'varchar(255)', 'varchar(5000)', 'tinytext', 'text', 'mediumtext', 'longtext', 'varchar(250) CHARACTER SET utf8mb3'].map((type) =>
    plain(type, quoted(type.includes('utf8mb3') ? TEXTS.filter((text) => !text.includes('😀')) : TEXTS))),
  plain('varchar(50) CHARACTER SET ascii', quoted(['', 'abc', '\\0\\n"'])),
  ...charsetCases,
  ...['binary(5)', 'binary(255)', 'varbinary(20)', 'varbinary(300)', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map((type) => bytes(type, BYTES)),
  plain('json', JSONS, { back: undefined }),
  bytes('geometry', [...GEOMETRIES, "ST_GeomFromText('POINT(1 2)', 4326)", "x'E6100000010100000000000000000000400000000000000840'"]),
  bytes('point SRID 4326', ["ST_GeomFromText('POINT(-89.5 179.25)', 4326)"]),
  ...GEOMETRIES.map((value) => bytes(/'(\w+)/.exec(value)?.[1]?.toLowerCase().replace('geometry', 'geom') ?? '', [value])),
  bytes('vector(4)', ["TO_VECTOR('[1,2.5,-3e-7]')", "TO_VECTOR('[-0,3.4028235e38,1.17549435e-38,16777215]')", "x'01000000'"]),
  bytes('vector(16383)', ["REPEAT(x'cdcccc3dcdcc4c3e', 1000)"]),
]; // prettier-ignore

const server = sharedMysql();
let database: FreshDatabase;
let inserted: Map<string, InsertedRows>;

beforeAll(async () => {
  database = await freshDatabase({ prefix: 'texts' });
  // Lax mode, for zero and partial dates and for values that are none of an ENUM's.
  await database.connection.query(`SET NAMES utf8mb4; SET time_zone = '+00:00'; SET sql_mode = ''`);
  const sql = [
    `USE ${database.name}`,
    `SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = ''`,
    ...CASES.flatMap(({ type, values }, i) => [
      `CREATE TABLE t${i} (id INT PRIMARY KEY, before_c CHAR(3) NULL, c ${type}, after_c TINYINT)`,
      ...values.map((value, n) => `INSERT INTO t${i} VALUES (${n}, NULL, ${value}, 7)`),
    ]),
    `CREATE TABLE lax (id INT PRIMARY KEY, c JSON NOT NULL)`,
    `INSERT INTO lax VALUES (1, '1'), (2, NULL)`,
  ];
  inserted = insertedRows(await captureSql(server, sql.map((line) => `${line};\n`).join('')), 90700);
}, 300_000);

afterAll(async () => {
  await database.drop();
});

/** The first column of the answer. */
async function column(sql: string): Promise<unknown[]> {
  const [rows] = await database.connection.query({ sql, rowsAsArray: true });
  return Array.isArray(rows)
    ? rows.map((row: unknown) => (Array.isArray(row) ? (row as unknown[])[0] : undefined))
    : [];
}

describe.each(CASES.map((each, i) => ({ ...each, name: `t${i}`, shown: each.type.slice(0, 60) })))(
  '$shown',
  ({ name, expected, back, values }) => {
    test('is published as the server prints it', async () => {
      const rows = inserted.get(name)?.rows ?? [];
      expect(rows.map(([id, before, , after]) => [id?.text, before, after?.text])).toEqual(
        values.map((_, n) => [String(n), undefined, '7']),
      );
      for (const [, , c] of rows) expect(c?.json).toBe(JSON.stringify(c?.text).slice(1, -1));
      if (expected === undefined) return;
      expect(rows.map(([, , c]) => c?.text)).toEqual(await column(`SELECT ${expected} FROM ${name} ORDER BY id`));
    });

    test.runIf(back !== undefined)('makes the same value again', async () => {
      const { connection } = database;
      await connection.query(`CREATE TABLE ${name}_back LIKE ${name}`);
      for (const [id, before, c, after] of inserted.get(name)?.rows ?? []) {
        const texts = [id, before, c, after].map((value) => value?.text ?? null);
        await connection.query(`INSERT INTO ${name}_back VALUES (?, ?, ${back ?? ''}, ?)`, texts);
      }
      const [rows] = await connection.query({
        sql: `CHECKSUM TABLE ${name}, ${name}_back EXTENDED`,
        rowsAsArray: true,
      });
      const sums = (rows as unknown as unknown[][]).map((row) => row[1]);
      expect(sums[0]).toBeTypeOf('number');
      expect(sums[1]).toBe(sums[0]);
    });

    test('has the type that the server names', async () => {
      const c = inserted.get(name)?.table.columns.find((each) => each.name === 'c');
      const [type] = await column(
        `SELECT column_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '${name}' AND column_name = 'c'`,
      );
      expect(c && mysqlTypeOf(c)).toBe(type);
    });
  },
);

test('the empty value that lax mode stores for a JSON NULL is the literal null', async () => {
  expect(inserted.get('lax')?.rows.map((row) => row[1]?.text)).toEqual(
    await column('SELECT CAST(c AS CHAR) FROM lax ORDER BY id'),
  );
});

/**
 * Tables of unusual shape, from a real server to JSON by the compiled writers: very wide ones, odd names, generated and
 * invisible columns.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoted } from '../../../src/mysql/quoted.ts';
import { CHECKSUM_BYTES } from '../../../src/binlog/wire/checksum.ts';
import { columnCodec, valueSize } from '../../../src/binlog/rows/columns.ts';
import { eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { newRowsHeader, readRowsHeader } from '../../../src/binlog/rows/rows.ts';
import { compileObject, compileImageEnd } from '../../../src/binlog/rows/row-compiler.ts';
import { readTableMap } from '../../../src/binlog/tables/table-map.ts';
import { nestedEvents } from '../../../src/binlog/wire/transaction-payload.ts';
import { captureSql } from '../../support/capture-binlog.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

const NAMES = [
  'a.b', 'back`tick', 'dou"ble', "sin'gle", 'back\\slash', 'with space', '名称', 'größe', 'Ωμέγα', 'имя', 'اسم', '1', '__proto__', 'constructor', '${x}', '*/', 'tab\there', 'nl\nhere', '\u2028', '﹪',
]; // prettier-ignore
/** MySQL's own limit is 4,096; an InnoDB table may have 1,017. */
const WIDEST = 4096;
const INNODB_WIDEST = 1017;
const wide = (columns: number): string =>
  Array.from({ length: columns - 1 }, (_, i) => `c${i} ${i % 2 === 0 ? 'TINYINT' : 'CHAR(1)'} NULL`).join(', ');
const wideValues = (columns: number): (string | null)[] =>
  Array.from({ length: columns - 1 }, (_, i) => (i % 7 === 0 ? null : String(i % 10)));
const sqlOf = (values: readonly (string | null)[]): string => values.map((value) => value ?? 'NULL').join(', ');

let database: FreshDatabase;
let rows: Map<string, string[]>;

/** JSON text of all rows inserted, by table. */
function jsonRows(events: readonly Buffer[]): Map<string, string[]> {
  const byTable = new Map<string, string[]>();
  let current: { readonly name: string; readonly read: (b: Buffer, p: number) => number } | undefined;
  const header = newRowsHeader();
  const out = Buffer.alloc(500_000);
  const take = (b: Buffer, start: number, end: number): void => {
    const type = eventType(b, start);
    if (type === EVENT.TABLE_MAP) {
      const table = readTableMap(b, start, end, 90_700);
      const columns = table.columns.map((column) => ({ column, size: valueSize(column), codec: columnCodec(column) }));
      const write = compileObject(columns);
      const skip = compileImageEnd(columns);
      const texts = byTable.get(table.name) ?? [];
      byTable.set(table.name, texts);
      const read = (image: Buffer, p: number): number => {
        const cursor = { p, o: 0 };
        write(image, cursor, out);
        expect(skip(image, p)).toBe(cursor.p);
        texts.push(out.toString('utf8', 0, cursor.o));
        return cursor.p;
      };
      current = { name: table.name, read };
    } else if (type === EVENT.WRITE_ROWS && current !== undefined) {
      readRowsHeader(b, start, end, header);
      for (let p = header.rows; p < end;) p = current.read(b, p);
    } else if (type === EVENT.TRANSACTION_PAYLOAD) {
      for (const nested of nestedEvents(b, start, end)) take(nested.buffer, nested.start, nested.end);
    }
  };
  for (const event of events) take(event, 0, event.length - CHECKSUM_BYTES);
  return byTable;
}

beforeAll(async () => {
  database = await freshDatabase({ prefix: 'shapes' });
  const sql = [
    `USE ${database.name}`,
    `SET NAMES utf8mb4`,
    `CREATE TABLE ${quoted('o`d"d 表.\\')} (${NAMES.map((name) => `${quoted(name)} INT`).join(', ')})`,
    `INSERT INTO ${quoted('o`d"d 表.\\')} VALUES (${NAMES.map((_, i) => i).join(', ')})`,
    `CREATE TABLE computed (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 7, v INT AS (id * 2) VIRTUAL, s VARCHAR(20) AS (CONCAT('n', id)) STORED, j JSON, k INT AS (j->'$.k') VIRTUAL INVISIBLE)`,
    `INSERT INTO computed (id, j) VALUES (4, '{"k": 9}')`,
    `CREATE TABLE widest (id INT, ${wide(WIDEST)}) ENGINE = MyISAM`,
    `INSERT INTO widest VALUES (1, ${sqlOf(wideValues(WIDEST))})`,
    `CREATE TABLE wide (id INT PRIMARY KEY, ${wide(INNODB_WIDEST)})`,
    `INSERT INTO wide VALUES (1, ${sqlOf(wideValues(INNODB_WIDEST))})`,
    `CREATE TABLE many (id INT PRIMARY KEY, t LONGTEXT)`,
    `SET SESSION binlog_transaction_compression = ON, cte_max_recursion_depth = 100000`,
    `INSERT INTO many WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, REPEAT(i, IF(i = 10000, 60000, 20)) FROM n`,
  ];
  rows = jsonRows(await captureSql(sharedMysql(), sql.map((line) => `${line};\n`).join('')));
}, 300_000);

afterAll(async () => {
  await database.drop();
});

/** A JSON object with its members in the order given, whatever they are called. */
const object = (members: readonly (readonly [string, string | null])[]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

test('names in any script, with any characters', () => {
  expect(rows.get('o`d"d 表.\\')).toEqual([object(NAMES.map((name, i) => [name, String(i)]))]);
});

test('generated and invisible columns are there like all others', () => {
  expect(rows.get('computed')).toEqual([
    object([['id', '4'], ['hidden', '7'], ['v', '8'], ['s', 'n4'], ['j', '{"k": 9}'], ['k', '9']]),
  ]); // prettier-ignore
});

test.each([['widest', WIDEST], ['wide', INNODB_WIDEST]] as const)('%s: %i columns', (name, columns) => {
  const expected = object([['id', '1'], ...wideValues(columns).map((value, i) => [`c${i}`, value] as const)]);
  expect(rows.get(name)?.[0] === expected).toBe(true);
}); // prettier-ignore

test('a compressed transaction of several megabytes', () => {
  const texts = rows.get('many') ?? [];
  expect(texts.length).toBe(20_000);
  const isRight = texts.every((text, n) => {
    const i = String(n + 1);
    return text === object([['id', i], ['t', i.repeat(n + 1 === 10_000 ? 60_000 : 20)]]);
  }); // prettier-ignore
  expect(isRight).toBe(true);
});

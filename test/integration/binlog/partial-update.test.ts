/**
 * Updates with binlog_row_value_options=PARTIAL_JSON: random documents are changed by random paths; what is made of the
 * logged differences must read as the server's own new value does.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Table } from '../../../src/binlog/binlog.ts';
import { CHECKSUM_BYTES } from '../../../src/binlog/wire/checksum.ts';
import { checkFrame, eventType } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { expandPartialUpdate } from '../../../src/binlog/rows/partial-update.ts';
import { newRowsHeader, readRowsHeader } from '../../../src/binlog/rows/rows.ts';
import { readTableMap } from '../../../src/binlog/tables/table-map.ts';
import { captureSql } from '../../support/capture-binlog.ts';
import { readRow } from '../../support/row-texts.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

const KEYS = [
  'a', 'b', 'c', 'k1', '', 'key with space', 'quo"te', "apo'stroph", 'back\\slash', '\\u0041', 'dot.dot', '[0]', '$x', '_y', '1st', 'é', '名称', '😀', 'tab\t', 'x'.repeat(300),
]; // prettier-ignore
const ROWS = 20;
const UPDATES = 120;
const PER_TRANSACTION = 7;

const key = fc.constantFrom(...KEYS);
const scalar = fc.oneof(
  fc.integer(),
  fc.integer({ min: -200, max: 200 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.nat(300).map((n) => 'p'.repeat(n)),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: false },
    { arbitrary: scalar, weight: 2 },
    { arbitrary: fc.array(tie('json'), { maxLength: 5 }), weight: 2 },
    { arbitrary: fc.dictionary(key, tie('json'), { maxKeys: 6 }), weight: 3 },
  ),
}));
const object = fc.dictionary(key, json, { minKeys: 6, maxKeys: 15 });
const array = fc.array(json, { minLength: 2, maxLength: 8 });

const sqlString = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;
const sqlJson = fc.oneof(
  { arbitrary: json.map((value) => `CAST(${sqlString(JSON.stringify(value))} AS JSON)`), weight: 8 },
  {
    arbitrary: fc.constantFrom(
      "CAST('2026-11-23 10:00:00.5' AS DATETIME(6))",
      'CAST(12.50 AS DECIMAL(10,2))',
      '18446744073709551615',
      '-9223372036854775808',
      "x'00ff'",
      "TIME'-12:00:00'",
    ),
    weight: 1,
  },
);
const member = key.map((name) => `.${JSON.stringify(name)}`);
const cell = fc.constantFrom('[0]', '[1]', '[2]', '[7]', '[last]', '[last-1]');

function change(column: string, firstLeg: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const legs = fc.array(fc.oneof({ arbitrary: member, weight: 2 }, cell), { maxLength: 2 });
  const path = fc.tuple(firstLeg, legs).map(([first, rest]) => sqlString(`$${first}${rest.join('')}`));
  const pairs = fc
    .array(fc.tuple(path, sqlJson), { minLength: 1, maxLength: 4 })
    .map((list) => list.map(([place, value]) => `${place}, ${value}`).join(', '));
  return fc.oneof(
    pairs.map((list) => `JSON_SET(${column}, ${list})`),
    pairs.map((list) => `JSON_REPLACE(${column}, ${list})`),
    fc.tuple(pairs, pairs).map(([set, replace]) => `JSON_REPLACE(JSON_SET(${column}, ${set}), ${replace})`),
    fc.array(path, { minLength: 1, maxLength: 3 }).map((list) => `JSON_REMOVE(${column}, ${list.join(', ')})`),
    fc
      .tuple(path, sqlJson)
      .map(([place, value]) => `JSON_ARRAY_INSERT(${column}, ${place.slice(0, -1)}[1]', ${value})`),
  );
}

const server = sharedMysql();
let database: FreshDatabase;
const updated: { readonly before: string; readonly after: string; readonly json: string }[] = [];
let partialImages = 0;

const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { seed: 20260102, numRuns: count });

beforeAll(async () => {
  database = await freshDatabase({ prefix: 'partial' });
  const documents = sample(fc.tuple(object, array), ROWS).map(([j, k], id) => {
    // Some in the large form, some NULL.
    const large =
      id % 5 === 0 ? `JSON_SET(CAST(${sqlString(JSON.stringify(j))} AS JSON), '$.a', REPEAT('é', 40000))` : undefined;
    return `(${id}, ${large ?? sqlString(JSON.stringify(j))}, NULL, 0, ${id % 4 === 0 ? 'NULL' : sqlString(JSON.stringify(k))}, 'v')`;
  });
  const changes = sample(fc.tuple(change('j', member), change('k', cell)), UPDATES);
  const sql = [
    `USE ${database.name}`,
    `SET NAMES utf8mb4, SESSION binlog_row_value_options = PARTIAL_JSON`,
    `CREATE TABLE t (id INT PRIMARY KEY, j JSON, n JSON, x INT, k JSON, v VARCHAR(300))`,
    `CREATE TABLE texts (n INT, id INT, j LONGTEXT, k LONGTEXT)`,
    `INSERT INTO t VALUES ${documents.join(', ')}`,
    `INSERT INTO texts SELECT 0, id, j, k FROM t`,
    'BEGIN',
    ...changes.flatMap(([j, k], i) => [
      `UPDATE t SET j = ${j}, x = x + 1, k = ${k} ORDER BY id`,
      `INSERT INTO texts SELECT ${i + 1}, id, j, k FROM t ORDER BY id`,
      ...(i % PER_TRANSACTION === 0 ? ['COMMIT', 'BEGIN'] : []),
    ]),
    'COMMIT',
  ];
  const events = await captureSql(server, sql.map((line) => `${line};\n`).join(''));
  read(events);
}, 300_000);

function read(events: readonly Buffer[]): void {
  let table: Table | undefined;
  const header = newRowsHeader();
  for (const event of events) {
    const end = event.length - CHECKSUM_BYTES;
    if (eventType(event, 0) === EVENT.TABLE_MAP) table = readTableMap(event, 0, end, 90700);
    if (eventType(event, 0) !== EVENT.PARTIAL_UPDATE_ROWS || table === undefined) continue;
    readRowsHeader(event, 0, end, header);
    const whole = expandPartialUpdate(event, 0, end, header, table.columns);
    if (whole.length !== end) partialImages += 1;
    checkFrame(whole, 0, whole.length);
    readRowsHeader(whole, 0, whole.length, header);
    for (let p = header.rows; p < whole.length;) {
      const before = readRow(table, whole, p);
      const after = readRow(table, whole, before.next);
      p = after.next;
      updated.push({
        before: shown(before.row),
        after: shown(after.row),
        json: String(after.row[1]?.json),
      });
    }
  }
}

const shown = (row: readonly ({ readonly text: string } | undefined)[]): string =>
  JSON.stringify([row[3]?.text, row[0]?.text, row[1]?.text ?? null, row[4]?.text ?? null]);

afterAll(async () => {
  await database.drop();
});

test('the values made of differences read as the server prints them', async () => {
  const [rows] = await database.connection.query({ sql: 'SELECT * FROM texts ORDER BY n, id', rowsAsArray: true });
  const texts = (rows as unknown as [number, number, string | null, string | null][]).map((row) =>
    JSON.stringify([String(row[0]), String(row[1]), row[2], row[3]]),
  );
  expect(updated.length).toBe(ROWS * UPDATES);
  expect(partialImages).toBeGreaterThan(UPDATES / 2);
  for (const [i, { before, after }] of updated.entries()) {
    if (after === texts[i + ROWS] && before === texts[i]) continue;
    // One at a time: a diff of all of them is of no use to anyone.
    expect({ i, before, after }).toEqual({ i, before: texts[i], after: texts[i + ROWS] });
  }
});

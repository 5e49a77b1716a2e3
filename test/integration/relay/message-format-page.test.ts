/** The examples of docs/message-format.md, written into a real server and published. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'message-format.md');
const ROW = /^\| `(.+?)` +\| `(.+?)` +\| `(.+?)` +\| `(.+?)` +\| (-?\d+) +\|/gm;
const TYPES = [
  'tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'bit', 'char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext',
  'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'geometry', 'point', 'vector', 'enum', 'set', 'json', 'date', 'datetime', 'timestamp', 'time', 'year',
]; // prettier-ignore

const examples = [...readFileSync(PAGE, 'utf8').matchAll(ROW)].map(
  ([, type = '', value = '', data = '', mysqlType = '', sqlType = ''], i) => ({
    column: `c${i}`,
    type,
    value,
    data: z.string().nullable().parse(JSON.parse(data)),
    mysqlType,
    sqlType: Number(sqlType),
  }),
);

const bodySchema = z.object({
  data: z.tuple([z.record(z.string(), z.string().nullable())]),
  mysqlType: z.record(z.string(), z.string()),
  sqlType: z.record(z.string(), z.number()),
});
let body: z.output<typeof bodySchema>;

beforeAll(async () => {
  const database = await freshDatabase({ prefix: 'page' });
  const relay = await RecordingRelay.start({ mysql: sharedMysql(), tables: { include: [`${database.name}.*`] } });
  try {
    const { connection } = database;
    await connection.query("SET SESSION sql_mode = '', time_zone = '+00:00'");
    await connection.query(`CREATE TABLE t (${examples.map(({ column, type }) => `${column} ${type} NULL`).join()})`);
    await connection.query(`INSERT INTO t VALUES (${examples.map(({ value }) => value).join()})`);
    const [[executed]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS gtids');
    await relay.until(String(executed?.['gtids']));
    body = bodySchema.parse(relay.messages[0]?.body);
  } finally {
    await relay.stop();
    await database.drop();
  }
});

test('has an example of every type', () => {
  expect(new Set(examples.map(({ mysqlType }) => mysqlType.replace(/\W.*$/, '')))).toEqual(new Set(TYPES));
});

test.each(examples)('$type, $value', ({ column, data, mysqlType, sqlType }) => {
  expect(body.data[0][column]).toBe(data);
  expect(body.mysqlType[column]).toBe(mysqlType);
  expect(body.sqlType[column]).toBe(sqlType);
});

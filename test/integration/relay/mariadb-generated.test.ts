/**
 * MariaDB 11.8 leaves generated columns out of the images of updates and deletes, with binlog_row_image = FULL as well.
 */
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { PublishingRun } from '../../support/publishing-run.ts';
import { connectMysql } from '../../support/servers.ts';

const STATEMENTS = [
  "INSERT INTO t (id, v) VALUES (1, 'one'), (2, 'two')",
  "UPDATE t SET v = 'eins' WHERE id = 1",
  "UPDATE t SET id = 3, v = 'drei' WHERE id = 2",
  'DELETE FROM t WHERE id = 1',
];

let mariadb: MysqlServer;
let connection: Connection;
let run: PublishingRun;

beforeAll(async () => {
  mariadb = await startMysql({ version: 'mariadb-11.8', own: true, progress: () => undefined });
});
afterAll(() => mariadb.remove());
beforeEach(async () => {
  connection = await connectMysql(mariadb);
  await connection.query(
    `DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; USE shop;
     CREATE TABLE t (id INT PRIMARY KEY, g INT GENERATED ALWAYS AS (LENGTH(v)) VIRTUAL, v VARCHAR(10))`,
  );
});
afterEach(async () => {
  await run.stop();
  await connection.end();
});

it('publishes whole rows when such columns are excluded', async () => {
  run = await PublishingRun.start(mariadb, 'shop', { ordering: 'total', tables: { excludeColumns: ['shop.t.g'] } });
  for (const statement of STATEMENTS) await connection.query(statement);
  await run.untilPublished(connection);
  expect(run.failure).toBeUndefined();
  expect(run.counters.changesPartial).toBe(0);
  expect(run.bodies.flatMap(({ type, data }) => data.map((row) => [type, row]))).toEqual([
    ['INSERT', { id: '1', v: 'one' }],
    ['INSERT', { id: '2', v: 'two' }],
    ['UPDATE', { id: '1', v: 'eins' }],
    ['UPDATE', { id: '3', v: 'drei' }],
    ['DELETE', { id: '1', v: 'eins' }],
  ]);
});

it('stops at one that is published, and says what to do', async () => {
  run = await PublishingRun.start(mariadb, 'shop', { ordering: 'total' });
  for (const statement of STATEMENTS) await connection.query(statement);
  await run.untilPublished(connection);
  expect(run.failure?.code).toBe('ROW_IMAGE_NOT_FULL');
  expect(run.failure?.remedy).toContain('tables.excludeColumns');
});

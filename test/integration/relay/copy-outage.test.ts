import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { CopyingRelay, rowTexts } from '../../support/copying-relay.ts';
import { connectMysql } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

const ROWS = 20_000;

let mysql: MysqlServer;
let connection: Connection;
beforeAll(async () => {
  mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  connection = await connectMysql(mysql);
  await connection.query(`
    CREATE DATABASE shop; USE shop;
    SET cte_max_recursion_depth = 100000;
    CREATE TABLE orders (id INT PRIMARY KEY, v INT);
    CREATE TABLE keyless (id INT, v INT);
    INSERT INTO orders WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS}) SELECT n, n FROM s;
    INSERT INTO keyless SELECT * FROM orders;
    CREATE TABLE wide (id INT PRIMARY KEY, v VARCHAR(1000));
    INSERT INTO wide SELECT id, REPEAT('v', 1000) FROM orders ORDER BY id LIMIT 6000`);
}, 120_000);
afterAll(async () => {
  await connection.end().catch(() => undefined);
  await mysql.remove();
});

it('a copy goes on when the server was killed in the middle of it, or has begun a new binlog', async () => {
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql,
    tables: { include: ['shop.*'] },
    sink,
    copying: { maxRows: 50 },
    source: { connectTimeoutMs: 2000 },
  });
  await run.until(({ copying }) => (copying?.rows ?? 0) > 1000);
  await connection.query('FLUSH BINARY LOGS');
  await connection.end();
  await mysql.kill9();
  await mysql.start();
  connection = await connectMysql(mysql, { database: 'shop' });
  await connection.query('UPDATE orders SET v = -v WHERE id MOD 10 = 0');
  await run.untilCopied(120_000);
  await run.untilPublished(connection);
  await run.stop();
  expect(sink.problems.slice(0, 3)).toEqual([]);
  for (const table of ['orders', 'keyless'])
    expect(sink.texts(table), table).toEqual(await rowTexts(connection, table));
}, 180_000);

it('a copy lets a busy broker be busy: it holds no more than it may, and the stream goes on afterwards', async () => {
  const sink = new Upserts();
  let sends = 0;
  sink.onSend = async () => {
    sends += 1;
    await sleep(sends < 40 ? 50 : 0);
  };
  const run = new CopyingRelay({
    mysql,
    tables: { include: ['shop.wide'] },
    sink,
    heldBytes: 1 << 20,
    messageBytes: 16 << 10,
    copying: { chunkBytes: 1 << 20 },
  });
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, run.relay.status().heldBytes)), 5);
  await run.untilCopied();
  clearInterval(watch);
  await connection.query('UPDATE wide SET v = id WHERE id < 100');
  await run.untilPublished(connection);
  await run.stop();
  expect(sink.texts('wide')).toEqual(await rowTexts(connection, 'wide'));
  expect(most).toBeLessThan(1.25 * (1 << 20));
}, 120_000);

it('rows that are not committed are not copied, whatever isolation the server has for all', async () => {
  await connection.query(
    'CREATE TABLE pending (id INT PRIMARY KEY); CREATE TABLE pending_keyless (id INT); INSERT INTO pending VALUES (1)',
  );
  const writer = await connectMysql(mysql, { database: 'shop' });
  await writer.query('BEGIN; INSERT INTO pending VALUES (2); INSERT INTO pending_keyless VALUES (2)');
  await connection.query('SET GLOBAL transaction_isolation = "READ-UNCOMMITTED"');
  const sink = new Upserts();
  const run = new CopyingRelay({ mysql, tables: { include: ['shop.pending*'] }, sink });
  try {
    await run.untilCopied();
  } finally {
    await connection.query('SET GLOBAL transaction_isolation = DEFAULT');
    await writer.query('ROLLBACK');
    await writer.end();
    await run.stop();
  }
  expect(sink.texts('pending')).toEqual(['{"id":"1"}']);
  expect(sink.texts('pending_keyless')).toEqual([]);
});

/** Copies while servers change their parts, operators pause, tables are swapped, and rows never hold still. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import { CopyingRelay, rowTexts } from '../../support/copying-relay.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { hastyClock } from '../../support/hasty-clock.ts';
import { startReplica } from '../../support/replica.ts';
import { connectMysql } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

const ROWS = 4000;
const FILL = `WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${ROWS}) SELECT n, n FROM s`;

let mysql: MysqlServer;
let connection: Connection;
beforeAll(async () => {
  mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  connection = await connectMysql(mysql, { multipleStatements: true });
  await connection.query('SET cte_max_recursion_depth = 100000; CREATE DATABASE shop; USE shop');
}, 120_000);
afterAll(async () => {
  await connection.end();
  await mysql.remove();
});

it('a copy follows the stream to another server, although the first one still answers', async () => {
  const replica = await startReplica(mysql);
  const onReplica = await connectMysql(replica);
  const proxy = await FaultProxy.to(mysql);
  await connection.query(
    `CREATE DATABASE moving; CREATE TABLE moving.moved (id INT PRIMARY KEY, v INT); INSERT INTO moving.moved ${FILL}`,
  );
  const [[filled]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS gtids');
  await onReplica.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 30)', [String(filled?.['gtids'])]);
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql: { ...mysql, host: proxy.host, port: proxy.port },
    tables: { include: ['moving.*'] },
    sink,
    copying: { maxRows: 20 },
  });
  try {
    await run.until(({ copying }) => (copying?.rows ?? 0) > 100);
    proxy.target = replica;
    // Of the two that read the binlog, the replica is the one that came first.
    const [dumps] = await connection.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%' ORDER BY id",
    );
    expect(dumps).toHaveLength(2);
    await connection.query(`KILL ${String(dumps[1]?.['id'])}`);
    await run.untilCopied();
    await connection.query('UPDATE moving.moved SET v = -v WHERE id < 100');
    await run.untilPublished(connection);
    // None of its connections has stayed with the first server.
    const [stayed] = await connection.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE user = 'relay' AND command NOT LIKE 'Binlog Dump%'",
    );
    expect(stayed).toEqual([]);
    await run.stop();
    expect(sink.problems.slice(0, 3)).toEqual([]);
    expect(sink.texts('moved')).toEqual(await rowTexts(connection, 'moving.moved'));
  } finally {
    await proxy.close();
    await onReplica.end();
    await replica.remove();
  }
});

it('a table without a key is paused, gone on with and cancelled in the middle of its rows', async () => {
  await connection.query(`CREATE TABLE unkeyed (id INT, v INT); INSERT INTO unkeyed ${FILL}`);
  const sink = new Upserts();
  sink.onSend = () => sleep(20);
  const run = new CopyingRelay({
    mysql,
    tables: { include: ['shop.unkeyed'] },
    start: 'latest',
    sink,
    messageBytes: 4 << 10,
    heldBytes: 64 << 10,
    copying: { chunkBytes: 4 << 10 },
  });
  await run.until(({ copying }) => (copying?.rows ?? 0) > 100);
  run.relay.copy({ do: 'pause', id: '1' });
  await run.until(({ copying }) => copying === undefined);
  expect(sink.marks.filter((mark) => mark.includes(' end '))).toEqual([]);
  await connection.query('INSERT INTO unkeyed VALUES (0, 0)');
  await run.untilPublished(connection);
  run.relay.copy({ do: 'resume', id: '1' });
  await run.untilCopied();
  expect(sink.texts('unkeyed')).toEqual(await rowTexts(connection, 'unkeyed'));

  run.relay.copy({ do: 'copy', patterns: ['shop.unkeyed'] });
  await run.until(({ copying }) => copying?.copy === '2' && copying.rows > 100);
  run.relay.copy({ do: 'cancel', id: '2' });
  await run.until(({ copying }) => copying === undefined);
  await connection.query('INSERT INTO unkeyed VALUES (-1, -1)');
  await run.untilPublished(connection);
  await run.stop();
  expect(sink.marks.filter((mark) => mark.includes(' begin ') && mark.startsWith('lane-0'))).toHaveLength(3);
  expect(sink.marks.filter((mark) => mark.includes(' end ') && mark.startsWith('lane-0'))).toHaveLength(1);
});

it('a copy waits while the stream is behind, and says so', async () => {
  await connection.query(
    `CREATE TABLE busy (id INT PRIMARY KEY, v INT); CREATE TABLE calm (id INT PRIMARY KEY, v INT);
     INSERT INTO calm ${FILL}`,
  );
  const sink = new Upserts();
  let free: () => void = () => undefined;
  const isFree = new Promise<void>((resolve) => (free = resolve));
  sink.onSend = () => isFree;
  const run = new CopyingRelay({
    mysql,
    tables: { include: ['shop.busy', 'shop.calm'] },
    start: 'latest',
    sink,
    heldBytes: 256 << 10,
    messageBytes: 16 << 10,
    copying: { atFirstStart: false },
  });
  await run.untilRunning();
  await connection.query(`INSERT INTO busy ${FILL}`);
  for (let i = 0; i < 10; i += 1) await connection.query('UPDATE busy SET v = v + 1');
  await run.until(({ sourcePaused }) => sourcePaused);
  run.relay.copy({ do: 'copy', patterns: ['shop.calm'] });
  await run.until(({ copying }) => copying?.waitsFor === 'the stream is behind');
  await sleep(200);
  expect(run.relay.status().copying?.waitsFor).toBe('the stream is behind');
  free();
  await run.untilCopied();
  await run.untilPublished(connection);
  await run.stop();
  for (const table of ['busy', 'calm']) expect(sink.texts(table)).toEqual(await rowTexts(connection, table));
});

it('a table without a key is read again when the stream does not come to the place where it was read', async () => {
  await connection.query(
    `CREATE TABLE flood (id INT PRIMARY KEY, v INT); INSERT INTO flood ${FILL}; CREATE TABLE late (n INT, v INT); INSERT INTO late ${FILL}`,
  );
  const sink = new Upserts();
  let free: () => void = () => undefined;
  const isFree = new Promise<void>((resolve) => (free = resolve));
  const writer = await connectMysql(mysql, { database: 'shop' });
  const lines: string[] = [];
  let views = 0;
  const run = new CopyingRelay({
    mysql,
    tables: { include: ['shop.flood', 'shop.late'] },
    start: 'latest',
    sink,
    heldBytes: 256 << 10,
    messageBytes: 16 << 10,
    clock: hastyClock,
    logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
    copying: { atFirstStart: false },
    reader: (reader) => ({
      view: async (...of) => {
        views += 1;
        if (views > 1) return reader.view(...of);
        // More than the relay may hold, while the broker takes nothing: it reads no further.
        sink.onSend = () => isFree;
        for (let i = 0; i < 10; i += 1) await writer.query('UPDATE flood SET v = v + 1');
        return reader.view(...of);
      },
    }),
  });
  await run.untilRunning();
  run.relay.copy({ do: 'copy', patterns: ['shop.late'] });
  await run.until(({ copying }) => copying?.waitsFor === 'the stream is not yet where the table was read');
  await expect.poll(() => lines.join('')).toContain('COPY_STREAM_BEHIND');
  expect(JSON.parse(lines.find((line) => line.includes('COPY_STREAM_BEHIND')) ?? '{}')).toMatchObject({
    copy: '1',
    table: 'shop.late',
    error: 'the stream has not come within 60 s to where a table was read',
    msg: 'a table could not be read for its copy; trying again',
  });
  free();
  await run.untilCopied();
  await run.untilPublished(connection);
  await run.stop();
  await writer.end();
  expect(views).toBeGreaterThan(1);
  for (const table of ['flood', 'late']) expect(sink.texts(table)).toEqual(await rowTexts(connection, table));
}, 120_000);

it('a row that is never whole in the stream fails the copy of its table with what to do', async () => {
  await connection.query(`CREATE TABLE hot (id INT PRIMARY KEY, v INT, w INT); INSERT INTO hot VALUES (1, 0, 0)`);
  const writer = await connectMysql(mysql, { database: 'shop' });
  await writer.query('SET SESSION binlog_row_image = MINIMAL');
  const proxy = await FaultProxy.to(mysql);
  // Every answer takes 20 ms and more, in which the row is updated.
  proxy.fault = { kind: 'slow', bytesPerSecond: 4_000_000 };
  const sink = new Upserts();
  sink.apply = () => undefined;
  const run = new CopyingRelay({
    mysql: { ...mysql, host: proxy.host, port: proxy.port },
    tables: { include: ['shop.hot'] },
    sink,
    publish: { ...EXACT, partialRows: 'allow' },
    random: () => 0,
  });
  const writing = { isOver: false };
  const writes = (async (): Promise<void> => {
    while (!writing.isOver) {
      await writer.query('UPDATE hot SET v = v + 1');
      await sleep(10);
    }
  })();
  await run.untilCopied(100_000).finally(() => {
    writing.isOver = true;
  });
  await writes;
  const [{ tables = [] } = {}] = run.relay.status().copies;
  expect(tables.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('COPY_TABLE_UNSUPPORTED: shop.hot: a row is updated all the time'),
  ]);
  await connection.query('INSERT INTO hot VALUES (2, 2, 2)');
  await run.untilPublished(connection);
  await run.stop();
  await Promise.all([writer.end(), proxy.close()]);
}, 150_000);

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXACT } from '../../../src/relay/tables/publish-policy.ts';
import { CopyingRelay, rowTexts } from '../../support/copying-relay.ts';
import { connectMysql, freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ prefix: 'copy' });
});
afterAll(() => database.drop());

it('publishes the rows that are there, between the marks of each table', async () => {
  const { connection, name } = database;
  await connection.query(`
    CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20));
    CREATE TABLE b (x VARCHAR(20), y DATETIME(3), v DECIMAL(10, 2), PRIMARY KEY (x, y));
    CREATE TABLE c (v INT);
    CREATE TABLE d (id INT PRIMARY KEY);
    SET cte_max_recursion_depth = 100000;
    INSERT INTO a WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000) SELECT n, CONCAT('v', n) FROM s;
    INSERT INTO b SELECT CONCAT('k', id MOD 7, IF(id MOD 2, 'A', 'a')), '2026-01-01' + INTERVAL id SECOND, id / 3 FROM a;
    INSERT INTO c SELECT id MOD 10 FROM a`);
  const sink = new Upserts();
  const run = new CopyingRelay({ mysql: sharedMysql(), tables: { include: [`${name}.*`] }, sink });
  await run.untilCopied();
  await connection.query('INSERT INTO a VALUES (6000, "streamed")');
  await run.untilPublished(connection);
  await run.stop();
  for (const table of ['a', 'b', 'c', 'd']) expect(sink.texts(table), table).toEqual(await rowTexts(connection, table));
  expect(sink.copiedRows).toBe(15_000);
  expect(sink.marks.filter((mark) => mark.startsWith('lane-3'))).toEqual([
    'lane-3 a begin 0',
    'lane-3 a end 5000',
    'lane-3 b begin 0',
    'lane-3 b end 5000',
    'lane-3 c begin 0',
    'lane-3 c end 5000',
    'lane-3 d begin 0',
    'lane-3 d end 0',
  ]);
});

it('a copy is asked for while the relay runs, pauses, goes on, and is cancelled', async () => {
  const { connection, name } = database;
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql: sharedMysql(),
    tables: { include: [`${name}.*`] },
    start: 'latest',
    sink,
    copying: { atFirstStart: false, maxRows: 5 },
  });
  await run.untilRunning();
  const [{ id } = { id: '' }] = run.relay.copy({ do: 'copy', patterns: [`${name}.a`, `${name}.b`] });
  await run.until(({ copying }) => (copying?.rows ?? 0) > 100);
  run.relay.copy({ do: 'pause', id });
  await run.until(({ copying }) => copying === undefined);
  const paused = sink.copiedRows;
  await connection.query(`INSERT INTO a VALUES (7000, 'while paused')`);
  await run.untilPublished(connection);
  expect(sink.copiedRows).toBe(paused);
  run.relay.copy({ do: 'resume', id });
  await run.until(({ copying }) => (copying?.rows ?? 0) > 200);
  const [{ tables = [] } = {}] = run.relay.copy({ do: 'cancel', id });
  expect(tables).toEqual([]);
  await run.untilCopied();
  expect(() => run.relay.copy({ do: 'resume', id })).toThrow('no copy 1 goes on');
  expect(() => run.relay.copy({ do: 'copy', patterns: ['orders'] })).toThrow('the table pattern "orders"');
  await run.stop();
  expect(sink.marks.filter((mark) => mark.endsWith(' begin 0')).length).toBe(8);
});

it('what cannot be copied is said, and neither the stream nor the other tables wait for it', async () => {
  const { connection, name } = database;
  await connection.query(`
    CREATE TABLE slow_engine (id INT PRIMARY KEY) ENGINE = MyISAM;
    CREATE TABLE too_wide (id INT PRIMARY KEY, x LONGTEXT);
    INSERT INTO too_wide VALUES (1, REPEAT('x', 5 << 20));
    CREATE TABLE wide_keyless (x LONGTEXT);
    INSERT INTO wide_keyless VALUES ('x'), (REPEAT('x', 5 << 20)), ('y');
    CREATE VIEW a_view AS SELECT * FROM a`);
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql: sharedMysql(),
    tables: { include: [`${name}.*`], exclude: [`${name}.a`, `${name}.b`, `${name}.c`] },
    sink,
  });
  await run.untilCopied();
  const [{ tables = [] } = {}] = run.relay.status().copies;
  expect(tables.map(({ table, state }) => `${table} ${state}`)).toEqual([
    'slow_engine failed',
    'too_wide failed',
    'wide_keyless failed',
  ]);
  expect(tables.map(({ reason = '' }) => reason.replaceAll(name, 'db'))).toEqual([
    expect.stringContaining('COPY_TABLE_UNSUPPORTED: db.slow_engine is a table of MyISAM'),
    expect.stringMatching(/^ROW_TOO_LARGE: .*a row of db\.too_wide \(with the primary key id\) makes a message of/),
    expect.stringMatching(/^ROW_TOO_LARGE: .*a row of db\.wide_keyless \(without a primary key\) makes a message of/),
  ]);
  await connection.query('INSERT INTO d VALUES (1)');
  await run.untilPublished(connection);
  await run.stop();
  expect(sink.texts('d')).toEqual(['{"id":"1"}']);
});

it('a row of which the stream brings only some columns while it is read is read again', async () => {
  const { connection, name } = database;
  await connection.query(`
    CREATE TABLE minimal (id INT PRIMARY KEY, v INT, w VARCHAR(20));
    INSERT INTO minimal SELECT id, 0, CONCAT('w', id) FROM a WHERE id <= 800`);
  type Row = Readonly<Record<string, string | null>>;
  const rows = new Map<string, Row>();
  const sink = new Upserts();
  sink.apply = (body) => {
    for (const row of body.data ?? []) {
      const known = rows.get(String(row['id']));
      // A reader merges what comes with what it has; of a row that it does not have yet the copy brings all.
      if (body.type === 'INSERT' || known !== undefined) rows.set(String(row['id']), { ...known, ...row });
    }
  };
  const writer = await connectMysql();
  await writer.query(`USE ${name}; SET SESSION binlog_row_image = MINIMAL`);
  const run = new CopyingRelay({
    mysql: sharedMysql(),
    tables: { include: [`${name}.minimal`] },
    sink,
    publish: { ...EXACT, partialRows: 'allow' },
    copying: { maxRows: 100 },
  });
  try {
    await run.untilRunning();
    while (run.relay.status().copies.some(({ endedAt }) => endedAt === undefined)) {
      const next = run.relay.status().copying?.rows ?? 0;
      await writer.query(`UPDATE minimal SET v = v + 1 WHERE id BETWEEN ${next} AND ${next + 20}`);
      await sleep(4);
    }
    await run.untilCopied();
    await run.untilPublished(connection);
  } finally {
    await run.stop();
    await writer.end();
  }
  expect([...rows.values()].map((row) => JSON.stringify(row)).sort()).toEqual(await rowTexts(connection, 'minimal'));
});

/**
 * Exact copies: a reader that adds and retracts finds every INSERT new, and every row that a change says was there.
 * `COPY_SEEDS=1,2,3` chooses the random workloads.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { CopyingRelay, rowTexts, rowTextsOf } from '../../support/copying-relay.ts';
import { CopyWorkload, createTable, fill, KEY_KINDS, selectTexts } from '../../support/copy-tables.ts';
import { Random } from '../../support/round-trip/random.ts';
import { connectClient, connectClients } from '../../support/copy-clients.ts';
import { uniqueName } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';

const SEEDS = (process.env['COPY_SEEDS'] ?? '1').split(',');
const ROWS = 300;
const EXACT = { isExact: true, chunkBytes: 4 << 10 };

let mysql: MysqlServer;
let admin: Connection;
let clients: Connection[];
beforeAll(async () => {
  mysql = await startMysql({ own: true, progress: () => undefined });
  admin = await connectClient(mysql);
  clients = await connectClients(mysql, 6);
}, 120_000);
afterAll(async () => {
  for (const client of [admin, ...clients]) await client.end();
  await mysql.remove();
});

async function useNew(): Promise<string> {
  const database = uniqueName('exact_');
  await admin.query(`CREATE DATABASE ${database}`);
  for (const client of [admin, ...clients]) await client.query(`USE ${database}`);
  return database;
}

describe.each(SEEDS)('seed %s', (seed) => {
  it.each(['key', 'table'] as const)(
    'every row begins with its INSERT, whenever the relay is killed, with ordering %s (invariant 19)',
    async (ordering) => {
      const random = new Random(`${seed} ${ordering}`);
      const database = await useNew();
      const kinds = [...KEY_KINDS.filter(() => random.chance(0.4)), ...KEY_KINDS.slice(-1)];
      const tables = kinds.map((kind, i) => ({ table: `t${i}`, kind }));
      for (const { table, kind } of tables)
        await admin.query(`${createTable(table, kind)}; ${fill(table, kind, ROWS)}`);
      const sink = new Upserts({ isStrict: true });
      const store = createMemoryCheckpointStore();
      const start = (): CopyingRelay =>
        new CopyingRelay({
          mysql,
          tables: { include: [`${database}.*`] },
          sink,
          store,
          ordering,
          stopTimeoutMs: 0,
          copying: EXACT,
        });
      const workload = new CopyWorkload(clients, tables, random, () => undefined);
      let run = start();
      try {
        for (let kills = 0; kills < 4; kills += 1) {
          await sleep(random.int(200, 2000));
          await run.kill();
          run = start();
        }
        await run.untilCopied(180_000);
        await sleep(500);
        // Once more, of the running relay: what readers have is replaced.
        run.relay.copy({ do: 'copy', patterns: [`${database}.*`] });
        await run.until(({ copies }) => (copies.at(-1)?.tables ?? []).some(({ state }) => state === 'copied'));
        await run.kill();
        run = start();
        await run.untilCopied(180_000);
      } finally {
        await workload.stop();
      }
      await run.untilPublished(admin);
      await run.stop();
      expect(sink.problems.slice(0, 5)).toEqual([]);
      for (const { table, kind } of tables)
        expect(sink.texts(table), `${table} ${kind.name}`).toEqual(await rowTextsOf(admin, selectTexts(table, kind)));
      expect(workload.transactions).toBeGreaterThan(100);
      expect(run.relay.status().copies.map(({ isExact, outcome }) => [isExact, outcome?.copied])).toEqual([
        [true, tables.length],
        [true, tables.length],
      ]);
    },
    400_000,
  );
});

it('a table waits unseen while its copy is paused, and is seen again when that is cancelled', async () => {
  const database = await useNew();
  await admin.query('CREATE TABLE a (id INT PRIMARY KEY, v INT); INSERT INTO a VALUES (1, 1)');
  const sink = new Upserts({ isStrict: true });
  const run = new CopyingRelay({
    mysql,
    tables: { include: [`${database}.*`] },
    sink,
    copying: { ...EXACT, atFirstStart: false },
  });
  await run.untilRunning();
  run.relay.copy({ do: 'copy', patterns: [`${database}.*`] });
  run.relay.copy({ do: 'pause', id: '1' });
  await admin.query('UPDATE a SET v = 2; CREATE TABLE b (id INT PRIMARY KEY); INSERT INTO b VALUES (1)');
  await run.untilPublished(admin);
  expect(sink.texts('a')).toEqual([]);
  expect(sink.texts('b')).toEqual([]);
  run.relay.copy({ do: 'resume', id: '1' });
  await run.untilCopied();
  await admin.query('UPDATE a SET v = 3; INSERT INTO b VALUES (2)');
  await run.untilPublished(admin);
  for (const table of ['a', 'b']) expect(sink.texts(table)).toEqual(await rowTexts(admin, table));
  // One that was asked for is exact, whatever is asked for now; a table that is gone is not waited for.
  run.relay.copy({ do: 'copy', patterns: [`${database}.*`] });
  run.relay.copy({ do: 'pause', id: '2' });
  await admin.query('DROP TABLE b; UPDATE a SET v = 4');
  await run.untilPublished(admin);
  run.relay.copy({ do: 'cancel', id: '2' });
  await admin.query('INSERT INTO a VALUES (7, 7)');
  await run.untilPublished(admin);
  await run.stop();
  expect(sink.problems).toEqual([]);
  // What was withheld is in no message.
  expect(sink.texts('a')).toEqual([JSON.stringify({ id: '1', v: '3' }), JSON.stringify({ id: '7', v: '7' })]);
});

it('a table is copied only when a restart would begin behind its place: an open XA branch keeps it from that', async () => {
  const database = await useNew();
  await admin.query('CREATE TABLE x (id INT PRIMARY KEY, v INT); INSERT INTO x VALUES (1, 1), (2, 2)');
  const sink = new Upserts({ isStrict: true });
  const store = createMemoryCheckpointStore();
  const options = {
    mysql,
    tables: { include: [`${database}.*`] },
    sink,
    store,
    copying: { ...EXACT, atFirstStart: false },
  };
  let run = new CopyingRelay(options);
  await run.untilRunning();
  const [branch] = clients;
  if (branch === undefined) throw new Error('no connection');
  await branch.query("XA START 'b'; UPDATE x SET v = 10 WHERE id = 1; XA END 'b'; XA PREPARE 'b'");
  run.relay.copy({ do: 'copy', patterns: [`${database}.x`] });
  const waits = async (): Promise<void> => {
    await run.until(({ copying }) => copying?.waitsFor?.startsWith('an XA branch is prepared') === true);
  };
  await waits();
  // Readers have the rows by now, and what comes after them.
  await admin.query('UPDATE x SET v = v + 1 WHERE id = 2');
  await run.until(() => sink.texts('x').join().includes('"v":"3"'));
  await run.kill();
  run = new CopyingRelay(options);
  await waits();
  await admin.query("XA COMMIT 'b'");
  await run.untilCopied();
  await run.untilPublished(admin);
  await run.stop();
  expect(sink.problems).toEqual([]);
  expect(sink.texts('x')).toEqual(await rowTexts(admin, 'x'));
});

it('a table that cannot be read is published again, and said to have failed', async () => {
  const database = await useNew();
  await admin.query('CREATE TABLE m (id INT PRIMARY KEY, v INT) ENGINE = MyISAM; INSERT INTO m VALUES (1, 1)');
  const sink = new Upserts({ isStrict: true });
  const run = new CopyingRelay({ mysql, tables: { include: [`${database}.*`] }, sink, copying: EXACT });
  await run.untilCopied();
  await admin.query('INSERT INTO m VALUES (2, 2)');
  await run.untilPublished(admin);
  await run.stop();
  expect(run.relay.status().copies[0]?.tables).toEqual([expect.objectContaining({ table: 'm', state: 'failed' })]);
  expect(sink.texts('m')).toEqual([JSON.stringify({ id: '2', v: '2' })]);
});

/**
 * What a real server does seldom: events of many packets, the widest tables, very many tables at once, many files, a
 * reset, another server.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { Author, expectPublished } from '../../support/author.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { connectMysql } from '../../support/servers.ts';

const TABLES = { include: ['shop.*'], exclude: [], excludeColumns: ['*.*.left_out'] };
const filter = tableFilter(TABLES);

describe('a server of its own', () => {
  let mysql: MysqlServer;
  let author: Author;
  let relay: RecordingRelay;

  beforeAll(async () => {
    mysql = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  }, 300_000);
  afterAll(() => mysql.remove());

  /** Runs `task` with a relay that reads from its beginning on; then `expectPublished` may be asked. */
  async function reading(task: () => Promise<void>): Promise<void> {
    author = await Author.start(mysql, filter);
    relay = await RecordingRelay.start({ mysql, tables: TABLES });
    try {
      await task();
    } finally {
      await relay.stop();
      await author.end();
    }
  }

  async function expectStep(...statements: readonly string[]): Promise<void> {
    const expected = await author.do(statements);
    expect(expected.change.size).toBeGreaterThan(0);
    await relay.until(`${author.serverUuid}:${expected.to}`);
    expectPublished(relay, expected);
  }

  // A packet carries 0xffffff bytes, the first of them not the event's; one that is full is followed by another, which
  // may be empty.
  test('events of one, two and three packets, to the byte', async () => {
    const FULL = 0xffffff;
    await reading(async () => {
      await author.run('CREATE TABLE t (id INT PRIMARY KEY, left_out LONGBLOB, rest INT)');
      await author.run("INSERT INTO t VALUES (0, '', 7)");
      const [around] = await rowsEventSizes(mysql);
      const sizes = [FULL - 2, FULL - 1, FULL, 2 * FULL - 1, 2 * FULL];
      let last = 0;
      for (const [i, bytes] of sizes.entries())
        last = await author.run(`INSERT INTO t VALUES (${i + 1}, REPEAT('x', ${bytes - (around ?? 0)}), ${i})`);
      expect((await rowsEventSizes(mysql)).slice(1)).toEqual(sizes);
      await relay.until(`${author.serverUuid}:${last}`);
      const rows = relay.messages.flatMap(({ body }) => body.data);
      expect(rows.slice(1)).toEqual(sizes.map((_, i) => ({ id: String(i + 1), rest: String(i) })));
    });
  });

  test.each([
    ['InnoDB', 1017],
    ['MyISAM', 4096],
  ])('a table of %s with %i columns', async (engine, count) => {
    const names = Array.from({ length: count - 1 }, (_, i) => `c${i}`);
    const types = ['TINYINT', 'CHAR(1)', 'BIT(1)', 'YEAR'];
    const columns = names.map((name, i) => `${name} ${types[i % 4] ?? ''} NULL`);
    await reading(async () => {
      await author.do({ quiet: `CREATE TABLE t (id INT PRIMARY KEY, ${columns.join()}) ENGINE = ${engine}` });
      await expectStep(`INSERT INTO t VALUES (1, ${names.map((_, i) => (i % 7 === 0 ? 'NULL' : '1')).join()})`);
      await expectStep('INSERT INTO t (id) VALUES (2)');
      await expectStep(`UPDATE t SET c0 = 1, c31 = 2001, c32 = NULL, c33 = 1, c${count - 2} = NULL WHERE id = 1`);
      await expectStep(`UPDATE t SET ${names.map((name) => `${name} = 1`).join()}, id = id + 10`);
      await expectStep('DELETE FROM t');
    });
  });

  test('200 tables in one transaction', async () => {
    const tables = Array.from({ length: 200 }, (_, i) => `t${i}`);
    await reading(async () => {
      for (const [i, name] of tables.entries())
        await author.run(`CREATE TABLE ${name} (id INT PRIMARY KEY, ${i % 2 === 0 ? 'a INT' : 'a CHAR(4), b INT'})`);
      await expectStep(
        'BEGIN',
        ...tables.map((name) => `INSERT INTO ${name} (id, a) VALUES (1, 1), (2, 2)`),
        ...tables.map((name) => `UPDATE ${name} SET a = 3 WHERE id = 2`),
        'COMMIT',
      );
    });
  });

  test('a backlog over many files, and new files while it is read', async () => {
    await reading(async () => {
      const steps = [await author.do({ quiet: 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT)' })];
      for (let n = 0; n < 20; n += 1) {
        steps.push(await author.do('INSERT INTO t (a) VALUES (1), (2)'));
        await author.run(n % 2 === 0 ? 'FLUSH BINARY LOGS' : 'FLUSH LOGS');
      }
      const late = await RecordingRelay.start({ mysql, tables: TABLES, start: { gtidSet: author.gtidSet } });
      try {
        for (let n = 0; n < 5; n += 1) {
          await author.run('FLUSH BINARY LOGS');
          steps.push(await author.do('UPDATE t SET a = a + 1'));
        }
        for (const each of [relay, late]) {
          await each.until(`${author.serverUuid}:${steps.at(-1)?.to ?? 0}`);
          for (const step of steps) expectPublished(each, step);
          expect(each.status().counters.sourceReconnects).toBe(0);
        }
        expect(late.status().lowWaterMark?.file).toBe(relay.status().lowWaterMark?.file);
      } finally {
        await late.stop();
      }
    });
  });

  // The last test: what the others need to know of the server is gone after it.
  test('a binlog that is reset while it is read ends the run', async () => {
    await reading(async () => {
      const { to } = await author.do({ quiet: 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)' });
      await relay.until(`${author.serverUuid}:${to}`);
      await author.run('RESET BINARY LOGS AND GTIDS');
      await author.run('INSERT INTO t VALUES ()');
      expect(await relay.ended).toMatchObject({ code: 'SOURCE_ROLLED_BACK' });
      expect(relay.messages).toEqual([]);
    });
  });
});

test('goes on at a replica that has taken over', async () => {
  const [first, second] = await Promise.all(
    ['first', 'second'].map(() => startMysql({ version: '9.7', own: true, progress: () => undefined })),
  );
  if (first === undefined || second === undefined) throw new Error('no servers');
  const author = await Author.start(first, filter);
  const replica = await connectMysql(second);
  try {
    await replica.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${first.host}', SOURCE_PORT = ${first.port}, SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA`,
    );
    const store = createMemoryCheckpointStore();
    const start = { gtidSet: author.gtidSet };
    const before = await RecordingRelay.start({ mysql: first, tables: TABLES, store, start });
    await author.do({ quiet: 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT)' });
    const steps = [await author.do('INSERT INTO t (a) VALUES (1), (2)')];
    await caughtUp(replica, author.serverUuid, steps[0]?.to ?? 0);
    await replica.query('STOP REPLICA');
    steps.push(await author.do('UPDATE t SET a = 3'));
    await before.until(`${author.serverUuid}:${steps[1]?.to ?? 0}`);
    expect(await before.stop()).toBeUndefined();

    await replica.query('START REPLICA');
    steps.push(await author.do('DELETE FROM t WHERE id = 1'));
    await caughtUp(replica, author.serverUuid, steps[2]?.to ?? 0);
    await replica.query('STOP REPLICA; INSERT INTO shop.t VALUES (100, 100)');
    const after = await RecordingRelay.start({ mysql: second, tables: TABLES, store });
    await after.until(`${author.serverUuid}:${steps[2]?.to ?? 0}`);
    const serverUuid = await uuidOf(second);
    await after.until(`${serverUuid}:1`);
    await after.stop();
    expect(after.messages.map(({ body: { type, source, data } }) => [type, source, data])).toEqual([
      ['DELETE', author.serverUuid, [{ id: '1', a: '3' }]],
      ['INSERT', serverUuid, [{ id: '100', a: '100' }]],
    ]);
  } finally {
    await replica.end();
    await author.end();
    await Promise.all([first.remove(), second.remove()]);
  }
}, 180_000);

/** Of all WRITE_ROWS in the newest file. */
async function rowsEventSizes(mysql: MysqlServer): Promise<number[]> {
  const connection = await connectMysql(mysql);
  try {
    const [status] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    const [events] = await connection.query<RowDataPacket[]>('SHOW BINLOG EVENTS IN ?', [status[0]?.['File']]);
    return events
      .filter((event) => event['Event_type'] === 'Write_rows')
      .map((event) => Number(event['End_log_pos']) - Number(event['Pos']));
  } finally {
    await connection.end();
  }
}

async function caughtUp(replica: Connection, serverUuid: string, gno: number): Promise<void> {
  await replica.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 60)', [`${serverUuid}:1-${gno}`]);
}

async function uuidOf(mysql: MysqlServer): Promise<string> {
  const connection = await connectMysql(mysql);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT @@server_uuid AS uuid');
    return String(rows[0]?.['uuid']);
  } finally {
    await connection.end();
  }
}

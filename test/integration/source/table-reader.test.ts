/** What a copy relies on when it reads tables of real servers. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { isBefore } from '../../../src/binlog/wire/binlog-file.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import { MysqlTableReader } from '../../../src/source/copy/table-reader.ts';
import { identityStatement } from '../../../src/source/mariadb-server.ts';
import type { DefinedTable, KeyBytes, Seen } from '../../../src/source/source.ts';
import { rowPackets } from '../../../src/source/row-packets.ts';
import { connectMysql } from '../../support/servers.ts';

describe.each(['9.7', 'mariadb-10.11'] as const)('%s', (version) => {
  let mysql: MysqlServer;
  let connection: Connection;
  let locking: Connection;
  let renaming: Connection;
  let reader: MysqlTableReader;
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    [connection, locking, renaming] = [await connectMysql(mysql), await connectMysql(mysql), await connectMysql(mysql)];
    await connection.query('CREATE DATABASE shop');
    for (const client of [connection, locking, renaming]) await client.query('USE shop');
    const { host, port, user, password } = mysql;
    const tls = { mode: 'preferred' as const };
    reader = new MysqlTableReader({
      settings: () => ({ host, port, user, password, tls, connectTimeoutMs: 10_000, section: 'source' }),
      published: tableFilter({ include: ['shop.*'], exclude: [], excludeColumns: [] }),
      clock: systemClock,
    });
  }, 120_000);
  afterAll(async () => {
    await reader.close();
    for (const client of [connection, locking, renaming]) await client.end();
    await mysql.remove();
  });

  const end = async (): Promise<Seen> => {
    const statement = version === '9.7' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
    const [[row]] = await connection.query<RowDataPacket[]>(statement);
    const gtidSet = version === '9.7' ? String(row?.['Executed_Gtid_Set']) : '';
    const [[server]] = await connection.query<RowDataPacket[]>(
      identityStatement(version === '9.7' ? 'mysql' : 'mariadb'),
    );
    const serverUuid = String(server?.['id']);
    return { file: String(row?.['File']), offset: Number(row?.['Position']), gtidSet, serverUuid };
  };
  /** Waits until so many connections wait for the lock on the definition of a table. */
  const untilWaiting = async (count: number): Promise<void> => {
    for (;;) {
      const [waiting] = await connection.query<RowDataPacket[]>(
        "SELECT id FROM information_schema.processlist WHERE state LIKE '%metadata lock%'",
      );
      if (waiting.length >= count) return;
      await sleep(5);
    }
  };
  const defined = async (table: string): Promise<DefinedTable> => {
    const definition = await reader.definition({ database: 'shop', table }, await end());
    if (definition === undefined) throw new Error(`no table ${table}`);
    return definition;
  };

  it.each([
    ['a chunk', 'id INT PRIMARY KEY'],
    ['a view', 'id INT'],
  ])('a RENAME that came before the rows of %s stands before its end', async (what, id) => {
    await connection.query(`
      CREATE TABLE t (${id}, v INT); INSERT INTO t VALUES (1, 1);
      CREATE TABLE ghost (${id}, v INT); INSERT INTO ghost VALUES (1, 2)`);
    const definition = await defined('t');
    const seen = await end();
    // Whoever reads passes this lock; the RENAME waits for it, and who reads later waits for the RENAME.
    await locking.query('LOCK TABLES t READ');
    const renamed = renaming.query('RENAME TABLE t TO old, ghost TO t');
    await untilWaiting(1);
    const reading =
      what === 'a view'
        ? reader.view(definition, seen)
        : reader.read({ definition, after: undefined, maxRows: 10, maxBytes: 1 << 20, seen });
    await untilWaiting(2);
    await locking.query('UNLOCK TABLES');
    await renamed;
    const place = await end();
    const read = await reading;
    if ('close' in read) await read.close();
    expect(isBefore(read.end, place)).toBe(false);
    await connection.query('DROP TABLE t, old');
  });

  it('nothing is read of another server than the one that the stream comes from', async () => {
    await connection.query('CREATE TABLE IF NOT EXISTS elsewhere (id INT PRIMARY KEY)');
    const definition = await defined('elsewhere');
    const seen = { ...(await end()), serverUuid: 'another' };
    const chunk = reader.read({ definition, after: undefined, maxRows: 10, maxBytes: 1 << 20, seen });
    await expect(chunk).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('goes on behind a key that is a day of no calendar', async () => {
    await connection.query(`
      SET SESSION sql_mode = 'ALLOW_INVALID_DATES';
      CREATE TABLE days (day DATE PRIMARY KEY);
      INSERT INTO days VALUES ('2020-02-28'), ('2020-02-31'), ('2020-03-01')`);
    const definition = await defined('days');
    const days: string[] = [];
    let after: KeyBytes | undefined;
    for (let isEnd = false; !isEnd && days.length < 5;) {
      const chunk = await reader.read({ definition, after, maxRows: 1, maxBytes: 1 << 20, seen: await end() });
      after = chunk.last;
      isEnd = chunk.isEnd;
      days.push(...(after ?? []).map((value) => value.toString()));
    }
    expect(days).toEqual(['2020-02-28', '2020-02-31', '2020-03-01']);
  });

  it('a read that is under way ends with its connection', async () => {
    await connection.query('CREATE TABLE locked (id INT PRIMARY KEY)');
    const definition = await defined('locked');
    await locking.query('LOCK TABLES locked WRITE');
    const reading = reader.read({ definition, after: undefined, maxRows: 10, maxBytes: 1 << 20, seen: await end() });
    reading.catch(() => undefined);
    await untilWaiting(1);
    await reader.reset();
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    await locking.query('UNLOCK TABLES');
  });

  it('a read that is paused is not taken for one whose server is silent', async () => {
    await connection.query('SET SESSION net_write_timeout = 3600');
    const many = 'SELECT REPEAT("x", 1000) FROM information_schema.columns a, information_schema.columns b LIMIT 20000';
    const client = await connectMysql(mysql);
    let rows = 0;
    let isPaused = false;
    const whole = rowPackets(
      client,
      many,
      () => {
        rows += 1;
        if (rows === 100) {
          isPaused = true;
          client.pause();
          setTimeout(() => {
            isPaused = false;
            client.resume();
          }, 1000);
        }
        return true;
      },
      200,
      () => isPaused,
    );
    expect(await whole).toBe(true);
    expect(rows).toBe(20_000);
    await client.end();
  });
});

/**
 * Transactions of a size that no test run should wait for: by hand, with 10 GB of room in TMPDIR and four minutes of
 * time,
 *
 *   npm run build && LONG=1 npx vitest run --project integration test/e2e/huge.test.ts
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { residentBytes } from '../support/resident-bytes.ts';
import { connectMysql } from '../support/servers.ts';

const isLong = process.env['LONG'] === '1';
const TIMEOUT_MS = 900_000;
const MIB = 1 << 20;
const GIB = 1 << 30;

describe.runIf(isLong)('a huge transaction', () => {
  let mysql: MysqlServer;
  let folder: string;
  let relay: RelayProcess;

  beforeEach(async () => {
    mysql = await startMysql({ own: true, progress: () => undefined });
    folder = await mkdtemp(join(tmpdir(), 'binlog-relay-huge-'));
  });
  afterEach(async () => {
    await relay.kill9();
    await mysql.remove();
    await rm(folder, { recursive: true });
  });

  /**
   * Runs the statements while a relay reads, and waits until `changes` are acknowledged. Returns the most memory that
   * it has taken.
   */
  async function publish(statements: readonly string[], changes: number): Promise<number> {
    const { host, port, relayUser: user, relayPassword: password } = mysql;
    const connection = await connectMysql(mysql);
    const source = { host, port, user, password };
    const config = {
      source,
      tables: { include: ['shop.*'], excludeColumns: ['*.*.left_out'] },
      sink: { type: 'file', path: join(folder, 'out.jsonl') },
    };
    relay = await RelayProcess.start({ folder, config });
    await relay.ready();
    let maxBytes = 0;
    let isOver = false;
    const watching = (async (): Promise<void> => {
      while (!isOver) {
        maxBytes = Math.max(maxBytes, await residentBytes(relay.pid));
        await sleep(100);
      }
    })();
    try {
      for (const statement of statements) await connection.query(statement);
      const { counters } = await relay.until(
        'done',
        ({ counters: { changesAcknowledged }, progress }) => changesAcknowledged >= changes && progress === 'idle',
        TIMEOUT_MS,
      );
      expect(counters.changesAcknowledged).toBe(changes);
    } finally {
      isOver = true;
      await watching;
      await connection.end();
    }
    console.log(`${changes} changes, most memory ${Math.round(maxBytes / MIB)} MiB`);
    return maxBytes;
  }

  it(
    'of 2,000,000 rows takes no more memory than a small one',
    async () => {
      const rows = 2_000_000;
      const most = await publish(
        [
          'CREATE DATABASE shop; USE shop; SET cte_max_recursion_depth = 5000000',
          'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(100), b DECIMAL(12,2))',
          `INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i, REPEAT('x', i % 100), i / 100 FROM n`,
        ],
        rows,
      );
      expect(most).toBeLessThan(256 * MIB);
      const published = new Set<string>();
      for (const line of (await readFile(join(folder, 'out.jsonl'))).toString('latin1').split('\n'))
        for (const [, id = ''] of line.matchAll(/\{"id":"(\d+)"/g)) published.add(id);
      expect(published.size).toBe(rows);
    },
    TIMEOUT_MS,
  );

  it(
    'that makes a file longer than 4 GiB is passed, by the right place, and so is what comes after it',
    async () => {
      // BLACKHOLE logs rows and keeps none.
      const statements = [
        'CREATE DATABASE shop; USE shop',
        'CREATE TABLE t (id INT, left_out LONGBLOB) ENGINE = BLACKHOLE',
        'CREATE TABLE small (id INT PRIMARY KEY)',
        'INSERT INTO small VALUES (1)',
        `INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 75) SELECT i, REPEAT('x', 60000000) FROM n`,
        'INSERT INTO small VALUES (2)',
      ];
      const most = await publish(statements, 77);
      expect(most).toBeLessThan(768 * MIB);
      const connection = await connectMysql(mysql);
      const [files] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS');
      const [status] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
      await connection.end();
      expect(Math.max(...files.map((file) => Number(file['File_size'])))).toBeGreaterThan(4 * GIB);
      expect((await relay.health())?.lowWaterMark).toMatchObject({
        file: status[0]?.['File'] as string,
        offset: Number(status[0]?.['Position']),
      });
    },
    TIMEOUT_MS,
  );
});

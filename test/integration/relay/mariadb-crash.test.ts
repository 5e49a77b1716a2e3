/**
 * A MariaDB that crashes while it writes a transaction leaves half of it in its binlog, and gives its GTID out again.
 * Invariant 17.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { PublishingRun } from '../../support/publishing-run.ts';
import { connectMysql } from '../../support/servers.ts';

const ROWS = 40;
const ROW_BYTES = 15_000_000;
const HALF_BYTES = 20 << 20;

it('publishes what was committed, and nothing of the transaction that never was', async () => {
  const mysql = await startMysql({ version: 'mariadb-10.11', own: true, progress: () => undefined });
  try {
    const connection = await connectMysql(mysql);
    await connection.query('CREATE DATABASE shop; USE shop; CREATE TABLE big (id INT PRIMARY KEY, v LONGTEXT)');
    const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_binlog_pos AS gtids');
    await connection.query("INSERT INTO big VALUES (500, 'before')");
    const { size } = newestBinlog(mysql);
    await connection.query('BEGIN');
    for (let id = 1; id <= ROWS; id += 1)
      await connection.query(`INSERT INTO big VALUES (${id}, REPEAT('x', ${ROW_BYTES}))`);
    const committing = connection.query('COMMIT').catch(() => 'lost');
    while (newestBinlog(mysql).size < size + HALF_BYTES) await sleep(1);
    await mysql.kill9();
    expect(await committing).toBe('lost');
    connection.destroy();

    await mysql.start();
    const after = await connectMysql(mysql);
    const [rows] = await after.query<RowDataPacket[]>('SELECT id FROM shop.big');
    expect(rows.map(({ id }) => Number(id))).toEqual([500]);
    await after.query("INSERT INTO shop.big VALUES (1000, 'after')");
    const run = await PublishingRun.start(mysql, 'shop', { start: { gtidSet: String(row?.['gtids']) } });
    await run.untilPublished(after);
    expect(run.failure).toBeUndefined();
    expect(run.bodies.flatMap(({ data }) => data.map(({ id }) => Number(id)))).toEqual([500, 1000]);
    await run.stop();
    await after.end();
  } finally {
    await mysql.remove();
  }
}, 180_000);

function newestBinlog({ folder }: MysqlServer): { size: number } {
  const data = join(folder, 'data');
  const newest = readdirSync(data)
    .filter((name) => /^binlog\.\d+$/.test(name))
    .sort()
    .at(-1);
  return statSync(join(data, newest ?? ''));
}

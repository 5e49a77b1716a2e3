/**
 * A copy of a size that no test run should wait for: by hand, with 10 GB of room in TMPDIR and ten minutes of time,
 *
 *   npm run build && LONG=1 npx vitest run --project integration test/e2e/huge-copy.test.ts
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { residentBytes } from '../support/resident-bytes.ts';
import { Random } from '../support/round-trip/random.ts';
import { connectMysql } from '../support/servers.ts';

const ROWS = Number(process.env['COPY_ROWS'] ?? 10_000_000);
const TIMEOUT_MS = 1_800_000;
const FIRST_ROWS = 1000;
const CLIENTS = 4;
/** Keys that are written to: those that are there, and some that are not. */
const KEYS = Math.floor(ROWS * 1.1);
const ABSENT = -1;

/** A line of the file: the body of a message. */
interface Body {
  readonly type: string;
  readonly data: readonly { readonly id: string; readonly v: string }[] | null;
}

it.runIf(process.env['LONG'] === '1')(
  'a table of 10,000,000 rows is copied under load, killed twice in the middle, and equal',
  async () => {
    const mysql = await startMysql({
      own: true,
      flags: ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=2G'],
      progress: () => undefined,
    });
    const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-huge-copy-'));
    const connection = await connectMysql(mysql);
    const out = join(folder, 'out.jsonl');
    let relay: RelayProcess | undefined;
    try {
      await fill(connection);
      const start = (): Promise<RelayProcess> =>
        RelayProcess.start({
          folder,
          config: {
            source: {
              host: mysql.host,
              port: mysql.port,
              user: mysql.relayUser,
              password: mysql.relayPassword,
              start: 'copy',
            },
            tables: { include: ['shop.*'] },
            sink: { type: 'file', path: out },
            copy: { rest: 0 },
          },
        });
      const stop = new AbortController();
      const load = Promise.all(Array.from({ length: CLIENTS }, (_, i) => write(mysql, i, stop.signal)));
      const startMs = performance.now();
      let mostBytes = 0;
      for (const share of [0.3, 0.6]) {
        relay = await start();
        await relay.until('on its way', ({ copying }) => (copying?.rows ?? 0) > ROWS * share, TIMEOUT_MS);
        mostBytes = Math.max(mostBytes, await residentBytes(relay.pid));
        await relay.kill9();
      }
      relay = await start();
      const isCopied = ({ copies }: { readonly copies: readonly { readonly endedAt?: string }[] }): boolean =>
        copies.length > 0 && copies.every(({ endedAt }) => endedAt !== undefined);
      await relay.until('done', isCopied, TIMEOUT_MS, 500);
      mostBytes = Math.max(mostBytes, await residentBytes(relay.pid));
      const seconds = (performance.now() - startMs) / 1000;
      stop.abort();
      const transactions = (await load).reduce((sum, count) => sum + count, 0);
      const newest = await newestGtids(connection);
      await relay.until('caught up', ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest), TIMEOUT_MS);
      await relay.stop();
      console.log(
        `${ROWS} rows in ${seconds.toFixed(0)} s beside ${transactions} transactions, most memory ${Math.round(mostBytes / (1 << 20))} MiB`,
      );
      expect(await differences(connection, await replayed(out))).toBe(0);
    } finally {
      await relay?.kill9();
      await connection.end();
      await mysql.remove();
      await rm(folder, { recursive: true });
    }
  },
  TIMEOUT_MS,
);

async function fill(connection: Connection): Promise<void> {
  await connection.query(
    `CREATE DATABASE shop; USE shop; CREATE TABLE orders (id INT PRIMARY KEY, v INT NOT NULL, remark VARCHAR(60))`,
  );
  await connection.query(
    `INSERT INTO orders WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${FIRST_ROWS})
     SELECT n, n, CONCAT('order ', n, ', to be left at the door') FROM s`,
  );
  for (let rows = FIRST_ROWS; rows < ROWS; rows *= 2)
    await connection.query(`INSERT INTO orders SELECT id + ${rows}, v, remark FROM orders WHERE id <= ${ROWS - rows}`);
}

async function write(mysql: Parameters<typeof connectMysql>[0], client: number, stop: AbortSignal): Promise<number> {
  const connection = await connectMysql(mysql, { database: 'shop' });
  const random = new Random(`client ${client}`);
  let transactions = 0;
  for (; !stop.aborted; transactions += 1) {
    const id = random.int(1, KEYS);
    const v = random.int(0, 1e9);
    await connection.query(
      random.pick([
        `UPDATE orders SET v = ${v} WHERE id BETWEEN ${id} AND ${id + 2}`,
        `DELETE FROM orders WHERE id = ${id}`,
        `REPLACE INTO orders VALUES (${id}, ${v}, 'written')`,
      ]),
    );
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  await connection.end();
  return transactions;
}

/** `v` by `id`, as a reader has it that writes by key. */
async function replayed(path: string): Promise<Int32Array> {
  const rows = new Int32Array(KEYS + 10).fill(ABSENT);
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const { type, data } = JSON.parse(text) as Body;
    for (const { id, v } of data ?? []) rows[Number(id)] = type === 'DELETE' ? ABSENT : Number(v);
  }
  return rows;
}

async function differences(connection: Connection, rows: Int32Array): Promise<number> {
  const PAGE = 200_000;
  let count = 0;
  for (let from = 0; from < rows.length; from += PAGE) {
    const [found] = await connection.query<RowDataPacket[]>(
      `SELECT id, v FROM shop.orders WHERE id >= ${from} AND id < ${from + PAGE}`,
    );
    const expected = new Int32Array(PAGE).fill(ABSENT);
    for (const row of found) expected[Number(row['id']) - from] = Number(row['v']);
    for (let i = from; i < Math.min(from + PAGE, rows.length); i += 1) if (rows[i] !== expected[i - from]) count += 1;
  }
  return count;
}

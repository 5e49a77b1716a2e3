/** Rows that were there before the relay, while it is killed, and tables that an operator has copied again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareTables } from '../support/compare.ts';
import { CopyReader } from '../support/copy-reader.ts';
import { RelayProcess } from '../../dev/relay-process.ts';
import { createShop, SHOP_TABLES } from '../../dev/shop.ts';
import type { ShownCopies } from '../../src/cli/copy-text.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { program, type Outcome } from '../support/program.ts';
import {
  connectMysql,
  freshDatabase,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshDatabase,
  type FreshTopic,
} from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 20_000;
const VISITS = 500;
const PATIENCE_MS = 90_000;
const MYSQL = sharedMysql();
const PASSWORD = 'reads tables';

let shop: string;
/** Of the relay: it may read tables only if a test lets it. */
let account: string;
let source: Connection;
let copy: FreshDatabase;
let topic: FreshTopic;
let reader: CopyReader;
let folder: string;
let relay: RelayProcess | undefined;
let load: ShopLoad | undefined;

beforeEach(async () => {
  shop = uniqueName('shop_');
  source = await connectMysql();
  copy = await freshDatabase({ prefix: 'copy' });
  for (const [connection, database] of [
    [source, shop],
    [copy.connection, copy.name],
  ] as const) {
    await createShop(connection, database);
    await connection.query('CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)');
  }
  await fill();
  account = uniqueName('reads_');
  await source.query(`CREATE USER ${account} IDENTIFIED BY '${PASSWORD}'`);
  await source.query(`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${account}`);
  topic = await freshTopic();
  const { endpoint } = sharedRocketmq();
  reader = new CopyReader({ endpoint, topic: topic.topic, group: topic.group, invisibleMs: 10_000 }, MYSQL, copy.name);
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-copy-'));
});

afterEach(async () => {
  await load?.stop();
  await relay?.kill9();
  await reader.stop();
  await source.query(`DROP USER ${account}`);
  await source.query(`DROP DATABASE ${shop}`);
  await source.end();
  await copy.drop();
  await rm(folder, { recursive: true, force: true });
});

it(
  'gives readers every row that was there, although it is killed, and copies tables again when asked',
  { timeout: 300_000 },
  async () => {
    await source.query(`GRANT SELECT ON ${shop}.* TO ${account}`);
    await start();
    load = new ShopLoad(MYSQL, shop, 100, 1);
    for (const least of [ROWS / 2, (3 * ROWS) / 2]) {
      await until('some rows are copied', ({ copies }) => rowsOf(copies) > least);
      await relay?.kill9();
      await start();
      const { copies } = await until('it goes on', ({ copying }) => copying !== null);
      // As far as the last checkpoint had it.
      expect(rowsOf(copies)).toBeGreaterThan(0);
    }
    await until('everything is copied', allEnded);
    await load.stop();
    expect(await equalRows()).toBeGreaterThan(3 * ROWS);

    // What a team has lost of its copy comes again.
    await copy.connection.query('DELETE FROM payments LIMIT 1000');
    await copy.connection.query('DELETE FROM visits LIMIT 100');
    const { stdout: taken } = await command(`${shop}.payments`, `${shop}.vis*`);
    expect(taken).toBe('copy 2 was taken; binlog-relay copy --list shows how far it is\n');
    await until('the second copy has ended', allEnded);
    await equalRows();

    expect((await command(`${shop}.nothing`)).code).toBe(0);
    await until('the third copy has ended', allEnded);
    const { stdout } = await command('--list');
    expect(stdout).toContain(': 4 of 4 tables copied, ');
    expect(stdout).toContain(': 2 of 2 tables copied, ');
    expect(stdout).toContain(': names no published table\n');
    const refused = await command('--cancel', '2');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('COPY_UNKNOWN');
    expect(await relay?.page('/livez')).toBe('200 alive\n');
  },
);

it('says what a first start would lack, and copies nothing then', async () => {
  await start();
  expect((await relay?.exited)?.code).toBe(78);
  expect(await relay?.log()).toContain('SOURCE_GRANT_MISSING');
  const { stdout } = await program(['check', '--config', join(folder, 'relay.yaml')]);
  expect(stdout).toContain('lacks SELECT');
  await source.query(`GRANT SELECT ON ${shop}.* TO ${account}`);
  expect((await program(['check', '--config', join(folder, 'relay.yaml')])).code).toBe(0);
});

/** Small chunks, so that there are many of them to be killed in. */
async function start(): Promise<void> {
  const { host, port } = MYSQL;
  relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user: account, password: PASSWORD, start: 'copy' },
      tables: { include: [`${shop}.*`] },
      sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
      copy: { chunkBytes: '64KiB', rest: 0, maxThreadsRunning: 1000 },
    },
  });
}

async function shown(): Promise<ShownCopies> {
  const page = await relay?.page('/copies').catch(() => undefined);
  return page?.startsWith('200 ') === true ? (JSON.parse(page.slice(4)) as ShownCopies) : { copies: [], copying: null };
}

const rowsOf = (copies: ShownCopies['copies']): number =>
  copies
    .flatMap(({ tables = [], outcome }): readonly { readonly rows: number }[] =>
      outcome === undefined ? tables : [outcome],
    )
    .reduce((sum, { rows }) => sum + rows, 0);

const allEnded = ({ copies }: ShownCopies): boolean =>
  copies.length > 0 && copies.every(({ endedAt }) => endedAt !== undefined);

async function until(what: string, holds: (now: ShownCopies) => boolean): Promise<ShownCopies> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const now = await shown();
    if (holds(now)) return now;
    if (performance.now() > deadlineMs)
      throw new Error(
        `waited in vain until ${what}: ${JSON.stringify(now)}\n${(await relay?.log())?.slice(-3000) ?? ''}`,
      );
    await ms(20);
  }
}

async function command(...args: readonly string[]): Promise<Outcome> {
  return program(['copy', ...args, '--url', (await relay?.address()) ?? '']);
}

/** Waits until both sides are equal, every value of every table. */
async function equalRows(): Promise<number> {
  const newest = await newestGtids(source);
  await relay?.until('up to date', ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest), PATIENCE_MS);
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    await reader.idle();
    const { rows, difference } = await compareTables(
      { connection: source, database: shop },
      { connection: copy.connection, database: copy.name },
      [...SHOP_TABLES, 'visits'],
    );
    if (difference === undefined) return rows;
    if (performance.now() > deadlineMs) throw new Error(`the copy differs: ${JSON.stringify(difference)}`);
    await ms(500);
  }
}

/** The shop after some years. */
async function fill(): Promise<void> {
  await source.query(`SET SESSION cte_max_recursion_depth = ${ROWS}`);
  const numbers = (count: number): string =>
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  for (const statement of [
    `INSERT INTO orders (order_no, user_id, amount, attributes, remark)
     ${numbers(ROWS)} SELECT CONCAT('OLD-', i), i MOD 977, i / 100, JSON_OBJECT('n', i), REPEAT('é', i MOD 50) FROM n`,
    `INSERT INTO order_items ${numbers(ROWS)} SELECT i, 1, CONCAT('sku-', i MOD 9999), i MOD 7, i / 10, i / 3 FROM n`,
    `INSERT INTO payments (id, order_id, method, flags, receipt)
     ${numbers(ROWS)} SELECT CONCAT('old-', i), i, 'card', 'gift', UNHEX(LEFT(SHA2(i, 256), 32)) FROM n`,
    `INSERT INTO visits ${numbers(VISITS)} SELECT NOW(6), CONCAT('old-', i MOD 100) FROM n`,
  ])
    await source.query<RowDataPacket[]>(statement);
}

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));

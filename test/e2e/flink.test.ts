/**
 * The topic as tables of Flink: real MySQL, relay and RocketMQ, and integrations/flink in a real Flink. What it has of
 * every table is compared with MySQL, value by value.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import { createShop, fillShop, SHOP_TABLES } from '../../dev/shop.ts';
import { buildConnector, FlinkRun, LinesTable, whyNoFlink } from '../support/flink.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { program } from '../support/program.ts';
import {
  connectMysql,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshTopic,
} from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 15_000;
const PATIENCE_MS = 240_000;
const FAIL_AT = 12_000;
const MYSQL = sharedMysql();
const TABLES = [...SHOP_TABLES, 'kinds'] as const;
type TableName = (typeof TABLES)[number];
const KEY_COLUMNS: Readonly<Record<TableName, number>> = { orders: 1, order_items: 2, payments: 1, kinds: 1 };

/** Of every type that Flink has a type for. */
const KINDS = `CREATE TABLE kinds (
  id INT UNSIGNED PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, su SMALLINT UNSIGNED, m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT,
  b BIGINT, bu BIGINT UNSIGNED, flag BOOL, d DECIMAL(38,10), d65 DECIMAL(65,30), f FLOAT, g DOUBLE, b1 BIT(1), b9 BIT(9), b64 BIT(64),
  c CHAR(8), vc VARCHAR(50) CHARACTER SET gbk, tx TEXT, lt LONGTEXT, bn BINARY(4), vb VARBINARY(300), bl BLOB, e ENUM('new','paid'), st SET('a','b','c'), j JSON,
  dt DATE, t0 TIME, t6 TIME(6), dtm DATETIME, dtm6 DATETIME(6), ts TIMESTAMP NULL, ts3 TIMESTAMP(3) NULL, y YEAR, p POINT)`;
const EXTREMES = `INSERT INTO kinds VALUES
  (1, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, -9223372036854775808, 18446744073709551615, TRUE,
   -9999999999999999999999999999.9999999999, 12345678901234567890123456789012345.123456789012345678901234567890, 16777215, -1e-300, b'1', b'101010101', b'${'1'.repeat(64)}',
   'a"b', '请尽快', '第一\\n行 😀', '', x'01', x'00ff61', x'', 'paid', 'a,c', '{"z": 1.50, "a": [null, "é"]}',
   '9999-12-31', '-838:59:59', '-00:00:00.000001', '1000-01-01 00:00:00', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999', 2155, ST_PointFromText('POINT(1 -2)')),
  (4294967295, 127, 0, 32767, 0, 8388607, 0, 2147483647, 9223372036854775807, 0, FALSE, 0.0000000001, 0, 1.1, 1.7976931348623157e308, b'0', b'0', b'0',
   '', NULL, REPEAT('long ', 6000), NULL, NULL, REPEAT('v', 290), REPEAT('b', 3000), 'new', '', 'null', '2024-02-29', '838:59:59', '12:34:56.789012',
   '2024-02-29 12:00:00', '2024-02-29 12:00:00.5', NULL, NULL, 0, NULL),
  (7${', NULL'.repeat(36)})`;

const reason = await whyNoFlink();
if (reason !== undefined) console.error(`SKIPPED test/e2e/flink.test.ts: ${reason}`);

describe.skipIf(reason !== undefined)('the connector for Flink', () => {
  let shop: string;
  let source: Connection;
  let topic: FreshTopic;
  let folder: string;
  let relay: RelayProcess | undefined;
  let load: ShopLoad | undefined;
  const runs: FlinkRun[] = [];

  beforeAll(async () => {
    await buildConnector();
    shop = uniqueName('shop_');
    source = await connectMysql();
    await createShop(source, shop);
    await source.query('CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)');
    await source.query("SET time_zone = '+00:00'");
    await fillShop(source, ROWS);
    await source.query(KINDS);
    await source.query(EXTREMES);
    topic = await freshTopic();
    folder = await mkdtemp(join(tmpdir(), 'binlog-relay-flink-'));
  }, 900_000);

  afterEach(async () => {
    await Promise.all(runs.splice(0).map((flink) => flink.stop()));
  });

  afterAll(async () => {
    await load?.stop();
    await relay?.kill9();
    await source.query(`DROP DATABASE ${shop}`);
    await source.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('has every row that was there and every change, over kills of the relay and a failure of the job', async () => {
    await startRelay();
    load = new ShopLoad(MYSQL, shop, 60, 1);
    const flink = await start('live', await script('live', {}, FAIL_AT));
    const live = tables('live');
    for (const least of [ROWS / 3, ROWS]) {
      await until('some rows are there', flink, () => {
        live.orders.readOn();
        return live.orders.changes > least;
      });
      await startRelay();
    }
    await source.query(
      'UPDATE kinds SET t = 1, d = d + 1, vc = NULL, j = JSON_OBJECT("n", id), ts3 = NULL WHERE id < 10',
    );
    await source.query('INSERT INTO kinds (id) VALUES (8); DELETE FROM kinds WHERE id = 7');
    await until('the copy has ended', flink, async () =>
      ((await relay?.health())?.copies ?? []).some(({ endedAt }) => endedAt !== undefined),
    );
    await load.stop();
    await expectEqual('live', flink);
    expect(flink.output).toContain('a failure of the test');
  }, 600_000);

  it('ends where the topic ends when it is bounded, and sees all messages without a gap', async () => {
    const newest = await newestGtids(source);
    await relay?.until(
      'up to date',
      ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest),
      PATIENCE_MS,
    );
    const flink = await start('end', await script('end', { 'scan.bounded.mode': 'latest-offset', filter: 'reader' }));
    expect(await flink.exited, flink.output.slice(-4000)).toBe(0);
    await expectEqual('end', flink);
  }, 300_000);

  it.each([
    ['topic', 'does not exist'],
    ['group', 'does not exist. Create it: mqadmin updateSubGroup'],
  ])(
    'stops for good when the %s is missing, and says so',
    async (what, says) => {
      const flink = await start(what, await script(what, { [what]: 'nobody-made-this' }));
      expect(await flink.exited, flink.output.slice(-4000)).not.toBe(0);
      expect(flink.output).toContain('nobody-made-this');
      expect(flink.output).toContain(says);
    },
    200_000,
  );

  /** Instead of the one that runs. */
  async function startRelay(): Promise<void> {
    await relay?.kill9();
    const { host, port, user, password } = MYSQL;
    relay = await RelayProcess.start({
      folder,
      config: {
        source: { host, port, user, password, start: 'copy' },
        tables: { include: [`${shop}.*`] },
        sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
        copy: { chunkBytes: '128KiB', rest: 0, maxThreadsRunning: 1000 },
        publish: { progress: '1s' },
      },
    });
    await relay.ready();
  }

  async function start(name: string, sql: string): Promise<FlinkRun> {
    const flink = await FlinkRun.start(folder, name, sql);
    runs.push(flink);
    return flink;
  }

  /** The tables as `binlog-relay flink-ddl` prints them, with `more` options, each written to a file. */
  async function script(name: string, more: Readonly<Record<string, string>>, failAt = 0): Promise<string> {
    const printed = await program([
      'flink-ddl',
      ...TABLES.map((table) => `${shop}.${table}`),
      ...['--config', join(folder, 'relay.yaml'), '--group', topic.group, '--name-server', sharedRocketmq().namesrv],
    ]);
    expect(printed.code, printed.stderr).toBe(0);
    let ddl = printed.stdout;
    for (const [key, value] of Object.entries(more)) {
      ddl = ddl.replace(new RegExp(`^  '${key}' = .*\\n`, 'gm'), '');
      ddl = ddl.replaceAll("'format' =", `'${key}' = '${value}',\n  'format' =`);
    }
    const sink = (table: TableName): string =>
      `CREATE TABLE ${table}_lines WITH ('connector' = 'lines', 'path' = '${fileOf(name, table)}'` +
      `${table === 'orders' ? `, 'fail-at' = '${failAt}'` : ''}) LIKE ${table} (EXCLUDING OPTIONS);\n`;
    return [
      "SET 'execution.checkpointing.interval' = '1 s';",
      "SET 'execution.checkpointing.storage' = 'filesystem';",
      `SET 'execution.checkpointing.dir' = 'file://${folder}/checkpoints-${name}';`,
      // Nobody would wait for so many.
      "SET 'restart-strategy.type' = 'fixed-delay';",
      "SET 'restart-strategy.fixed-delay.attempts' = '1000000';",
      "SET 'restart-strategy.fixed-delay.delay' = '100 ms';",
      "SET 'table.exec.source.cdc-events-duplicate' = 'true';",
      "SET 'parallelism.default' = '1';",
      ddl,
      ...TABLES.map(sink),
      `EXECUTE STATEMENT SET BEGIN ${TABLES.map((table) => `INSERT INTO ${table}_lines SELECT * FROM ${table};`).join(' ')} END;`,
    ].join('\n');
  }

  const fileOf = (name: string, table: TableName): string => join(folder, `${name}-${table}.jsonl`);
  function tables(name: string): Readonly<Record<TableName, LinesTable>> {
    const of = (table: TableName): LinesTable => new LinesTable(fileOf(name, table), KEY_COLUMNS[table]);
    return { orders: of('orders'), order_items: of('order_items'), payments: of('payments'), kinds: of('kinds') };
  }

  async function until(what: string, flink: FlinkRun, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (flink.hasEnded || performance.now() > deadlineMs)
        throw new Error(`waited in vain until ${what} (ended: ${flink.hasEnded}):\n${flink.output.slice(-6000)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function expectEqual(name: string, flink: FlinkRun): Promise<void> {
    const copies = tables(name);
    let difference = '';
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (const table of TABLES) {
      do {
        copies[table].readOn();
        difference = differenceOf(table, await rowsOf(table), copies[table]);
        if (difference !== '') await new Promise((resolve) => setTimeout(resolve, 500));
      } while (difference !== '' && performance.now() < deadlineMs);
      expect(difference, flink.output.slice(-4000)).toBe('');
    }
    expect(copies.orders.rows.size).toBeGreaterThan(ROWS / 2);
  }

  /** MySQL's own text of every value; bytes in base64, a FLOAT as the DOUBLE that it is, behind `~`. */
  async function rowsOf(table: TableName): Promise<(string | null)[][]> {
    const [columns] = await source.query<RowDataPacket[]>(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
      [shop, table],
    );
    const texts = columns.map(({ name, type }) => {
      const column = `\`${String(name)}\``;
      if (/binary|blob|point/.test(String(type))) return `REPLACE(TO_BASE64(${column}), '\\n', '')`;
      if (type === 'bit') return `CAST(${column} + 0 AS CHAR)`;
      if (type === 'year') return `CAST(${column} + 0 AS CHAR)`;
      if (type === 'float') return `CONCAT('~', CAST(${column} AS DOUBLE))`;
      return `CAST(${column} AS CHAR)`;
    });
    const [rows] = await source.query<RowDataPacket[]>({
      sql: `SELECT ${texts.join()} FROM \`${shop}\`.${table}`,
      rowsAsArray: true,
    });
    return rows as unknown as (string | null)[][];
  }
});

/** '' when all rows are there, and no others. */
function differenceOf(table: TableName, source: readonly (string | null)[][], copy: LinesTable): string {
  const left = new Map(copy.rows);
  for (const row of source) {
    const key = JSON.stringify(row.slice(0, KEY_COLUMNS[table]));
    const other = left.get(key);
    if (other === undefined || !row.every((value, i) => isSame(value, other[i] ?? null)))
      return `${table}: MySQL has ${JSON.stringify(row)}, Flink ${JSON.stringify(other)}`;
    left.delete(key);
  }
  const [more] = left.values();
  return more === undefined ? '' : `${table}: Flink has ${JSON.stringify(more)} too`;
}

/** Texts, or numbers that are the same however they are written. */
function isSame(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (a.startsWith('~')) return Math.fround(Number(a.slice(1))) === Math.fround(Number(b));
  const isNumber = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/;
  return isNumber.test(a) && isNumber.test(b) && /[.eE]/.test(a + b) && Number(a) === Number(b);
}

/**
 * The topic as tables of Flink: real MySQL, relay and RocketMQ, and integrations/flink in a real Flink. What it has of
 * every table is compared with MySQL, value by value.
 */
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import {
  createEngineShop,
  ENGINE_TABLES,
  KEY_COLUMNS,
  removeEngineShop,
  type EngineTable,
} from '../support/engine-shop.ts';
import { buildConnector, FlinkRun, LinesTable } from '../support/flink.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { whyNoMaven } from '../support/maven.ts';
import { program } from '../support/program.ts';
import { isSameText, rowTexts, type TextRow } from '../support/engine-tables.ts';
import { sharedMysql, sharedRocketmq, type FreshTopic } from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 15_000;
const PATIENCE_MS = 240_000;
const FAIL_AT = 12_000;
const MYSQL = sharedMysql();

const reason = await whyNoMaven();
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
    ({ shop, source, topic, folder } = await createEngineShop(ROWS));
  }, 900_000);

  afterEach(async () => {
    await Promise.all(runs.splice(0).map((flink) => flink.stop()));
  });

  afterAll(async () => {
    await load?.stop();
    await relay?.kill9();
    await removeEngineShop({ shop, source, folder });
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
      ...ENGINE_TABLES.map((table) => `${shop}.${table}`),
      ...['--config', join(folder, 'relay.yaml'), '--group', topic.group, '--name-server', sharedRocketmq().namesrv],
    ]);
    expect(printed.code, printed.stderr).toBe(0);
    let ddl = printed.stdout;
    for (const [key, value] of Object.entries(more)) {
      ddl = ddl.replace(new RegExp(`^  '${key}' = .*\\n`, 'gm'), '');
      ddl = ddl.replaceAll("'format' =", `'${key}' = '${value}',\n  'format' =`);
    }
    const sink = (table: EngineTable): string =>
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
      ...ENGINE_TABLES.map(sink),
      `EXECUTE STATEMENT SET BEGIN ${ENGINE_TABLES.map((table) => `INSERT INTO ${table}_lines SELECT * FROM ${table};`).join(' ')} END;`,
    ].join('\n');
  }

  const fileOf = (name: string, table: EngineTable): string => join(folder, `${name}-${table}.jsonl`);
  function tables(name: string): Readonly<Record<EngineTable, LinesTable>> {
    const of = (table: EngineTable): LinesTable => new LinesTable(fileOf(name, table), KEY_COLUMNS[table]);
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
    for (const table of ENGINE_TABLES) {
      do {
        copies[table].readOn();
        difference = differenceOf(table, await rowTexts(source, shop, table), copies[table]);
        if (difference !== '') await new Promise((resolve) => setTimeout(resolve, 500));
      } while (difference !== '' && performance.now() < deadlineMs);
      expect(difference, flink.output.slice(-4000)).toBe('');
    }
    expect(copies.orders.rows.size).toBeGreaterThan(ROWS / 2);
  }
});

/** '' when all rows are there, and no others. */
function differenceOf(table: EngineTable, source: readonly TextRow[], copy: LinesTable): string {
  const left = new Map(copy.rows);
  for (const row of source) {
    const key = JSON.stringify(row.slice(0, KEY_COLUMNS[table]));
    const other = left.get(key);
    if (other === undefined || !row.every((value, i) => isSameText(value, other[i] ?? null)))
      return `${table}: MySQL has ${JSON.stringify(row)}, Flink ${JSON.stringify(other)}`;
    left.delete(key);
  }
  const [more] = left.values();
  return more === undefined ? '' : `${table}: Flink has ${JSON.stringify(more)} too`;
}

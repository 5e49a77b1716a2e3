/**
 * The topic as tables of Iceberg: real MySQL, relay, RocketMQ, Iceberg, Spark and HDFS. What the lake has of every
 * table is compared with MySQL, value by value.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess, type Health } from '../../dev/relay-process.ts';
import { createEngineShop, ENGINE_TABLES, removeEngineShop } from '../support/engine-shop.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import {
  Hdfs,
  lakeTools,
  rowsOfOutput,
  runPython,
  whyNoLake,
  type LakeTools,
  type PrintedRow,
  type Ran,
} from '../support/lake.ts';
import { sharedMysql, sharedRocketmq, type FreshTopic } from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 50_000;
const PATIENCE_MS = 240_000;
const MYSQL = sharedMysql();

const reason = await whyNoLake();
if (reason !== undefined) console.error(`SKIPPED test/e2e/lake-spark.test.ts: ${reason}`);

describe.skipIf(reason !== undefined)('the topic in a data lake', () => {
  let tools: LakeTools;
  let shop: string;
  let source: Connection;
  let topic: FreshTopic;
  let folder: string;
  let relay: RelayProcess | undefined;

  beforeAll(async () => {
    tools = await lakeTools();
    ({ shop, source, topic, folder } = await createEngineShop(ROWS));
    await fillTopic();
  }, 1_800_000);

  afterAll(async () => {
    await relay?.kill9();
    await removeEngineShop({ shop, source, folder });
  });

  it('makes tables of Iceberg without a JVM, killed just before a commit', async () => {
    const config = await lakeConfig('table');
    const env = icebergIn(join(folder, 'warehouse'));
    await mkdir(join(folder, 'warehouse'));
    const killed = await runPython(tools, ['table_killed.py', config, '6'], env);
    expect(killed.code, killed.stderr.slice(-6000)).toBe(9);
    const once = await runPython(
      tools,
      ['-m', 'binlog_relay_lake', 'table', '--config', config, '--until', 'latest'],
      env,
    );
    expect(once.code, once.stderr.slice(-6000)).toBe(0);
    const printed = await runPython(tools, ['print_iceberg.py', shop, ...ENGINE_TABLES], env);
    expect(printed.code, printed.stderr.slice(-6000)).toBe(0);
    await expectEqual(rowsOfOutput(printed.stdout));
  }, 300_000);

  it('merges the landed change log in HDFS by Spark, killed between two tables', async () => {
    const landed = join(folder, 'landed');
    const config = await lakeConfig('land', `target: ${landed}`, 'roll: { bytes: 512KiB }');
    const land = await runPython(tools, ['-m', 'binlog_relay_lake', 'land', '--config', config, '--until', 'latest']);
    expect(land.code, land.stderr.slice(-6000)).toBe(0);
    await mkdir(join(folder, 'hdfs'));
    const hdfs = await Hdfs.start(tools, join(folder, 'hdfs'));
    try {
      const merge = (mode: string): Promise<Ran> =>
        runPython(tools, ['spark_landed.py', mode, tools.jars, hdfs.url, landed, shop, ...ENGINE_TABLES]);
      const killed = await merge('die');
      expect(killed.code, killed.stderr.slice(-6000)).toBe(9);
      const printed = await merge('print');
      expect(printed.code, printed.stderr.slice(-6000)).toBe(0);
      await expectEqual(rowsOfOutput(printed.stdout));
    } finally {
      await hdfs.stop();
    }
  }, 600_000);

  it('merges the topic as a stream of Spark, killed between two tables', async () => {
    const env = {
      BINLOG_RELAY_NAME_SERVER: sharedRocketmq().namesrv,
      BINLOG_RELAY_TOPIC: topic.topic,
      BINLOG_RELAY_GROUP: topic.group,
    };
    const stream = (mode: string): Promise<Ran> =>
      runPython(tools, ['spark_streamed.py', mode, tools.jars, join(folder, 'stream'), shop, ...ENGINE_TABLES], env);
    const killed = await stream('die');
    expect(killed.code, killed.stderr.slice(-6000)).toBe(9);
    const printed = await stream('print');
    expect(printed.code, printed.stderr.slice(-6000)).toBe(0);
    await expectEqual(rowsOfOutput(printed.stdout));
  }, 600_000);

  it('passes its own tests', async () => {
    const files = ['values', 'iceberg_table', 'table', 'spark_merge'].map((name) => `../test_${name}.py`);
    const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...files];
    const { code, stdout } = await runPython(tools, args, { BINLOG_RELAY_LAKE_JARS: tools.jars });
    expect(code, stdout.slice(-4000)).toBe(0);
    expect(stdout).not.toContain('skipped');
  }, 900_000);

  /** Copies, changes beside them, statements, and a relay that is killed twice. */
  async function fillTopic(): Promise<void> {
    await startRelay();
    const load = new ShopLoad(MYSQL, shop, 60, 1);
    for (const least of [10_000, 30_000]) {
      await relay?.until('some rows are copied', ({ counters }) => counters.rowsCopied > least, PATIENCE_MS);
      await startRelay();
    }
    await source.query(
      'UPDATE kinds SET t = 1, d = d + 1, vc = NULL, j = JSON_OBJECT("n", id), ts3 = NULL WHERE id < 10',
    );
    await source.query('INSERT INTO kinds (id) VALUES (8); DELETE FROM kinds WHERE id = 7');
    await source.query('UPDATE orders SET remark = "again" WHERE id % 7 = 0; DELETE FROM orders WHERE id % 50 = 3');
    await copiesHaveEnded(1);
    await source.query('TRUNCATE payments; ALTER TABLE kinds ADD extra INT NOT NULL DEFAULT 5');
    await source.query("INSERT INTO payments (id, order_id, method) VALUES ('a', 1, 1), ('b', 2, 2), ('c', 3, 3)");
    const asked = await fetch(`${(await relay?.address()) ?? ''}/copy`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ tables: [`${shop}.kinds`] }),
    });
    expect(asked.ok, await asked.text()).toBe(true);
    await copiesHaveEnded(2);
    await load.stop();
    const newest = await newestGtids(source);
    await relay?.until(
      'all is sent',
      ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest),
      PATIENCE_MS,
    );
  }

  async function copiesHaveEnded(count: number): Promise<void> {
    const haveEnded = ({ copies }: Health): boolean =>
      copies.filter(({ endedAt }) => endedAt !== undefined).length >= count;
    await relay?.until(`${count} copies have ended`, haveEnded, PATIENCE_MS);
  }

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
        ddl: 'inline',
        copy: { chunkBytes: '128KiB', rest: 0, maxThreadsRunning: 1000 },
        publish: { progress: '1s' },
      },
    });
    await relay.ready();
  }

  /** Of binlog-relay-lake, in a file. */
  async function lakeConfig(name: string, ...more: readonly string[]): Promise<string> {
    const path = join(folder, `${name}.yaml`);
    const lines = [
      `source: { nameServer: "${sharedRocketmq().namesrv}", topic: ${topic.topic}, group: ${topic.group} }`,
      `tables: { include: ["${shop}.*"] }`,
      'iceberg: { withoutKey: skip, commitRows: 40000 }',
      ...more,
    ];
    await writeFile(path, lines.join('\n'));
    return path;
  }

  async function expectEqual(copy: ReadonlyMap<string, readonly PrintedRow[]>): Promise<void> {
    for (const table of ENGINE_TABLES) {
      const rows = (await rowsOf(table)).map(canonical).sort();
      expect(rows.length).toBeGreaterThan(2);
      const others = (copy.get(table) ?? []).map(canonical).sort();
      const isThere = new Set(others);
      const missing = rows.find((row) => !isThere.has(row));
      expect(missing, `${table}, of which the lake has ${others.length} rows, and MySQL ${rows.length}`).toBe(
        undefined,
      );
      expect(others.length, table).toBe(rows.length);
    }
  }

  /** MySQL's own text of every value; bytes in base64, a FLOAT as the DOUBLE that it is. */
  async function rowsOf(table: string): Promise<PrintedRow[]> {
    const [columns] = await source.query<RowDataPacket[]>(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
      [shop, table],
    );
    const texts = columns.map(({ name, type }) => {
      const column = `\`${String(name)}\``;
      const text = /binary|blob|point|vector/.test(String(type))
        ? `REPLACE(TO_BASE64(${column}), '\\n', '')`
        : /bit|year/.test(String(type))
          ? `CAST(${column} + 0 AS CHAR)`
          : `CAST(${type === 'float' ? `CAST(${column} AS DOUBLE)` : column} AS CHAR)`;
      return `${text} AS ${column}`;
    });
    const [rows] = await source.query<RowDataPacket[]>(`SELECT ${texts.join()} FROM \`${shop}\`.${table}`);
    return rows;
  }
});

/** The environment in which pyiceberg keeps its tables in a folder. */
function icebergIn(folder: string): Readonly<Record<string, string>> {
  return {
    PYICEBERG_CATALOG__DEFAULT__TYPE: 'sql',
    PYICEBERG_CATALOG__DEFAULT__URI: `sqlite:///${folder}/catalog.db`,
    PYICEBERG_CATALOG__DEFAULT__WAREHOUSE: `file://${folder}`,
  };
}

/** The same text for the same values, however numbers and fractions of seconds are written. */
function canonical(row: PrintedRow): string {
  const values = Object.entries(row).map(([column, value]) => [column, value === null ? null : canonicalText(value)]);
  return JSON.stringify(values);
}

function canonicalText(text: string): string {
  if (/^-?\d+(\.\d+)?e[-+]?\d+$/i.test(text) || /^-?\d{1,15}\.\d{1,17}$/.test(text)) return String(Number(text));
  return text.replace(/(\d\d:\d\d:\d\d)\.(\d*?)0+$/, (_, time: string, rest: string) =>
    rest === '' ? time : `${time}.${rest}`,
  );
}

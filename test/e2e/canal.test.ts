/**
 * The topic in the hands of Canal's users: its client's connector for RocketMQ and the conversion of canal-adapter
 * (integrations/canal) read it, and what they have of every table is compared with MySQL, value by value.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import {
  createEngineShop,
  ENGINE_TABLES,
  KEY_COLUMNS,
  removeEngineShop,
  type EngineTable,
} from '../support/engine-shop.ts';
import { buildCanalReader, CanalReader, type CanalMessage } from '../support/canal.ts';
import { columnsOf, isSameText, rowTexts, type EngineColumn } from '../support/engine-tables.ts';
import { whyNoMaven } from '../support/maven.ts';
import { sharedMysql, sharedRocketmq, type FreshTopic } from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 10_000;
const PATIENCE_MS = 120_000;
const MYSQL = sharedMysql();

const reason = await whyNoMaven();
if (reason !== undefined) console.error(`SKIPPED test/e2e/canal.test.ts: ${reason}`);

describe.skipIf(reason !== undefined)('a consumer of Canal', () => {
  let shop: string;
  let source: Connection;
  let topic: FreshTopic;
  let folder: string;
  let relay: RelayProcess | undefined;
  let reader: CanalReader | undefined;
  let load: ShopLoad | undefined;

  beforeAll(async () => {
    await buildCanalReader();
    ({ shop, source, topic, folder } = await createEngineShop(ROWS));
  }, 900_000);

  afterAll(async () => {
    await load?.stop();
    await reader?.stop();
    await relay?.kill9();
    await removeEngineShop({ shop, source, folder });
  });

  it('has every row that was there and every change, over kills of the relay', { timeout: 400_000 }, async () => {
    await startRelay();
    load = new ShopLoad(MYSQL, shop, 60, 1);
    const canal = new CanalReader(sharedRocketmq().namesrv, topic.topic, topic.group);
    reader = canal;
    const rows = (): number => canal.messages.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
    for (const least of [ROWS / 3, ROWS]) {
      await until('some rows are there', () => rows() > least);
      await startRelay();
    }
    await source.query('UPDATE kinds SET t = 1, d = d + 1, vc = NULL, j = JSON_OBJECT("n", id) WHERE id < 10');
    await source.query('UPDATE kinds SET id = 9 WHERE id = 7; INSERT INTO kinds (id) VALUES (8)');
    await until('the copy has ended', async () =>
      ((await relay?.health())?.copies ?? []).some(({ endedAt }) => endedAt !== undefined),
    );
    await load.stop();
    for (const table of ENGINE_TABLES) {
      let difference = '';
      await until('all rows are there', async () => {
        difference = await differenceOf(table, canal.messages);
        return difference === '' || canal.hasEnded;
      }).catch((error: unknown) => {
        throw new Error(difference, { cause: error });
      });
      expect(difference, canal.stderr.slice(-4000)).toBe('');
    }
    expect(canal.messages.filter(({ adapter, data }) => !isDeepStrictEqual(adapter, data))).toEqual([]);
  });

  /** Instead of the one that runs, configured as docs/readers.md says for Canal. */
  async function startRelay(): Promise<void> {
    await relay?.kill9();
    const { host, port, user, password } = MYSQL;
    relay = await RelayProcess.start({
      folder,
      config: {
        source: { host, port, user, password, start: 'copy' },
        tables: { include: [`${shop}.*`] },
        sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
        publish: { binary: 'latin1' },
        copy: { chunkBytes: '128KiB', rest: 0, maxThreadsRunning: 1000 },
      },
    });
    await relay.ready();
  }

  async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (reader?.hasEnded === true || performance.now() > deadlineMs)
        throw new Error(`waited in vain until ${what}:\n${reader?.stderr.slice(-6000)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** '' when all rows are there, and no others. */
  async function differenceOf(table: EngineTable, messages: readonly CanalMessage[]): Promise<string> {
    const columns = await columnsOf(source, shop, table);
    const copy = new Map<string, readonly (string | null)[]>();
    for (const { table: of, type, pkNames, data, old } of messages) {
      if (of !== table || data === null) continue;
      data.forEach((row, i) => {
        const keyOf = (values: Readonly<Record<string, string | null>>): string =>
          JSON.stringify((pkNames ?? []).map((name) => values[name] ?? null));
        copy.delete(keyOf({ ...row, ...old?.[i] }));
        if (type !== 'DELETE')
          copy.set(
            keyOf(row),
            columns.map((column) => asMysql(column, row[column.name] ?? null)),
          );
      });
    }
    for (const row of await rowTexts(source, shop, table)) {
      const key = JSON.stringify(row.slice(0, KEY_COLUMNS[table]));
      const values = copy.get(key);
      if (values === undefined) return `${table}: only MySQL has ${key}`;
      const at = row.findIndex((value, i) => !isSameText(value, values[i] ?? null));
      if (at >= 0) return `${table} ${key}, ${columns[at]?.name}: MySQL has ${row[at]}, Canal ${values[at]}`;
      copy.delete(key);
    }
    const [more] = copy.values();
    return more === undefined ? '' : `${table}: Canal has ${JSON.stringify(more)} too`;
  }

  const asMysql = ({ isBytes, type }: EngineColumn, value: string | null): string | null => {
    if (value === null) return null;
    // Canal writes the year 0 as 0000.
    if (type === 'year') return String(Number(value));
    return isBytes ? Buffer.from(value, 'latin1').toString('base64') : value;
  };
});

/**
 * The topic landed as a change log in Parquet: real MySQL, relay and RocketMQ, and integrations/lake in a real Python.
 * Relay and lander are killed again and again; what is landed is compared with the topic, change by change, and folded
 * by key with MySQL, value by value.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess, type Health } from '../../dev/relay-process.ts';
import { createEngineShop, ENGINE_TABLES, removeEngineShop, type EngineTable } from '../support/engine-shop.ts';
import { drainTopic } from '../support/drain-topic.ts';
import { holdsGtids, newestGtids } from '../support/gtids.ts';
import { lake, LAKE_PROJECT, lakePython, PythonProcess, whyNoPython } from '../support/lander.ts';
import { sharedMysql, sharedRocketmq, type FreshTopic } from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';

const ROWS = 12_000;
const LANDER_KILLS = 6;
const PATIENCE_MS = 240_000;
const MYSQL = sharedMysql();

type Row = Readonly<Record<string, string | null>>;

/** A row of the change log. */
interface Landed {
  readonly lane: string;
  readonly table: string;
  readonly kind: string;
  readonly id: string;
  readonly copy: string | null;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly key: readonly string[] | null;
}

const reason = await whyNoPython();
if (reason !== undefined) console.error(`SKIPPED test/e2e/lake.test.ts: ${reason}`);

describe.skipIf(reason !== undefined)('the lander', () => {
  let python: string;
  let shop: string;
  let source: Connection;
  let topic: FreshTopic;
  let folder: string;
  let relay: RelayProcess | undefined;
  let load: ShopLoad | undefined;
  let lander: PythonProcess | undefined;

  beforeAll(async () => {
    python = await lakePython();
    ({ shop, source, topic, folder } = await createEngineShop(ROWS));
    await sharedRocketmq().createGroup('binlog-relay-lake', { ordered: false });
  }, 900_000);

  afterAll(async () => {
    await lander?.signal('SIGKILL');
    await load?.stop();
    await relay?.kill9();
    await removeEngineShop({ shop, source, folder });
  });

  it('lands every change once and in order, over kills of the relay and of itself', async () => {
    await startRelay();
    load = new ShopLoad(MYSQL, shop, 50, 1);
    for (let kill = 1; kill <= LANDER_KILLS; kill += 1) {
      lander = await start('land');
      const files = await countFiles();
      await until(`files are landed, ${kill} of ${LANDER_KILLS}`, async () => (await countFiles()) > files + 2);
      if (kill % 2 === 0) await startRelay();
      if (kill === 3) {
        await source.query(
          'UPDATE kinds SET t = 1, d = d + 1, vc = NULL, j = JSON_OBJECT("n", id), ts3 = NULL WHERE id < 10',
        );
        await source.query('REPLACE INTO kinds (id) VALUES (8); DELETE FROM kinds WHERE id = 7');
      }
      await lander.signal('SIGKILL');
    }
    lander = await start('land');
    const hasCopied = ({ copies }: Health): boolean => copies.some(({ endedAt }) => endedAt !== undefined);
    await relay?.until('done with the copy', hasCopied, PATIENCE_MS);
    await load.stop();
    const newest = await newestGtids(source);
    await relay?.until(
      'up to date',
      ({ lowWaterMark }) => holdsGtids(lowWaterMark?.gtidSet ?? '', newest),
      PATIENCE_MS,
    );
    // Before it has begun, a signal ends it as it ends any program.
    const isReading = (): Promise<boolean> => Promise.resolve(lander?.stderr.includes('reading on') === true);
    await until('the lander reads on', isReading);
    expect((await lander.signal('SIGTERM')).code, lander.stderr).toBe(0);
    // Its progress messages would have no end.
    await relay?.stop();
    expect((await (await start('land', '--until', 'latest')).ended).code).toBe(0);

    const landed = await readLanded();
    await expectEveryChangeOnce(landed);
    for (const table of ENGINE_TABLES) await expectSame(table, foldByKey(table, landed));
    expect(await readFile(join(folder, 'lake.prom'), 'utf8')).toMatch(/^binlog_relay_lake_backlog_messages.* 0$/m);
  }, 600_000);

  it('has nothing more to do, and check says so', async () => {
    const before = await countFiles();
    expect((await (await start('land', '--until', 'latest')).ended).code).toBe(0);
    expect(await countFiles()).toBe(before);
    const checked = await (await start('check')).ended;
    expect(checked.code, checked.stderr).toBe(0);
    expect(checked.stdout).toContain(`${before} files without a hole`);
    expect(checked.stdout.match(/landed up to [0-9]+, 0 messages to go/g)).toHaveLength(8);
  }, 120_000);

  it.each([
    [{ topic: 'nobody-made-this' }, 'TOPIC_MISSING', 'nobody-made-this'],
    [{ group: 'nobody-made-this' }, 'GROUP_MISSING', 'mqadmin updateSubGroup'],
    [{ nameServer: '127.0.0.1:1' }, 'NAME_SERVER_UNREACHABLE', '127.0.0.1:1'],
  ])('ends with 78 and the reason: %j', async (more, code, says) => {
    const file = lakeConfig();
    const wrong = { ...file, source: { ...file.source, ...more } };
    const ended = await (await lake(python, folder, wrong, ['land'])).ended;
    expect(ended.code, ended.stderr).toBe(78);
    expect(ended.stderr).toContain(code);
    expect(ended.stderr).toContain(says);
  });

  it('passes its own tests', async () => {
    const tests = ['frames', 'remoting', 'changes', 'torn', 'patterns', 'repeats', 'config', 'landed', 'lander', 'cli'];
    const files = tests.map((name) => join('tests', `test_${name}.py`));
    const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...files];
    const { code, stdout } = await new PythonProcess(python, args, { cwd: LAKE_PROJECT }).ended;
    expect(code, stdout.slice(-4000)).toBe(0);
  }, 600_000);

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

  function lakeConfig(): { readonly source: Readonly<Record<string, string>> } & Readonly<Record<string, unknown>> {
    return {
      source: { nameServer: sharedRocketmq().namesrv, topic: topic.topic },
      tables: { exclude: ['*.visits'] },
      target: `file://${folder}/landed`,
      roll: { age: '300ms' },
      metricsFile: join(folder, 'lake.prom'),
    };
  }

  const start = (...args: readonly string[]): Promise<PythonProcess> => lake(python, folder, lakeConfig(), args);

  async function countFiles(): Promise<number> {
    const target = join(folder, 'landed');
    if (!existsSync(target)) return 0;
    const names = await readdir(target, { recursive: true });
    return names.filter((name) => /^landed=.*\.parquet$/.test(name)).length;
  }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (lander?.hasEnded === true || performance.now() > deadlineMs)
        throw new Error(`waited in vain until ${what}:\n${lander?.stderr.slice(-6000) ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function readLanded(): Promise<readonly Landed[]> {
    const program = join(LAKE_PROJECT, 'tests', 'e2e', 'print_landed.py');
    const { code, stdout, stderr } = await new PythonProcess(python, [program, `file://${folder}/landed`]).ended;
    expect(code, stderr).toBe(0);
    const lines = stdout.split('\n').slice(0, -1);
    return lines.map((line) => {
      const [lane, table, kind, id, copy, before, after, key] = JSON.parse(line) as [
        string,
        string,
        string,
        string,
        string | null,
        Row | null,
        Row | null,
        string[] | null,
      ];
      return { lane, table, kind, id, copy, before, after, key };
    });
  }

  /** Of the topic, with its repeats, each change where it came first: in each lane and table the same as landed. */
  async function expectEveryChangeOnce(landed: readonly Landed[]): Promise<void> {
    const ends = new Map<number, bigint>();
    const checked = await (await start('check')).ended;
    for (const [, queue = '', end = ''] of checked.stdout.matchAll(/queue broker-a:(\d+): landed up to (\d+), 0 /g))
      ends.set(Number(queue), BigInt(end));
    expect(ends.size).toBe(8);
    const left = new Set(ends.keys());
    const messages = await drainTopic({
      ...topic,
      until: (soFar) => {
        const last = soFar.at(-1);
        if (last !== undefined && last.offset + 1n >= (ends.get(last.queue) ?? 0n)) left.delete(last.queue);
        return left.size === 0;
      },
      timeoutMs: PATIENCE_MS,
    });
    const published = new Map<string, Set<string>>();
    let repeats = 0;
    for (const { lane, body, properties } of messages) {
      if (properties.get('rows') === '0' || properties.get('table') === 'visits') continue;
      const { table, source, changes } = JSON.parse(body.toString()) as {
        readonly table: string;
        readonly source: string;
        readonly changes: readonly string[];
      };
      const ids = idsOf(published, lane, table);
      for (const change of changes) {
        repeats += ids.has(`${source}:${change}`) ? 1 : 0;
        ids.add(`${source}:${change}`);
      }
    }
    const found = new Map<string, Set<string>>();
    const rows = landed.filter(({ kind }) => ['INSERT', 'UPDATE', 'DELETE'].includes(kind));
    for (const { lane, table, id } of rows) {
      const ids = idsOf(found, lane, table);
      expect(ids.has(id), `${lane} ${table} ${id} stands there twice`).toBe(false);
      ids.add(id);
    }
    expect([...found.keys()].sort()).toEqual([...published.keys()].sort());
    for (const [place, ids] of published) expect([...(found.get(place) ?? [])], place).toEqual([...ids]);
    console.error(`lake.test.ts: ${rows.length} rows landed, ${repeats} repeats in the topic were not`);
    expect(rows.length).toBeGreaterThan(ROWS);
  }

  function foldByKey(table: string, landed: readonly Landed[]): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const change of landed) {
      if (change.table !== table || change.key === null) continue;
      const row = change.after ?? change.before ?? {};
      const key = JSON.stringify(change.key.map((column) => row[column]));
      if (change.after === null) rows.delete(key);
      else rows.set(key, change.after);
    }
    return rows;
  }

  async function expectSame(table: EngineTable, copy: Map<string, Row>): Promise<void> {
    const keys = table === 'order_items' ? 2 : 1;
    const [columns] = await source.query<RowDataPacket[]>(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
      [shop, table],
    );
    const names = columns.map(({ name }) => String(name));
    const texts = columns.map(({ name, type }) => textOf(String(name), String(type)));
    const [rows] = await source.query<RowDataPacket[]>({
      sql: `SELECT ${texts.join()} FROM \`${shop}\`.${table}`,
      rowsAsArray: true,
    });
    for (const row of rows as unknown as (string | null)[][]) {
      const key = JSON.stringify(row.slice(0, keys));
      const values = names.map((name) => copy.get(key)?.[name]);
      const isSame = row.every((value, index) => isSameText(value, values[index]));
      expect(isSame, `${table}: MySQL has ${JSON.stringify(row)}, landed is ${JSON.stringify(values)}`).toBe(true);
      copy.delete(key);
    }
    expect([...copy.values()], `${table}: what MySQL does not have`).toEqual([]);
  }
});

/** The text that docs/message-format.md says; a FLOAT, which MySQL does not print to the bit, behind `~`. */
function textOf(name: string, type: string): string {
  const column = `\`${name}\``;
  if (/binary|blob|point|vector/.test(type)) return `REPLACE(TO_BASE64(${column}), '\\n', '')`;
  if (type === 'bit') return `CAST(${column} + 0 AS CHAR)`;
  if (type === 'float') return `CONCAT('~', CAST(${column} AS DOUBLE))`;
  if (type === 'double') return `CONCAT('=', ${column})`;
  return `CAST(${column} AS CHAR)`;
}

function isSameText(source: string | null, landed: string | null | undefined): boolean {
  if (source === null || landed === null || landed === undefined) return source === landed;
  if (source.startsWith('~')) return Math.fround(Number(source.slice(1))) === Math.fround(Number(landed));
  if (source.startsWith('=')) return Number(source.slice(1)) === Number(landed);
  return source === landed;
}

function idsOf(places: Map<string, Set<string>>, lane: string, table: string): Set<string> {
  const place = `${lane} ${table}`;
  const ids = places.get(place) ?? new Set();
  places.set(place, ids);
  return ids;
}

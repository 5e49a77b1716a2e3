/**
 * XA branches on a real server, in every way they can end, while the relay is killed: the copy has what the source has
 * committed.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MessageBody } from '../support/replay.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';
import { XaLoad } from '../support/xa-load.ts';

const MYSQL = sharedMysql();
const SEED = 20_261_123;
const ROUNDS = 4;
const TABLES = ['a', 'b'];

let db: FreshDatabase;
let folder: string;
let relay: RelayProcess;

beforeEach(async () => {
  db = await freshDatabase({ prefix: 'xa' });
  for (const table of TABLES) await db.connection.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, v MEDIUMTEXT)`);
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-xa-'));
});
afterEach(async () => {
  await relay.kill9();
  await db.drop();
  await rm(folder, { recursive: true });
});

// 1 MiB is held at most, a quarter of it by branches: some go to files.
it.each([undefined, '1MiB'])(
  'keeps a copy equal through random branches and kills; heldBytes: %s',
  async (heldBytes) => {
    await start(heldBytes);
    const load = new XaLoad(MYSQL, db.name, SEED);
    await load.fill(db.connection);
    for (let round = 0; round < ROUNDS; round += 1) {
      await load.run(40);
      if (round === ROUNDS - 1) break;
      await relay.kill9();
      await start(heldBytes);
    }
    // What is prepared is not there, here as on the source.
    expect(load.open).toBeGreaterThan(0);
    await relay.until('idle, with open branches', ({ progress }) => progress === 'idle');
    const health: unknown = JSON.parse((await relay.page('/healthz'))?.replace(/^\d+ /, '') ?? '');
    expect(health).toMatchObject({ healthy: true, openXaBranches: expect.any(Array) as unknown });
    expect((health as { openXaBranches: unknown[] }).openXaBranches).toHaveLength(load.open);
    expect(await copied()).toEqual(await expected());

    await load.endAll();
    await untilDrained();
    expect(await copied()).toEqual(await expected());
    expect(load.counts.committed).toBeGreaterThan(20);
    expect(load.counts.rolledBack).toBeGreaterThan(10);
    expect(await relay.stop()).toEqual({ code: 0, signal: null });
    console.log('xa:', load.counts, `${(await lines()).length} messages`);
  },
);

async function start(heldBytes: string | undefined): Promise<void> {
  const { host, port, relayUser, relayPassword } = MYSQL;
  relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user: relayUser, password: relayPassword },
      tables: { include: [`${db.name}.*`] },
      sink: { type: 'file', path: join(folder, 'messages') },
      ...(heldBytes !== undefined && { limits: { heldBytes, messageBytes: '32KiB' } }),
    },
  });
  await relay.ready();
}

/** The low-water mark has passed everything that was committed by now. */
async function untilDrained(): Promise<void> {
  const [[row]] = await db.connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS executed');
  for (let left = 300; left > 0; left -= 1) {
    const { lowWaterMark } = await relay.ready();
    const [[answer]] = await db.connection.query<RowDataPacket[]>('SELECT GTID_SUBSET(?, ?) AS reached', [
      String(row?.['executed']),
      lowWaterMark?.gtidSet ?? '',
    ]);
    if (answer?.['reached'] === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the relay did not catch up in 30 s');
}

async function lines(): Promise<MessageBody[]> {
  const text = await readFile(join(folder, 'messages'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as MessageBody);
}

type Content = Readonly<Record<string, readonly (readonly [string, string])[]>>;

/** What a reader has who takes each change once, in the order of the file. */
async function copied(): Promise<Content> {
  const tables = new Map(TABLES.map((table) => [table, new Map<string, string>()]));
  const seen = new Set<string>();
  for (const { table, type, source, changes, data } of await lines()) {
    const rows = tables.get(table);
    for (const [i, change] of changes.entries()) {
      const id = `${table} ${source}:${change}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const key = data[i]?.['id'] ?? '';
      if (type === 'DELETE') rows?.delete(key);
      else rows?.set(key, data[i]?.['v'] ?? '');
    }
  }
  return Object.fromEntries(Array.from(tables, ([table, rows]) => [table, Array.from(rows).sort(byId)]));
}

async function expected(): Promise<Content> {
  const content: Record<string, readonly (readonly [string, string])[]> = {};
  for (const table of TABLES) {
    const [rows] = await db.connection.query<RowDataPacket[]>(`SELECT id, v FROM ${table} ORDER BY id`);
    content[table] = rows.map((row) => [String(row['id']), String(row['v'])] as const);
  }
  return content;
}

const byId = ([a]: readonly [string, string], [b]: readonly [string, string]): number => Number(a) - Number(b);

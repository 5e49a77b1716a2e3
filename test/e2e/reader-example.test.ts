/** The library as teams use it: examples/reader in a process of its own, on what the real relay publishes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import { readChanges, type Change } from '../../src/reader/library.ts';
import {
  freshDatabase,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshDatabase,
  type FreshTopic,
} from '../support/servers.ts';
import { expectNoNewHandles, handles } from '../support/sink/handles.ts';

const PROGRAM = join(import.meta.dirname, '../../examples/reader/orders.mjs');
let folder = '';
let db: FreshDatabase;
let topic: FreshTopic;
let relay: RelayProcess | undefined;
const readers: Reader[] = [];

class Reader {
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(group: string) {
    const child = spawn(process.execPath, [PROGRAM, sharedRocketmq().endpoint, topic.topic, group]);
    child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    this.#child = child;
    readers.push(this);
  }

  get lines(): readonly string[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^\S+ /, ''));
  }

  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }
}

async function startRelay(): Promise<void> {
  const { host, port, relayUser, relayPassword } = sharedMysql();
  relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user: relayUser, password: relayPassword },
      tables: { include: [`${db.name}.*`] },
      sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
    },
  });
  await relay.ready();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-reader-'));
  db = await freshDatabase({ prefix: 'reader' });
  await db.connection.query(
    'CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, status VARCHAR(20), total DECIMAL(12,2)); CREATE TABLE visits (id INT PRIMARY KEY)',
  );
  topic = await freshTopic();
  await startRelay();
});
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()));
});
afterAll(async () => {
  await relay?.kill9();
  await db.drop();
  await rm(folder, { recursive: true, force: true });
});

it('prints what happens to orders, stops when it is told, and goes on where it was', async () => {
  const { connection } = db;
  const reader = new Reader(topic.group);
  await connection.query(
    "INSERT INTO orders VALUES (18446744073709551615, 'new', 12.5); INSERT INTO visits VALUES (1)",
  );
  await connection.query("UPDATE orders SET status = 'paid'");
  await connection.query('DELETE FROM orders');
  const id = 'id=18446744073709551615';
  await expect
    .poll(() => reader.lines, { timeout: 30_000 })
    .toEqual([
      `new ${id} {"id":"18446744073709551615","status":"new","total":"12.50"}`,
      `changed ${id} status: new → paid`,
      `gone ${id}`,
    ]);
  await expect(reader.stop()).resolves.toBe(0);
  expect(reader.stderr).toBe('');

  await connection.query("INSERT INTO orders VALUES (2, 'new', 1)");
  const next = new Reader(topic.group);
  await expect
    .poll(() => next.lines, { timeout: 30_000 })
    .toEqual(['new id=2 {"id":"2","status":"new","total":"1.00"}']);
  await expect(next.stop()).resolves.toBe(0);
});

it('says what is wrong with a group that is missing, and what to do', async () => {
  const reader = new Reader(uniqueName('nobody-'));
  await expect(reader.exited).resolves.toBe(78);
  expect(reader.stderr).toContain('GROUP_MISSING: The consumer group nobody-');
  expect(reader.stderr).toContain('Create it: mqadmin updateSubGroup');
});

it('gives a change again whose loop was left, and each once over a kill of the relay', async () => {
  const group = uniqueName('library-');
  await sharedRocketmq().createGroup(group, { ordered: true });
  const options = { endpoint: sharedRocketmq().endpoint, topic: topic.topic, group };
  const { connection } = db;
  const before = handles();
  const seen: Change[] = [];
  for await (const change of readChanges(options)) {
    seen.push(change);
    if (seen.length === 3) break;
  }
  await expectNoNewHandles(before);

  const ids: string[] = [];
  const numbers = Array.from({ length: 200 }, (_, i) => i + 100);
  let hasBeenKilled = false;
  for await (const change of readChanges(options)) {
    if (change.kind === 'progress') continue;
    ids.push(`${change.table} ${change.id}`);
    if (!hasBeenKilled) {
      hasBeenKilled = true;
      for (const number of numbers) await connection.query("INSERT INTO orders VALUES (?, 'new', 1)", [number]);
      await relay?.kill9();
      await startRelay();
      await connection.query("INSERT INTO orders VALUES (999, 'last', 1)");
    }
    // Other lanes may still bring theirs: 200 orders, the last one, and what came before.
    if (ids.length === 200 + 1 + 5 - 2) break;
  }
  expect(new Set(ids).size).toBe(ids.length);
  expect(seen.slice(0, 2).some((change) => 'id' in change && ids.includes(`${change.table} ${change.id}`))).toBe(false);
  expect(seen.slice(2).every((change) => 'id' in change && ids.includes(`${change.table} ${change.id}`))).toBe(true);
});

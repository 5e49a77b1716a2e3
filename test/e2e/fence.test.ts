/** Invariant 18: nothing is stored or sent by a relay that another has replaced. Two processes, real servers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RelayProcess } from '../../dev/relay-process.ts';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { lockNameOf } from '../../src/source/lock.ts';
import { expectRefusal, Place, Program, type Message } from '../support/program.ts';
import { connectMysql, freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';

const TABLE = 'CREATE TABLE t (id INT PRIMARY KEY)';
const MYSQL = sharedMysql();
const opened: FreshDatabase[] = [];
afterAll(() => Promise.all(opened.map((db) => db.drop().catch(() => undefined))));

async function shop(mysql = MYSQL): Promise<FreshDatabase> {
  const db = await freshDatabase({ prefix: 'fence', mysql });
  opened.push(db);
  await db.connection.query(TABLE);
  return db;
}

const ids = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap(({ data }) => data.map((row) => Number(row['id'])));
const insert = ({ connection }: FreshDatabase, id: number): Promise<unknown> =>
  connection.query('INSERT INTO t VALUES (?)', [id]);
async function publish(relay: Program, db: FreshDatabase, id: number): Promise<void> {
  await insert(db, id);
  await relay.until(() => ids(relay.messages()).includes(id));
}

/** The same folder under another name: for MySQL's lock, another checkpoint. */
async function alias(place: Place, name = 'alias'): Promise<{ readonly checkpoint: { readonly path: string } }> {
  await mkdir(place.checkpoint, { recursive: true });
  const path = join(place.folder, name);
  await symlink(place.checkpoint, path);
  return { checkpoint: { path } };
}

describe('a folder', () => {
  it('that a relay has is refused to another one, by whatever name, and free at once after kill -9', async () => {
    const db = await shop();
    const place = await Place.create(MYSQL, `${db.name}.*`);
    const first = place.run();
    await first.reading();
    await publish(first, db, 1);
    await place.configure(await alias(place));
    expectRefusal(await place.run().outcome(), 1, 'CHECKPOINT_LOCKED', [
      'another relay is running',
      'process ',
      'checkpoint.path',
    ]);
    expect((await new Program(['checkpoint', 'show', '--path', place.checkpoint]).outcome()).code).toBe(0);
    expect((await place.check()).code).toBe(0);
    await publish(first, db, 2);
    first.signal('SIGKILL');
    await first.outcome();
    await place.session((relay) => publish(relay, db, 3));
  });

  // Processes do not see one another there; ids are given out again.
  it.skipIf(spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0)(
    'is refused from another container, too, and free after a while when the relay there was killed with it',
    async () => {
      const db = await shop();
      const place = await Place.create(MYSQL, `${db.name}.*`);
      const inContainer = (): Program =>
        new Program(['run', '--config', place.config], {}, [
          'unshare',
          '--pid',
          '--fork',
          '--kill-child',
          '--mount-proc',
        ]);
      const first = inContainer();
      await first.reading();
      await publish(first, db, 1);
      await place.configure(await alias(place));
      expectRefusal(await inContainer().outcome(), 1, 'CHECKPOINT_LOCKED', ['another relay is running']);
      await publish(first, db, 2);
      first.signal('SIGKILL');
      await first.outcome();
      const second = inContainer();
      await second.reading();
      await publish(second, db, 3);
      second.signal('SIGKILL');
      await second.outcome();
    },
  );
});

it('sends and stores nothing from the moment on in which another session has the lock, and ends', async () => {
  const db = await shop();
  const place = await Place.create(MYSQL, `${db.name}.*`);
  const relay = place.run();
  await relay.reading();
  await publish(relay, db, 1);
  const root = await connectMysql(MYSQL);
  const thief = await connectMysql(MYSQL);
  const name = lockNameOf(`stdout ${place.checkpoint}`);
  const theft = thief.query<RowDataPacket[]>('SELECT GET_LOCK(?, 60) AS taken', [name]);
  await expect.poll(async () => (await states(root)).includes('User lock')).toBe(true);
  const [[holder]] = await root.query<RowDataPacket[]>('SELECT IS_USED_LOCK(?) AS id', [name]);
  await root.query(`KILL ${String(holder?.['id'])}`);
  const [[answer]] = await theft;
  expect(answer?.['taken']).toBe(1);
  await sleep(200);
  const stored = await readFile(join(place.checkpoint, 'checkpoint.json'), 'utf8');
  for (let id = 2; id < 40; id += 1) {
    await insert(db, id);
    await sleep(50);
  }
  const outcome = await relay.outcome();
  expectRefusal(outcome, 1, 'SOURCE_LOCKED', ['another relay works on this checkpoint']);
  expect(outcome.stderr).toContain('the lock is not confirmed: nothing is sent or stored until it is');
  expect(ids(relay.messages())).toEqual([1]);
  expect(await readFile(join(place.checkpoint, 'checkpoint.json'), 'utf8')).toBe(stored);
  await Promise.all([root.end(), thief.end()]);
  // Nothing is missing for the next one.
  const next = place.run();
  await next.until(() => ids(next.messages()).includes(39));
  await next.stop();
  const missing = Array.from({ length: 38 }, (_, n) => n + 2).filter((id) => !ids(next.messages()).includes(id));
  expect(missing).toEqual([]);
});

it('goes on by itself when only the connection with the lock was killed', async () => {
  const db = await shop();
  const place = await Place.create(MYSQL, `${db.name}.*`);
  await place.session(async (relay) => {
    await publish(relay, db, 1);
    const root = await connectMysql(MYSQL);
    const name = lockNameOf(`stdout ${place.checkpoint}`);
    for (let id = 2; id < 6; id += 1) {
      let holder = 'null';
      // What was published may have been under way before the lock was lost.
      await expect
        .poll(async () => {
          const [[row]] = await root.query<RowDataPacket[]>('SELECT IS_USED_LOCK(?) AS id', [name]);
          return (holder = String(row?.['id']));
        })
        .not.toBe('null');
      await root.query(`KILL ${holder}`);
      await publish(relay, db, id);
    }
    await root.end();
  });
});

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker())('a relay on a server, and one on its replica', () => {
  let source: MysqlServer;
  let replica: MysqlServer;
  let db: FreshDatabase;
  let onReplica: Connection;

  beforeAll(async () => {
    [source, replica] = await Promise.all([
      startMysql({ own: true, mysqlx: true, progress: () => undefined }),
      startMysql({ own: true, progress: () => undefined }),
    ]);
    onReplica = await connectMysql(replica);
    const onSource = await connectMysql(source);
    await onSource.query(
      "CREATE USER keeper IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO keeper; RESET BINARY LOGS AND GTIDS",
    );
    await onSource.end();
    await onReplica.query(
      `RESET BINARY LOGS AND GTIDS; CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${source.host}', SOURCE_PORT = ${source.port},
        SOURCE_USER = '${source.relayUser}', SOURCE_PASSWORD = '${source.relayPassword}', SOURCE_AUTO_POSITION = 1,
        GET_SOURCE_PUBLIC_KEY = 1; START REPLICA`,
    );
    db = await shop(source);
    await db.connection.query('CREATE DATABASE relay_state');
    while (!(await databases(onReplica)).includes('relay_state')) await sleep(50);
  });
  afterAll(async () => {
    await onReplica.end();
    await db.connection.end();
    await Promise.all([source.remove(), replica.remove()]);
  });

  it('do not both work on one folder', async () => {
    const place = await Place.create(source, `${db.name}.*`);
    const first = place.run();
    await first.reading();
    await publish(first, db, 1);
    await place.configure({ source: { port: replica.port } });
    expectRefusal(await place.run().outcome(), 1, 'CHECKPOINT_LOCKED', ['another relay is running']);
    await publish(first, db, 2);
    await first.stop();
    await place.session((relay) => publish(relay, db, 3));
  });

  it('do not both work on one document, and its epoch never goes back', async () => {
    const checkpoint = {
      type: 'mysqlx',
      host: source.host,
      port: source.mysqlxPort,
      user: 'keeper',
      password: 'pw',
      schema: 'relay_state',
      name: 'orders',
      interval: '100ms',
    };
    const place = await Place.create(source, `${db.name}.*`, { checkpoint });
    const first = place.run();
    await first.reading();
    await publish(first, db, 11);
    const epochs: number[] = [];
    const watching = new AbortController();
    const watched = watch(db.connection, epochs, watching.signal);
    await place.configure({ source: { port: replica.port } });
    const second = place.run();
    // The second begins in between two saves of the first, and has it then; or the first stores something before.
    await Promise.race([first.outcome(), second.outcome()]);
    const [survivor, ended] = first.hasEnded ? [second, await first.outcome()] : [first, await second.outcome()];
    if (survivor === second)
      expectRefusal(ended, 78, 'CHECKPOINT_TAKEN', ['another relay has taken over', 'checkpoint.name']);
    else expectRefusal(ended, 1, 'CHECKPOINT_LOCKED', ['another relay is running on', 'checkpoint.name']);
    for (let id = 12; id < 30; id += 1) await publish(survivor, db, id);
    watching.abort();
    await watched;
    expect((await survivor.stop()).code).toBe(0);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(epochs.at(-1)).toBe(survivor === second ? 2 : 1);
  });
});

it('says that the disk of the checkpoint hangs, publishes on meanwhile, and ends when it is told to', async () => {
  const db = await shop();
  const { folder } = await Place.create(MYSQL, `${db.name}.*`);
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: { host: MYSQL.host, port: MYSQL.port, user: MYSQL.relayUser, password: MYSQL.relayPassword },
      tables: { include: [`${db.name}.*`] },
      sink: { type: 'file', path: join(folder, 'changes.jsonl') },
    },
  });
  await relay.ready();
  await insert(db, 1);
  await relay.until('publishing', ({ counters }) => counters.changesAcknowledged === 1);
  await sleep(1500);
  // To open it waits until somebody reads it, which nobody ever does.
  execFileSync('mkfifo', [join(folder, 'checkpoint', 'checkpoint.json.tmp')]);
  await insert(db, 2);
  const { parts } = await relay.until('hanging', (health) => !health.parts.checkpoint.ok);
  expect(parts.checkpoint.reason).toContain('did not answer within 10 s');
  await insert(db, 3);
  await relay.until('publishing', ({ counters }) => counters.changesAcknowledged === 3);
  expect(await relay.page('/readyz')).toBe('200 ready\n');
  relay.signal('SIGTERM');
  const exit = await Promise.race([relay.exited, sleep(30_000).then(() => undefined)]);
  expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await relay.log()).toContain('stopped, but not in order');
});

async function states(connection: Connection): Promise<readonly unknown[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
  return rows.map((process) => process['State'] as unknown);
}

async function databases(connection: Connection): Promise<readonly unknown[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW DATABASES');
  return rows.map((row) => row['Database'] as unknown);
}

/** Looks at the stored epoch as often as it can. */
async function watch(connection: Connection, epochs: number[], ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const [[row]] = await connection.query<RowDataPacket[]>(
      "SELECT doc->>'$.current' AS current FROM relay_state.binlog_relay_checkpoints WHERE _id = 'orders'",
    );
    const { epoch } = JSON.parse(String(row?.['current'])) as { readonly epoch: number };
    epochs.push(epoch);
    await sleep(5);
  }
}

/** The checkpoint in a MySQL server, by the program: src/checkpoint/mysql.ts and mysqlx.ts. */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts';
import {
  expectRefusal,
  Place,
  printed,
  program,
  type Message,
  type Outcome,
  type Program,
} from '../support/program.ts';
import { connectMysql, freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';

let mysql: MysqlServer;
let sql: Connection;

const KEEPER =
  "CREATE USER keeper IDENTIFIED BY 'keeper-secret'; GRANT SELECT, INSERT, UPDATE, CREATE ON relay.* TO keeper";

beforeAll(async () => {
  mysql = await startMysql({ own: true, mysqlx: true, progress: () => undefined });
  sql = await connectMysql(mysql);
  await sql.query(
    `CREATE DATABASE relay; CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY); ${KEEPER}`,
  );
});

afterAll(async () => {
  await sql.end();
  await mysql.remove();
});

interface Kind {
  readonly type: string;
  /** Where the record of a name stands, of that server. */
  readonly settings: (server: MysqlServer) => Readonly<Record<string, unknown>>;
  readonly port: (server: MysqlServer) => number | undefined;
}

const KINDS: readonly Kind[] = [
  {
    type: 'mysql',
    port: ({ port }) => port,
    settings: ({ host, port }) => ({ host, port, database: 'relay', table: 'relay_rows' }),
  },
  {
    type: 'mysqlx',
    port: ({ mysqlxPort }) => mysqlxPort,
    settings: ({ host, mysqlxPort }) => ({ host, port: mysqlxPort, schema: 'relay', collection: 'relay_documents' }),
  },
];

const ids = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap(({ data }) => data.map((row) => Number(row['id'])));

async function publish(relay: Program, { connection }: FreshDatabase, id: number): Promise<void> {
  await connection.query('INSERT INTO t VALUES (?)', [id]);
  await relay.until(() => ids(relay.messages()).includes(id));
}

const show = (place: Place): Promise<Outcome> => program(['checkpoint', 'show', '--config', place.config]);

async function stored(place: Place): Promise<Checkpoint> {
  const { code, stdout, stderr } = await show(place);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Checkpoint;
}

describe.each(KINDS)('checkpoint.type $type', ({ type, port, settings }) => {
  const section = (server: MysqlServer, name: string): Readonly<Record<string, unknown>> => ({
    type,
    ...settings(server),
    user: 'keeper',
    password: 'keeper-secret',
    name,
    interval: '100ms',
  });

  it('a relay without a volume goes on where it was, and never publishes its own checkpoint, even from the source itself', async () => {
    const place = await Place.create(mysql, '*.*', { checkpoint: section(mysql, 'orders') });
    expectRefusal(await show(place), 1, 'CHECKPOINT_MISSING', [`${type} ${mysql.host}:${String(port(mysql))}`]);

    const first = await place.session(async (relay) => {
      await sql.query('TRUNCATE shop.orders; INSERT INTO shop.orders VALUES (1)');
      await relay.until(() => ids(relay.messages()).includes(1));
      // Long enough for a few checkpoints.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    });
    expect(first.map(({ database }) => database).filter((database) => database !== 'shop')).toEqual([]);

    await sql.query('INSERT INTO shop.orders VALUES (2)');
    const second = await place.session((relay) => relay.until(() => relay.messages().length > 0));
    expect(second.map(({ data }) => data)).toEqual([[{ id: '2' }]]);
    expect(await stored(place)).toMatchObject({ epoch: 2, destination: 'stdout' });
    const checked = await place.check();
    expect(checked.stdout).toMatch(/relay\.relay_(rows|documents)\/orders/);
    expect(printed.join('\n')).not.toContain('keeper-secret');
  });

  describe('on another server than the source', () => {
    let keeper: MysqlServer;
    let db: FreshDatabase;

    beforeAll(async () => {
      keeper = await startMysql({ own: true, mysqlx: true, progress: () => undefined });
      const root = await connectMysql(keeper);
      await root.query(`CREATE DATABASE relay; ${KEEPER}`);
      await root.end();
      db = await freshDatabase({ prefix: 'kept' });
      await db.connection.query('CREATE TABLE t (id INT PRIMARY KEY)');
    });
    afterAll(async () => {
      await db.drop();
      await keeper.remove();
    });

    it('after kill -9 nothing is missed', async () => {
      const place = await Place.create(sharedMysql(), `${db.name}.*`, { checkpoint: section(keeper, 'killed') });
      const first = place.run();
      await first.reading();
      await publish(first, db, 1);
      first.signal('SIGKILL');
      await first.outcome();
      await db.connection.query('INSERT INTO t VALUES (2)');
      await place.session((relay) => relay.until(() => ids(relay.messages()).includes(2)));
      expect((await stored(place)).epoch).toBe(2);
    });

    it('while that server is away the relay publishes on, and stores when it is back', async () => {
      const place = await Place.create(sharedMysql(), `${db.name}.*`, { checkpoint: section(keeper, 'away') });
      const relay = place.run();
      await relay.reading();
      await publish(relay, db, 11);
      await keeper.kill9();
      await publish(relay, db, 12);
      await relay.until(() => relay.stderr.includes('the checkpoint could not be stored; trying again'));
      // A relay that begins meanwhile waits for it.
      const checked = await place.check();
      expect(checked.stdout).toContain('CHECKPOINT_UNREACHABLE');
      expect(checked.code).toBe(1);
      await publish(relay, db, 13);
      await keeper.start();
      await publish(relay, db, 14);
      const before = (await stored(place)).offset;
      await publish(relay, db, 15);
      await expect.poll(async () => (await stored(place)).offset).toBeGreaterThan(before);
      expect((await relay.stop()).code).toBe(0);
      // What was published is not published again, what comes is.
      const next = await place.session((again) => publish(again, db, 16));
      expect(ids(next)).toEqual([16]);
    });

    it('of two relays of one name, which the lock of the source takes for two, one is fenced out', async () => {
      const checkpoint = section(keeper, 'twice');
      const place = await Place.create(sharedMysql(), `${db.name}.*`, { checkpoint });
      const first = place.run();
      await first.reading();
      await publish(first, db, 21);
      await place.configure({ checkpoint: { ...checkpoint, host: 'localhost' } });
      const second = place.run();
      // The second begins in between two saves of the first, and has it then; or the first stores something before.
      let id = 22;
      while (!first.hasEnded && !second.hasEnded) {
        await db.connection.query('INSERT INTO t VALUES (?)', [id++]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const [survivor, ended] = first.hasEnded ? [second, await first.outcome()] : [first, await second.outcome()];
      if (survivor === second)
        expectRefusal(ended, 78, 'CHECKPOINT_TAKEN', ['another relay has taken over', 'checkpoint.name']);
      else expectRefusal(ended, 1, 'CHECKPOINT_LOCKED', ['another relay is running on', 'checkpoint.name']);
      await publish(survivor, db, 1000);
      expect((await survivor.stop()).code).toBe(0);
      expect((await stored(place)).epoch).toBe(survivor === second ? 2 : 1);
    });
  });
});

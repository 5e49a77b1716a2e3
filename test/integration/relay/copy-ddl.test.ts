/** Copies of tables whose definition changes meanwhile. `COPY_SEEDS=1,2,3` chooses the random workloads. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutboundMessage, Sink } from '../../../src/sink/sink.ts';
import { CopyingRelay, rowTextsOf } from '../../support/copying-relay.ts';
import { Random } from '../../support/round-trip/random.ts';
import { connectMysql, freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';
import { Upserts } from '../../support/upserts.ts';
import { isBeginning } from '../../support/relay-states.ts';

const SEEDS = (process.env['COPY_SEEDS'] ?? '1').split(',');
const ROWS = 3000;

let database: FreshDatabase;
let clients: Connection[];
beforeAll(async () => {
  database = await freshDatabase({ prefix: 'copy_ddl' });
  await database.connection.query('SET SESSION cte_max_recursion_depth = 100000');
  clients = await Promise.all(Array.from({ length: 4 }, () => connectMysql()));
  for (const client of clients)
    await client.query(`USE ${database.name}; SET SESSION lock_wait_timeout = 2, cte_max_recursion_depth = 100000`);
});
afterAll(async () => {
  for (const client of clients) await client.end();
  await database.drop();
});

const fill = (table: string, rows = ROWS): string =>
  `INSERT INTO ${table} (id, v) WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${rows}) SELECT n, n FROM s`;

/** One lane, whose statements say which columns the rows after them have. */
class Shapes implements Sink {
  readonly rows = new Map<string, string | null>();
  readonly problems: string[] = [];
  copied = 0;
  #columns: readonly string[];

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  open(): ReturnType<Sink['open']> {
    return Promise.resolve({ destination: 'shapes', queues: 1, laneNames: () => ['lane'], maxBodyBytes: 4 << 20 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  send({ body, properties }: OutboundMessage): Promise<void> {
    const { type, data, sql, isDdl } = JSON.parse(body.toString()) as {
      readonly type: string;
      readonly isDdl: boolean;
      readonly sql: string;
      readonly data: readonly Readonly<Record<string, string | null>>[] | null;
    };
    if (isDdl) this.#statement(sql);
    for (const row of data ?? []) {
      if (properties.has('copy')) this.copied += 1;
      const { id = '', v = '' } = row;
      if (Object.keys(row).join() !== this.#columns.join())
        this.problems.push(
          `${type} ${properties.get('first') ?? ''}: ${Object.keys(row).join()} at ${this.#columns.join()}`,
        );
      if (type === 'DELETE') this.rows.delete(String(id));
      else this.rows.set(String(id), v);
    }
    return Promise.resolve();
  }

  #statement(sql: string): void {
    const [, action, column = ''] = /ALTER TABLE \w+ (ADD|DROP) COLUMN (\w+)/.exec(sql) ?? [];
    if (action === 'ADD') this.#columns = [...this.#columns, column];
    if (action === 'DROP') this.#columns = this.#columns.filter((name) => name !== column);
    if (sql.startsWith('TRUNCATE')) this.rows.clear();
  }
}

describe.each(SEEDS)('seed %s', (seed) => {
  it('every copied row has the columns that its table has at its place in the stream (invariant 20)', async () => {
    const random = new Random(seed);
    const { connection, name } = database;
    await connection.query(
      `DROP TABLE IF EXISTS moving; CREATE TABLE moving (id INT PRIMARY KEY, v INT); ${fill('moving')}`,
    );
    const sink = new Shapes(['id', 'v']);
    const run = new CopyingRelay({
      mysql: sharedMysql(),
      tables: { include: [`${name}.moving`] },
      sink,
      ddl: 'publish',
      lanes: 1,
      copying: { maxRows: 20 },
    });
    // Its statements count from here on.
    while (isBeginning(run.relay.status())) await sleep(1);
    const stopping = new AbortController();
    const writers = clients.slice(1).map(async (client) => {
      while (!stopping.signal.aborted) {
        const id = random.int(1, ROWS);
        const statement = random.chance(0.7)
          ? `UPDATE moving SET v = v + 1 WHERE id BETWEEN ${id} AND ${id + 3}`
          : random.chance(0.5)
            ? `DELETE FROM moving WHERE id = ${id}`
            : `INSERT IGNORE INTO moving (id, v) VALUES (${id}, -1)`;
        await client.query(statement).catch(() => undefined);
      }
    });
    const [alterer] = clients;
    const ddl = (async (): Promise<number> => {
      for (let n = 0; ; n += 1) {
        if (stopping.signal.aborted) return n;
        await alterer?.query(
          n % 2 === 0 ? `ALTER TABLE moving ADD COLUMN x${n} INT` : `ALTER TABLE moving DROP COLUMN x${n - 1}`,
        );
        if (random.chance(0.02))
          await alterer?.query(`TRUNCATE moving; ${fill('moving', 500).replace('INSERT', 'INSERT IGNORE')}`);
        await sleep(random.int(5, 40));
        // A copy that never comes to a row between two of them is given up: on a slow machine it gets the time for one.
        const { copied } = sink;
        const mayGoOn = (): boolean => sink.copied !== copied || stopping.signal.aborted;
        for (let looks = 0; looks < 20 && !mayGoOn(); looks += 1) await sleep(10);
      }
    })();
    await sleep(random.int(500, 4000));
    const altered = sleep(4000).then(() => {
      stopping.abort();
    });
    await run.untilCopied(120_000);
    await altered;
    await Promise.all(writers);
    expect(await ddl).toBeGreaterThan(20);
    await run.untilPublished(connection);
    await run.stop();
    expect(sink.problems.slice(0, 3)).toEqual([]);
    const rows = [...sink.rows].map(([id, v]) => JSON.stringify({ id, v })).sort();
    expect(rows).toEqual(await rowTextsOf(connection, 'SELECT id, v FROM moving'));
    expect(sink.copied).toBeGreaterThan(100);
  }, 180_000);
});

it('a table that is dropped ends its copy, and one that is renamed is another table', async () => {
  const { connection, name } = database;
  await connection.query(
    `CREATE TABLE dropped (id INT PRIMARY KEY, v INT); CREATE TABLE old_name (id INT PRIMARY KEY, v INT);
     CREATE TABLE zz (id INT PRIMARY KEY, v INT); ${fill('dropped')}; ${fill('old_name')}; ${fill('zz', 10)}`,
  );
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql: sharedMysql(),
    tables: { include: [`${name}.*`], exclude: [`${name}.moving`] },
    sink,
    copying: { maxRows: 5 },
  });
  while ((run.relay.status().copying?.rows ?? 0) < 20) await sleep(5);
  await connection.query('DROP TABLE dropped; RENAME TABLE old_name TO new_name');
  await run.untilCopied();
  const [{ tables = [] } = {}] = run.relay.status().copies;
  expect(tables.map(({ table, state }) => `${table} ${state}`)).toEqual(['dropped gone', 'old_name gone']);
  await run.stop();
  expect(sink.texts('zz')).toHaveLength(10);
});

it('a table whose key is changed begins anew, in the order of the new key', async () => {
  const { connection, name } = database;
  await connection.query(`CREATE TABLE rekeyed (id INT PRIMARY KEY, v INT NOT NULL); ${fill('rekeyed')}`);
  const sink = new Upserts();
  const run = new CopyingRelay({
    mysql: sharedMysql(),
    tables: { include: [`${name}.rekeyed`] },
    sink,
    copying: { maxRows: 20 },
  });
  while ((run.relay.status().copying?.rows ?? 0) < 100) await sleep(2);
  await connection.query('ALTER TABLE rekeyed DROP PRIMARY KEY, ADD PRIMARY KEY (v, id)');
  await run.untilCopied();
  await run.stop();
  expect(sink.marks.filter((mark) => mark.startsWith('lane-0'))).toEqual([
    'lane-0 rekeyed begin 0',
    'lane-0 rekeyed begin 0',
    `lane-0 rekeyed end ${ROWS}`,
  ]);
});

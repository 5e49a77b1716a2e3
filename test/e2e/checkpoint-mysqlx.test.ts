/** The checkpoint in a MySQL server, by the program: src/checkpoint/mysqlx.ts. */
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MysqlServer } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { expectRefusal, Place, printed, program } from '../support/program.ts';
import { connectMysql } from '../support/servers.ts';

let mysql: MysqlServer;
let sql: Connection;

beforeAll(async () => {
  mysql = await startMysql({ own: true, mysqlx: true, progress: () => undefined });
  sql = await connectMysql(mysql);
  await sql.query(
    'CREATE DATABASE relay; CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY); ' +
      "CREATE USER keeper IDENTIFIED BY 'keeper-secret'; GRANT SELECT, INSERT, UPDATE, CREATE ON relay.* TO keeper",
  );
});

afterAll(async () => {
  await sql.end();
  await mysql.remove();
});

it('a relay without a volume goes on where it was, and never publishes its own checkpoint, even from the source itself', async () => {
  const checkpoint = { type: 'mysqlx', host: mysql.host, port: mysql.mysqlxPort, user: 'keeper', schema: 'relay' };
  const place = await Place.create(mysql, '*.*', {
    checkpoint: { ...checkpoint, password: 'keeper-secret', name: 'orders', interval: '100ms' },
  });
  const show = (): ReturnType<typeof program> => program(['checkpoint', 'show', '--config', place.config]);
  expectRefusal(await show(), 1, 'CHECKPOINT_MISSING', [`mysqlx ${mysql.host}:${String(mysql.mysqlxPort)}`]);

  const first = await place.session(async (relay) => {
    await sql.query('INSERT INTO shop.orders VALUES (1)');
    await relay.until(() => relay.messages().length > 0);
    // Long enough for a few checkpoints.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  });
  expect(first.map(({ database, table }) => `${database}.${table}`)).toEqual(['shop.orders']);

  await sql.query('INSERT INTO shop.orders VALUES (2)');
  const second = await place.session((relay) => relay.until(() => relay.messages().length > 0));
  expect(second.map(({ data }) => data)).toEqual([[{ id: '2' }]]);
  expect(JSON.parse((await show()).stdout)).toMatchObject({ epoch: 2, destination: 'stdout' });
  expect((await place.check()).stdout).toContain('relay.binlog_relay_checkpoints/orders');
  expect(printed.join('\n')).not.toContain('keeper-secret');
});

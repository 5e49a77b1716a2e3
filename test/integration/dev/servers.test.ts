/** dev/servers: what is started, stopped, killed and frozen. */
import { existsSync, rmSync } from 'node:fs';
import { Producer } from 'rocketmq-client-nodejs';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processIdentity } from '../../../dev/servers/process-identity.ts';
import type { MysqlAddress, Servers } from '../../../dev/servers/servers.ts';
import { startMysql, startServers } from '../../../dev/servers/start.ts';
import { drainTopic } from '../../support/drain-topic.ts';
import { connectMysql } from '../../support/servers.ts';

const LANES = 8;
const PER_LANE = 20;

async function query(mysql: MysqlAddress, sql: string): Promise<RowDataPacket[]> {
  const connection = await connectMysql(mysql);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

async function fill(endpoint: string, topic: string): Promise<void> {
  const producer = new Producer({ endpoints: endpoint, namespace: '', topics: [topic], maxAttempts: 1 });
  await producer.startup();
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      for (let n = 0; n < PER_LANE; n++)
        await producer.send({ topic, tag: 'shop.orders', body: Buffer.from(String(n)), messageGroup: `lane-${lane}` });
    }),
  );
  // Before the broker is killed: a producer that is shut down and then loses its connection throws where nobody can
  // catch it.
  await producer.shutdown();
  await new Promise((resolve) => setTimeout(resolve, 1000));
}

describe('servers of our own', () => {
  let servers: Servers;

  beforeAll(async () => {
    servers = await startServers({ own: true, progress: () => undefined });
  });
  afterAll(() => servers.stop());

  test('MySQL logs rows with GTIDs and full metadata', async () => {
    const sql = 'SELECT @@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata, @@gtid_mode, @@version';
    expect(await query(servers.mysql, sql)).toEqual([
      {
        '@@log_bin': 1,
        '@@binlog_format': 'ROW',
        '@@binlog_row_image': 'FULL',
        '@@binlog_row_metadata': 'FULL',
        '@@gtid_mode': 'ON',
        '@@version': expect.stringMatching(/^9\.7\./) as string,
      },
    ]);
  });

  test("the relay's user logs in over TLS and may read the binlog, but not write", async () => {
    const { relayUser: user, relayPassword: password } = servers.mysql;
    const connection = await connectMysql({ ...servers.mysql, user, password }, { ssl: { rejectUnauthorized: false } });
    try {
      const [cipher] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_cipher'");
      expect(cipher[0]?.['Value']).not.toBe('');
      await expect(connection.query('SHOW BINARY LOG STATUS')).resolves.toBeDefined();
      await expect(connection.query('CREATE DATABASE forbidden')).rejects.toThrow(/denied/);
    } finally {
      await connection.end();
    }
  });

  // A server that starts removes what looks like a temporary table, also of another one.
  test('each MySQL has a server uuid, and a folder for temporary tables, of its own', async () => {
    const copy = await startMysql({ own: true, progress: () => undefined });
    try {
      for (const own of ['@@server_uuid', 'CONCAT(@@hostname, @@tmpdir)']) {
        const values = [servers.mysql, copy].map((mysql) => query(mysql, `SELECT ${own} AS own`));
        const [one, other] = await Promise.all(values);
        expect(one).not.toEqual(other);
      }
    } finally {
      await copy.remove();
    }
  });

  test('a killed MySQL comes back on its port with its data', async () => {
    await query(servers.mysql, 'CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY)');
    await query(servers.mysql, 'INSERT INTO shop.orders VALUES (1), (2)');
    await servers.mysql.kill9();
    await expect(query(servers.mysql, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
    await servers.mysql.start();
    expect(await query(servers.mysql, 'SELECT id FROM shop.orders')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('a frozen MySQL answers when it is thawed', async () => {
    await servers.mysql.freeze();
    let isAnswered = false;
    const answer = query(servers.mysql, 'SELECT 1').then(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isAnswered).toBe(false);
    await servers.mysql.thaw();
    expect(await answer).toBe(true);
  });

  test('a killed RocketMQ comes back with its messages, in order in each lane', async () => {
    const { rocketmq } = servers;
    await rocketmq.createTopic('orders', { queues: 8, fifo: true });
    await rocketmq.createGroup('readers', { ordered: true });
    await fill(rocketmq.endpoint, 'orders');
    await rocketmq.kill9();
    expect(await rocketmq.pids()).toEqual([]);
    await rocketmq.start();
    const messages = await drainTopic({
      topic: 'orders',
      group: 'readers',
      endpoint: rocketmq.endpoint,
      until: (read) => read.length >= LANES * PER_LANE,
    });
    for (let lane = 0; lane < LANES; lane++) {
      const numbers = messages.filter((message) => message.lane === `lane-${lane}`).map(({ body }) => body.toString());
      expect(numbers).toEqual(Array.from({ length: PER_LANE }, (_, n) => String(n)));
    }
  });

  test('the topic is a FIFO topic for mqadmin too', async () => {
    const status = await servers.rocketmq.mqadmin(['topicRoute', '-t', 'orders']);
    expect(status).toContain('"writeQueueNums":8');
    await expect(servers.rocketmq.mqadmin(['noSuchCommand'])).resolves.toContain('not exist');
  });

  test('stop leaves no process and no folder', async () => {
    const { mysql, rocketmq } = servers;
    const identities = [...(await mysql.pids()), ...(await rocketmq.pids())].map(processIdentity);
    expect(identities).toHaveLength(3);
    await servers.stop();
    await expect
      .poll(() => identities.filter((identity) => identity === processIdentity(Number.parseInt(identity ?? '', 10))))
      .toEqual([]);
    expect([mysql.folder, rocketmq.folder].filter((folder) => existsSync(folder))).toEqual([]);
  });
});

test('MySQL 8.0 starts with flags of the caller, with TLS, and keeps its folder when told to', async () => {
  const mysql = await startMysql({
    version: '8.0',
    flags: ['--gtid-mode=OFF_PERMISSIVE'],
    own: true,
    progress: () => undefined,
  });
  try {
    expect(await query(mysql, 'SELECT @@gtid_mode AS mode')).toEqual([{ mode: 'OFF_PERMISSIVE' }]);
    const { relayUser: user, relayPassword: password } = mysql;
    const connection = await connectMysql({ ...mysql, user, password }, { ssl: { rejectUnauthorized: false } });
    await connection.end();
    await mysql.remove({ keepFolder: true });
    expect(existsSync(mysql.logFile)).toBe(true);
  } finally {
    await mysql.remove();
    rmSync(mysql.folder, { recursive: true, force: true });
  }
});

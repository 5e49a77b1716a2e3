/**
 * A replica that lacks what its source wrote only waits for it, and so does the relay: it says so, and goes on by
 * itself.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usesDocker } from '../../../dev/servers/container.ts';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { asRoot, errorOf } from './both-servers.ts';

const tables = { include: ['shop.t'] };
/** Lanes are in no order among each other. */
const idsOf = (relay: RecordingRelay): number[] =>
  relay.messages.flatMap(({ body }) => body.data.map(({ id }) => Number(id))).sort((a, b) => a - b);

// A container does not reach the other one under the address that both have here.
describe.skipIf(await usesDocker()).each(['9.7', 'mariadb-10.11'] as const)('%s', (version) => {
  const isMariadb = version !== '9.7';
  let source: MysqlServer;
  let replica: MysqlServer;

  beforeAll(async () => {
    [source, replica] = await Promise.all([
      startMysql({ version, own: true, progress: () => undefined }),
      startMysql({ version, own: true, progress: () => undefined }),
    ]);
    const { host, port, relayUser, relayPassword } = source;
    await asRoot(
      replica,
      ...(isMariadb
        ? [
            'RESET MASTER',
            `CHANGE MASTER TO MASTER_HOST = '${host}', MASTER_PORT = ${port}, MASTER_USER = '${relayUser}', MASTER_PASSWORD = '${relayPassword}', MASTER_USE_GTID = slave_pos`,
            'START SLAVE',
          ]
        : [
            'RESET BINARY LOGS AND GTIDS',
            `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${host}', SOURCE_PORT = ${port}, SOURCE_USER = '${relayUser}', SOURCE_PASSWORD = '${relayPassword}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
            'START REPLICA',
          ]),
    );
    await asRoot(source, 'CREATE DATABASE shop', 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  });
  afterAll(async () => {
    await replica.remove();
    await source.remove();
  });

  it('is waited for, visibly, and read from as soon as it has caught up', async () => {
    const store = createMemoryCheckpointStore();
    const onSource = await RecordingRelay.start({ mysql: source, tables, store });
    await asRoot(source, 'INSERT INTO shop.t VALUES (1)');
    await expect.poll(() => idsOf(onSource), { timeout: 20_000 }).toEqual([1]);
    // The table is there before replication stops.
    await expect
      .poll(() => asRoot(replica, 'SELECT 1 FROM shop.t WHERE id = 1').then(() => true), { timeout: 20_000 })
      .toBe(true);
    await asRoot(replica, isMariadb ? 'STOP SLAVE' : 'STOP REPLICA');
    await asRoot(source, 'INSERT INTO shop.t VALUES (2)');
    await expect.poll(() => idsOf(onSource), { timeout: 20_000 }).toEqual([1, 2]);
    expect(await onSource.stop()).toBeUndefined();

    const lines: { code?: string; error?: string }[] = [];
    const logger = pino(
      { level: 'warn' },
      { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
    );
    const starting = RecordingRelay.start({ mysql: replica, tables, store, logger });
    await expect.poll(() => lines.map(({ code }) => code), { timeout: 20_000 }).toContain('SOURCE_BEHIND');
    expect(lines.find(({ code }) => code === 'SOURCE_BEHIND')?.error).toMatch(/does not have these transactions yet/);

    await asRoot(replica, isMariadb ? 'START SLAVE' : 'START REPLICA');
    const onReplica = await starting;
    await asRoot(source, 'INSERT INTO shop.t VALUES (3)');
    await expect.poll(() => idsOf(onReplica), { timeout: 30_000 }).toEqual([3]);
    expect(await onReplica.stop()).toBeUndefined();
  });

  it('that writes for itself and has lost that is not waited for', async () => {
    await asRoot(replica, isMariadb ? 'STOP SLAVE' : 'STOP REPLICA');
    const store = createMemoryCheckpointStore();
    const relay = await RecordingRelay.start({ mysql: replica, tables, store });
    await asRoot(replica, 'INSERT INTO shop.t VALUES (100)');
    await expect.poll(() => idsOf(relay), { timeout: 20_000 }).toEqual([100]);
    expect(await relay.stop()).toBeUndefined();
    await asRoot(replica, isMariadb ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS');
    const again = await RecordingRelay.start({ mysql: replica, tables, store });
    expect((await errorOf(Promise.reject((await again.ended) as Error))).code).toBe('SOURCE_ROLLED_BACK');
  });
});

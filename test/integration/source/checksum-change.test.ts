/**
 * The server may turn checksums on or off at any time: the format description of each file says whether its events have
 * one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { RecordingRelay } from '../../support/recording-relay.ts';
import { asRoot } from './both-servers.ts';

const PATIENCE_MS = 60_000;

describe.each(['9.7', 'mariadb-10.11'] as const)('binlog_checksum of %s', (version) => {
  let server: MysqlServer;
  let relay: RecordingRelay | undefined;

  beforeAll(async () => {
    server = await startMysql({ version, own: true, progress: () => undefined });
    await asRoot(server, 'CREATE DATABASE shop', 'CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY)');
  }, 180_000);
  afterEach(async () => {
    await relay?.stop();
    await asRoot(server, "SET GLOBAL binlog_checksum = 'CRC32'");
  });
  afterAll(() => server.remove());

  it.each([
    ['NONE', 'CRC32'],
    ['CRC32', 'NONE'],
  ])('may change from %s to %s while the relay reads', async (before, after) => {
    await asRoot(server, `SET GLOBAL binlog_checksum = '${before}'`);
    relay = await started('latest');
    await published(1);
    await asRoot(server, `SET GLOBAL binlog_checksum = '${after}'`);
    await published(2);
  });

  it('may be NONE when the relay starts before events that have one', async () => {
    await asRoot(server, 'INSERT INTO shop.a VALUES ()', "SET GLOBAL binlog_checksum = 'NONE'");
    relay = await started('earliest');
    await asRoot(server, 'INSERT INTO shop.a VALUES ()');
    await acknowledged(2);
  });

  const started = (start: 'latest' | 'earliest'): Promise<RecordingRelay> =>
    RecordingRelay.start({ mysql: server, tables: { include: ['shop.a'] }, start });

  async function published(rows: number): Promise<void> {
    await asRoot(server, 'INSERT INTO shop.a VALUES ()');
    await acknowledged(rows);
  }

  async function acknowledged(rows: number): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const status = relay?.status();
      if ((status?.counters.changesAcknowledged ?? 0) >= rows) return;
      expect(status?.lastError).toBeUndefined();
      if (performance.now() > deadlineMs) throw new Error('waited in vain');
      await sleep(20);
    }
  }
});

/** An idle server, whatever stands at the end of its binlog, is not one that the relay is behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { RelayStatus } from '../../../src/relay/relay.ts';
import { realSourceRelay } from '../../support/real-source-relay.ts';
import { connectMysql } from '../../support/servers.ts';
import { laneNames } from '../../support/lane-names.ts';

const PATIENCE_MS = 60_000;
let mysql: MysqlServer;

beforeEach(async () => {
  const flags = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
  mysql = await startMysql({ own: true, flags, progress: () => undefined });
});
afterEach(() => mysql.remove());

it('is idle without GTIDs after FLUSH BINARY LOGS', async () => {
  const stop = new AbortController();
  const relay = realSourceRelay({
    mysql,
    tables: { include: ['shop.*'] },
    sink: {
      open: () => Promise.resolve({ destination: 'a list', queues: 1, laneNames }),
      send: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
  });
  const ended = relay.run(stop.signal);
  const until = async (isWanted: (status: RelayStatus) => boolean): Promise<void> => {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isWanted(relay.status())) {
      if (performance.now() > deadline) throw new Error(JSON.stringify(relay.status()));
      await sleep(50);
    }
  };
  try {
    await until(({ progress }) => progress === 'idle');
    const before = relay.status().head;
    const connection = await connectMysql(mysql);
    await connection.query('FLUSH BINARY LOGS');
    await connection.end();
    await until(({ head }) => head !== undefined && head.file !== before?.file);
    await until(({ progress }) => progress === 'idle');
  } finally {
    stop.abort();
    await ended;
  }
});

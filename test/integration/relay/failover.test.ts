/**
 * A failover in the middle of a transaction that the new server never got: nothing of it is published. Invariant 17.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { MessageBody } from '../../support/replay.ts';
import { createMemoryCheckpointStore } from '../../../src/checkpoint/memory.ts';
import type { Relay } from '../../../src/relay/run/run.ts';
import type { Sink } from '../../../src/sink/sink.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { hastyClock } from '../../support/hasty-clock.ts';
import { realSourceRelay } from '../../support/real-source-relay.ts';
import { connectMysql } from '../../support/servers.ts';
import { laneNames } from '../../support/lane-names.ts';

const ROWS = 8000;
const ROW_BYTES = 1000;
const PATIENCE_MS = 60_000;
const SCHEMA =
  'CREATE DATABASE shop; USE shop; CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000)); INSERT INTO t VALUES (0, 0)';

let before: MysqlServer;
let after: MysqlServer;
let proxy: FaultProxy;
let ofBefore: Connection;
let ofAfter: Connection;
const sent: number[] = [];
const sink = (): Sink => ({
  open: () =>
    Promise.resolve({
      destination: 'a list',
      queues: 1,
      maxBodyBytes: 4 << 20,
      laneNames,
    }),
  send: ({ body }) => {
    for (const { id } of (JSON.parse(body.toString()) as MessageBody).data) sent.push(Number(id));
    return Promise.resolve();
  },
  close: () => Promise.resolve(),
});

beforeEach(async () => {
  const progress = (): void => undefined;
  [before, after] = await Promise.all([startMysql({ own: true, progress }), startMysql({ own: true, progress })]);
  [ofBefore, ofAfter] = [await connectMysql(before), await connectMysql(after)];
  await ofBefore.query(SCHEMA);
  const [[row]] = await ofBefore.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS gtids');
  await ofAfter.query(SCHEMA);
  await ofAfter.query(`RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '${String(row?.['gtids'])}'`);
  proxy = await FaultProxy.to(before);
  sent.length = 0;
});
afterEach(async () => {
  await proxy.close();
  await Promise.all([ofBefore.end(), ofAfter.end()]);
  await Promise.all([before.remove(), after.remove()]);
});

async function until(holds: () => boolean, relay: Relay): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(JSON.stringify(relay.status()));
    await sleep(20);
  }
}

it.each([
  ['while it is in memory', 64 << 20, false],
  ['while it is in a file', 1 << 20, false],
  ['with a restart of the relay between', 64 << 20, true],
])('publishes nothing of it: %s', async (_, heldBytes, isRestarted) => {
  const store = createMemoryCheckpointStore();
  const start = (): { relay: Relay; stop: AbortController; ended: Promise<void> } => {
    const stop = new AbortController();
    const relay = realSourceRelay({
      mysql: { ...before, host: proxy.host, port: proxy.port },
      tables: { include: ['shop.*'] },
      sink: sink(),
      store,
      heldBytes,
      clock: hastyClock,
    });
    return { relay, stop, ended: relay.run(stop.signal) };
  };
  let run = start();
  await until(() => run.relay.status().parts.source.ok, run.relay);
  await ofBefore.query('INSERT INTO shop.t VALUES (1, 1)');
  await until(() => sent.includes(1), run.relay);

  // The next session is cut when half of the transaction has come through.
  proxy.fault = { kind: 'cut', atByte: (ROWS * ROW_BYTES) / 2, how: 'end' };
  proxy.reset();
  await until(() => run.relay.status().counters.sourceReconnects > 0 && run.relay.status().parts.source.ok, run.relay);
  const reconnects = run.relay.status().counters.sourceReconnects;
  const rows = Array.from({ length: ROWS }, (__, i) => `(${i + 10}, REPEAT('x', ${ROW_BYTES}))`);
  const writing = ofBefore.query(`INSERT INTO shop.t VALUES ${rows.join()}`);
  await until(() => run.relay.status().counters.sourceReconnects > reconnects, run.relay);
  expect(run.relay.status().counters.bytesRead).toBeGreaterThan((ROWS * ROW_BYTES) / 4);
  await writing;

  // The name leads to a server that has all before it.
  const executed = 'SET GTID_NEXT = AUTOMATIC; INSERT INTO shop.t VALUES (1, 1); INSERT INTO shop.t VALUES (2, 2)';
  const gtid = (await ofBefore.query<RowDataPacket[]>('SELECT @@server_uuid AS uuid'))[0][0]?.['uuid'] as string;
  const [[last]] = await ofBefore.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS gtids');
  const newest = Number(/(\d+)$/.exec(String(last?.['gtids']))?.[1]) - 1;
  await ofAfter.query(`SET GTID_NEXT = '${gtid}:${newest}'; BEGIN; COMMIT; ${executed}`);
  if (isRestarted) {
    run.stop.abort();
    await run.ended;
  }
  proxy.fault = undefined;
  proxy.target = after;
  proxy.reset();
  if (isRestarted) run = start();
  await until(() => sent.includes(2), run.relay);
  expect(sent.filter((id) => id >= 10)).toEqual([]);

  // Whatever its files are called, the new server tells how long it keeps what comes after the checkpoint.
  await ofAfter.query('FLUSH BINARY LOGS; SET GLOBAL binlog_expire_logs_seconds = 1234567');
  const isNear = (seconds = 0): boolean => seconds > 1_234_000 && seconds <= 1_234_567;
  await until(() => isNear(run.relay.status().runway.seconds), run.relay);
  run.stop.abort();
  await run.ended;
});

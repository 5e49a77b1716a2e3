/** Progress messages of real servers, through a real topic. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GtidSet } from '../../../src/binlog/gtids/gtid-set.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createRocketmqSink } from '../../../src/sink/rocketmq.ts';
import { Replay, type MessageBody, type ProgressBody } from '../../support/replay.ts';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { topicMessages } from '../../../dev/topic-messages.ts';
import type { TopicMessage } from '../../../src/topic/topic.ts';
import { holdsGtids, newestGtids } from '../../support/gtids.ts';
import { PublishingRun } from '../../support/publishing-run.ts';
import { realSourceRelay } from '../../support/real-source-relay.ts';
import { connectMysql, freshTopic, sharedRocketmq } from '../../support/servers.ts';
import { isBeginning } from '../../support/relay-states.ts';

const PROGRESS_MS = 1000;
const LANES = 4;
const PATIENCE_MS = 60_000;

let mysql: MysqlServer;
let sql: Connection;

async function start(version: MysqlVersion, flags: readonly string[] = []): Promise<void> {
  mysql = await startMysql({ version, own: true, flags, progress: () => undefined });
  sql = await connectMysql(mysql);
  await sql.query('CREATE DATABASE shop; USE shop; CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20))');
}

afterEach(async () => {
  await sql.end();
  await mysql.remove();
});

describe('in a topic', () => {
  beforeEach(() => start('9.7'));

  it('every lane says the GTID set of an idle server, again and again, behind its rows (invariant 21)', async () => {
    const { topic, group } = await freshTopic();
    const { endpoint } = sharedRocketmq();
    const logger = pino({ level: 'silent' });
    const relay = realSourceRelay({
      mysql,
      tables: { include: ['shop.*'] },
      sink: createRocketmqSink(
        {
          endpoint,
          topic,
          namespace: '',
          tls: { enabled: false },
          sendTimeoutMs: 10_000,
        },
        { clock: systemClock, logger },
      ),
      lanes: LANES,
      progressMs: PROGRESS_MS,
    });
    const stop = new AbortController();
    const ended = relay.run(stop.signal);
    try {
      while (isBeginning(relay.status())) await sleep(5);
      for (let id = 1; id <= 50; id += 1) await sql.query('INSERT INTO orders VALUES (?, ?)', [id, 'new']);
      const newest = await newestGtids(sql);
      const beginMs = Date.now();
      const lanes = new Map<string, ProgressBody[]>();
      const rows = new Set<string>();
      const replay = new Replay(sql, (name) => name);
      const isEnough = (): boolean => lanes.size === LANES && [...lanes.values()].every((said) => said.length >= 4);
      for await (const message of topicOf(endpoint, topic, group)) {
        const body = await replay.apply(message, (fresh) => {
          for (const change of fresh.changes) rows.add(change);
          // No rows come behind the whole set.
          expect(lanes.has(message.lane)).toBe(false);
          return Promise.resolve();
        });
        if (!('progress' in body) || !holdsGtids(body.progress.gtidSet, newest)) continue;
        lanes.set(message.lane, [...(lanes.get(message.lane) ?? []), body]);
        expect(message).toMatchObject({ tag: 'progress' });
        expect(message.properties.get('lanes')).toBe(String(LANES));
        if (isEnough()) break;
      }
      expect(rows.size).toBe(50);
      for (const said of lanes.values()) {
        expect(new Set(said.map(({ progress }) => progress.gtidSet))).toEqual(new Set([newest]));
        const times = said.map(({ es }) => es);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        // The server's clock is ours here; the first is the commit of the last row, or later.
        expect(times.at(-1)).toBeGreaterThan(beginMs);
        expect(times.at(-1)).toBeLessThanOrEqual(Date.now() + PROGRESS_MS);
      }
      expect(relay.status().lowWaterMark?.gtidSet).toBe(newest);
    } finally {
      stop.abort();
      await ended;
    }
  });
});

async function* topicOf(endpoint: string, topic: string, group: string): AsyncGenerator<TopicMessage> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  yield* topicMessages({ endpoint, topic, group, signal });
  throw new Error(`${topic}: waited in vain`);
}

const progressOf = (run: PublishingRun): readonly ProgressBody[] =>
  (run.bodies as readonly (MessageBody | ProgressBody)[]).filter((body) => 'progress' in body);

/** Those that are said from now on; two of each lane. */
async function nextOf(run: PublishingRun): Promise<readonly ProgressBody[]> {
  const before = progressOf(run).length;
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (progressOf(run).length < before + 2 * LANES) {
    if (performance.now() > deadlineMs) throw new Error('no progress message came');
    await sleep(50);
  }
  return progressOf(run).slice(before);
}

it('have the GTID of an XA PREPARE, and its rows when it is committed', async () => {
  await start('9.7');
  const run = await PublishingRun.start(mysql, 'shop', { progressMs: PROGRESS_MS });
  try {
    await sql.query("XA START 'b'; INSERT INTO orders VALUES (1, 'xa'); XA END 'b'; XA PREPARE 'b'");
    const prepared = await newestGtids(sql);
    await nextOf(run);
    const open = (await nextOf(run)).at(-1);
    expect(open?.progress.gtidSet).toBe(prepared);
    expect(run.bodies.filter(({ table }) => table === 'orders')).toEqual([]);
    await sql.query("XA COMMIT 'b'");
    await nextOf(run);
    const committed = (await nextOf(run)).at(-1)?.progress.gtidSet ?? '';
    expect(committed).toBe(await newestGtids(sql));
    expect(GtidSet.parse(prepared).contains(GtidSet.parse(committed))).toBe(false);
    expect(run.bodies.filter(({ table }) => table === 'orders')).toHaveLength(1);
  } finally {
    await run.stop();
  }
});

it('have a position alone of a server without GTIDs', async () => {
  await start('8.0', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']);
  const run = await PublishingRun.start(mysql, 'shop', { progressMs: PROGRESS_MS });
  try {
    await sql.query("INSERT INTO orders VALUES (1, 'new')");
    await run.untilSent(({ table }) => table === 'orders');
    const said = (await nextOf(run)).at(-1);
    const [rows] = await sql.query('SHOW MASTER STATUS');
    const [status] = rows as { File: string; Position: number }[];
    expect(said?.progress.gtidSet).toBe('');
    expect(said?.position).toBe(`${status?.File}:${status?.Position}`);
    expect(said?.es).toBeGreaterThan(Date.now() - PATIENCE_MS);
  } finally {
    await run.stop();
  }
});

it('have the GTID position of a MariaDB', async () => {
  await start('mariadb-10.11');
  const run = await PublishingRun.start(mysql, 'shop', { progressMs: PROGRESS_MS });
  try {
    await sql.query("INSERT INTO orders VALUES (1, 'new')");
    await run.untilPublished(sql);
    await nextOf(run);
    const said = await nextOf(run);
    const newest = await newestGtids(sql);
    expect(said.map(({ progress }) => holdsGtids(progress.gtidSet, newest))).toEqual(said.map(() => true));
    expect(said.at(-1)?.es).toBeGreaterThan(Date.now() - PATIENCE_MS);
  } finally {
    await run.stop();
  }
});

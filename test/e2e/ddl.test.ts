/**
 * What a running relay does at DDL, and `run --skip`, on a real MySQL and a real RocketMQ. `npm run build` must have
 * been run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RelayProcess, type Health } from '../../dev/relay-process.ts';
import { Replay } from '../support/replay.ts';
import type { TopicMessage } from '../../src/topic/topic.ts';
import { drainTopic } from '../support/drain-topic.ts';
import { program } from '../support/program.ts';
import {
  freshDatabase,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  type FreshDatabase,
  type FreshTopic,
} from '../support/servers.ts';

const MYSQL = sharedMysql();
const LANES = 4;

let db: FreshDatabase;
let topic: FreshTopic;
let folder: string;
let relay: RelayProcess;

beforeEach(async () => {
  db = await freshDatabase({ prefix: 'ddl' });
  await db.connection.query('CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE TABLE u (id INT PRIMARY KEY)');
  topic = await freshTopic({ queues: 4 });
  folder = await mkdtemp(join(tmpdir(), 'binlog-relay-ddl-'));
});
afterEach(async () => {
  await relay.kill9();
  await db.drop();
  await rm(folder, { recursive: true });
});

async function start(ddl: unknown, ...args: readonly string[]): Promise<void> {
  const { host, port, relayUser, relayPassword } = MYSQL;
  relay = await RelayProcess.start({
    folder,
    args,
    config: {
      source: { host, port, user: relayUser, password: relayPassword },
      tables: { include: [`${db.name}.t`] },
      sink: { endpoint: sharedRocketmq().endpoint, topic: topic.topic },
      limits: { lanes: LANES },
      ddl,
    },
  });
}

const insert = (from: number, to: number): Promise<unknown> =>
  db.connection.query('INSERT INTO t VALUES ?', [Array.from({ length: to - from + 1 }, (_, i) => [from + i, 0])]);

interface Notices {
  readonly reasons: readonly string[];
  readonly notices: readonly { readonly id: string; readonly subject: string; readonly count: number }[];
}

const notices = async (what: string, wanted: (health: Notices) => boolean): Promise<Notices> =>
  (await relay.until(what, (health) => wanted(health as Health & Notices))) as Health & Notices;

it('warn: notices it until it is acknowledged, through a kill', async () => {
  await start('warn');
  await relay.ready();
  await insert(1, 10);
  await db.connection.query('TRUNCATE u; TRUNCATE t; ALTER TABLE t ADD COLUMN w INT');
  const seen = await notices('told of both', (health) => health.notices[0]?.count === 2);
  expect(seen.notices).toMatchObject([{ subject: `${db.name}.t`, count: 2 }]);
  expect(seen.reasons.join()).toMatch(`the copy of ${db.name}.t differs since`);
  await relay.until('stored', ({ progress }) => progress === 'idle');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await relay.kill9();

  await start('warn');
  await relay.ready();
  await notices('told again', (health) => health.notices.length === 1);
  const url = (await relay.address()) ?? '';
  const [id = ''] = seen.notices.map((notice) => notice.id);
  expect((await program(['acknowledge', '--url', url])).stdout).toContain(`${id}  the copy of ${db.name}.t differs`);
  expect(await program(['acknowledge', '999', '--url', url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('NOTICE_UNKNOWN') as unknown,
  });
  expect(await program(['acknowledge', '--all', '--url', url])).toMatchObject({ code: 0 });
  await notices('well', (health) => health.notices.length === 0 && health.reasons.length === 0);
  await relay.stop();

  await start('warn');
  await relay.ready();
  await notices('still well', (health) => health.notices.length === 0);
});

it('stop: ends before it, names what to skip, and goes on after it', async () => {
  await start('stop');
  await relay.ready();
  await insert(1, 10);
  await db.connection.query('TRUNCATE u; TRUNCATE t');
  await insert(11, 20);
  expect(await relay.exited).toMatchObject({ code: 1 });
  const log = await relay.log();
  expect(log).toContain('DDL_STOPPED');
  expect(log).toContain(`TRUNCATE TABLE changes ${db.name}.t`);
  const transaction = /binlog-relay run --skip ([0-9a-f-]+:\d+)/.exec(log)?.[1] ?? '';

  await start('stop', '--skip', transaction);
  await relay.ready();
  await notices('past it', (health) => health.notices.length === 1);
  await relay.until('caught up', ({ progress }) => progress === 'idle');
  const ids = idsOf(await messages((all) => idsOf(all).size === 20));
  expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  await relay.stop();
  await start('stop', '--skip', transaction);
  await relay.ready();
  expect(await relay.log()).toContain('it was passed already');
});

it('inline: stands in each lane at its place, once, and through a kill at least once', async () => {
  await start('inline');
  await relay.ready();
  await insert(1, 200);
  await db.connection.query('ALTER TABLE t ADD COLUMN w INT DEFAULT 5');
  await db.connection.query('INSERT INTO t SELECT id + 200, v, 1 FROM t; TRUNCATE t');
  await db.connection.query('INSERT INTO t VALUES (1, 1, 1)');
  await relay.until('idle', ({ progress, counters }) => progress === 'idle' && counters.changesAcknowledged === 401);
  await relay.kill9();
  await start('inline');
  await relay.ready();
  await db.connection.query('DROP TABLE t');

  const isDdl = (message: TopicMessage): boolean => message.tag === 'ddl';
  const kinds = (all: readonly TopicMessage[]): string[] =>
    all.filter(isDdl).map(({ properties }) => properties.get('kind') ?? '');
  const all = await messages((read) => kinds(read).filter((kind) => kind === 'ERASE').length === LANES);
  const lanes = new Map<string, TopicMessage[]>();
  for (const message of all) lanes.set(message.lane, [...(lanes.get(message.lane) ?? []), message]);
  expect(lanes.size).toBe(LANES);
  const replay = new Replay(db.connection, () => db.name);
  for (const lane of lanes.values()) {
    // The reference reader takes them, and finds no gap.
    for (const message of lane) await replay.apply(message, () => Promise.resolve());
    const inEpoch = (epoch: string): TopicMessage[] =>
      lane.filter(({ properties }) => properties.get('epoch') === epoch);
    expect(kinds(inEpoch('1'))).toEqual(['ALTER', 'TRUNCATE']);
    expect(kinds(inEpoch('2')).at(-1)).toBe('ERASE');
    // What came again after the kill stands in the same order.
    for (const messages of [inEpoch('1'), inEpoch('2')]) {
      const kindsInOrder = messages.map(({ properties }) => properties.get('kind'));
      const alter = kindsInOrder.indexOf('ALTER');
      const truncate = kindsInOrder.indexOf('TRUNCATE');
      const columns = (from: number, to: number): string[] =>
        messages.slice(from, to).flatMap((message) => rowsOf(message).map((row) => Object.keys(row).join()));
      expect(columns(0, Math.max(0, alter)).every((names) => names === 'id,v')).toBe(true);
      expect(columns(alter + 1, messages.length).every((names) => names === 'id,v,w')).toBe(true);
      expect(columns(truncate + 1, truncate < 0 ? 0 : messages.length).length).toBeLessThan(2);
    }
  }
  expect(replay.counts.statements).toBe(3);
});

it('topic: is published there, between the rows', async () => {
  const own = await freshTopic({ queues: 1, prefix: 'order-ddl' });
  await start({ topic: own.topic });
  await relay.ready();
  await insert(1, 50);
  await db.connection.query('ALTER TABLE t DROP COLUMN v; TRUNCATE u');
  await db.connection.query('INSERT INTO t VALUES (51)');
  const statements = await drainTopic({ ...own, until: (all) => all.length === 1 });
  expect(statements.map(({ tag, properties }) => [tag, properties.get('kind'), properties.get('sequence')])).toEqual([
    ['ddl', 'ALTER', '1'],
  ]);
  expect(JSON.parse(statements[0]?.body.toString() ?? '')).toMatchObject({
    isDdl: true,
    sql: 'ALTER TABLE t DROP COLUMN v',
    database: db.name,
    table: 't',
  });
  const rows = await messages((all) => idsOf(all).size === 51);
  expect(rows.some(({ tag }) => tag === 'ddl')).toBe(false);
});

it('a topic that does not exist is refused, with the command that makes it', async () => {
  await start({ topic: 'no-such-topic' });
  expect(await relay.exited).toMatchObject({ code: 78 });
  expect(await relay.log()).toMatch(
    /SINK_TOPIC_MISSING.*updateTopic.*-t no-such-topic|updateTopic.*-t no-such-topic.*SINK_TOPIC_MISSING/,
  );
});

const messages = (until: (all: readonly TopicMessage[]) => boolean): Promise<readonly TopicMessage[]> =>
  drainTopic({ ...topic, until });

function rowsOf({ body }: TopicMessage): readonly Readonly<Record<string, string>>[] {
  const { data } = JSON.parse(body.toString()) as { data: readonly Record<string, string>[] | null };
  return data ?? [];
}

const idsOf = (all: readonly TopicMessage[]): Set<number> => new Set(all.flatMap(rowsOf).map(({ id }) => Number(id)));

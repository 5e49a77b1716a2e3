/** Reading from a broker and a proxy with access control and TLS, by the reader library and by apply. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RocketmqServer } from '../../../dev/servers/servers.ts';
import { startRocketmq } from '../../../dev/servers/start.ts';
import { Applier } from '../../../src/apply/run/applier.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { readMessages } from '../../../src/reader/library.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import type { TopicOptions } from '../../../src/topic/topic.ts';
import { createRocketmqSink } from '../../../src/sink/rocketmq.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { rows } from '../../support/lane-messages.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';

const TOPIC = 'secured';
const GROUP = 'secured-readers';
const OWNER = { accessKey: 'owner', accessSecret: 'secret-of-owner' };
const READER = { accessKey: 'reader', accessSecret: 'secret-of-reader' };
const STRANGER = { accessKey: 'stranger', accessSecret: 'secret-of-stranger' };

let folder: string;
let rocketmq: RocketmqServer;
let place: Pick<TopicOptions, 'endpoint' | 'topic' | 'group'> & { readonly namespace: string };

const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secured-'));
  makeCertificates(folder);
  const secured = { ...OWNER, certificate: file('proxy.pem'), certificateKey: file('proxy.key') };
  rocketmq = await startRocketmq({ own: true, secured, progress: () => undefined });
  await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
  await rocketmq.createGroup(GROUP, { ordered: true });
  await rocketmq.createUser(READER.accessKey, READER.accessSecret, [
    { resource: `Topic:${TOPIC}`, action: 'Sub' },
    { resource: `Group:${GROUP}`, action: 'Sub' },
  ]);
  await rocketmq.createUser(STRANGER.accessKey, STRANGER.accessSecret, []);
  place = { endpoint: rocketmq.endpoint.replace('127.0.0.1', 'localhost'), topic: TOPIC, group: GROUP, namespace: '' };
}, 300_000);

afterAll(async () => {
  await rocketmq.remove();
  rmSync(folder, { recursive: true });
});

const trusted = (): { readonly enabled: true; readonly ca: string } => ({ enabled: true, ca: file('ca.pem') });

async function publish(...ids: readonly string[]): Promise<void> {
  const sink = createRocketmqSink(
    { ...place, ...OWNER, tls: trusted(), sendTimeoutMs: 10_000 },
    { clock: systemClock, logger: pino({ level: 'silent' }) },
  );
  await sink.open();
  try {
    for (const [i, id] of ids.entries())
      await sink.send(rows({ sequence: i + 1 }, { types: { id: 'int' }, data: [[['id', id]]] }));
  } finally {
    await sink.close();
  }
}

/** What ends an attempt of each kind of reader; undefined: nothing has. */
type Attempt = (options: Partial<TopicOptions>) => Promise<unknown>;

const byLibrary: Attempt = async (options) => {
  try {
    for await (const message of readMessages({ ...place, ...READER, tls: trusted(), ...options })) return message;
  } catch (thrown) {
    return thrown;
  }
  return undefined;
};

const byApply: Attempt = async (options) => {
  const target = await freshDatabase({ prefix: 'target' });
  try {
    await target.connection.query('CREATE TABLE orders (id INT PRIMARY KEY)');
    const source = { ...place, ...READER, tls: trusted(), ...options };
    // What is tried again is in the log.
    const warnings: unknown[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line)) });
    const surroundings = { clock: systemClock, random: Math.random, logger };
    const applier = new Applier({
      config: {
        source: { ...place, endpoints: [place.endpoint], tls: trusted() },
        tables: { include: ['*.*'], exclude: [], rename: { shop: target.name } },
        connections: 2,
        create: false,
        deletes: 'apply',
        statements: 'stop',
        uniqueKeys: 'refuse',
        ledger: target.name,
      },
      fromHere: false,
      acceptNew: false,
      statementDone: undefined,
      openTopic: (onEvent) => openTopic(source, { ...surroundings, onEvent }),
      openSession: (closing) => openSession(targetOf(sharedMysql()), systemClock, closing),
      ...surroundings,
    });
    const stop = new AbortController();
    const ended = applier.run(stop.signal).catch((thrown: unknown) => thrown);
    const hasCome = (): boolean => applier.status().state === 'failed' || applier.status().counters.rows === 3;
    while (!hasCome() && warnings.length === 0) await sleep(20);
    stop.abort();
    return (await ended) ?? warnings[0];
  } finally {
    await target.drop();
  }
};

const REMEDIES = {
  TOPIC_UNAUTHORIZED: /Check accessKey and accessSecret.* -r Topic:secured,Group:secured-readers -a Sub/,
  TOPIC_UNREACHABLE: /give tls\.ca the authority that signed it/,
};

const REFUSED: readonly (readonly [string, () => Partial<TopicOptions>, keyof typeof REMEDIES, RegExp])[] = [
  ['a wrong secret', () => ({ accessSecret: 'another' }), 'TOPIC_UNAUTHORIZED', /signature/],
  ['an unknown user', () => ({ accessKey: 'nobody' }), 'TOPIC_UNAUTHORIZED', /User:\*{3} is not found/],
  ['no credentials', () => ({ accessKey: undefined, accessSecret: undefined }), 'TOPIC_UNAUTHORIZED', /be null/],
  ['no permission', () => STRANGER, 'TOPIC_UNAUTHORIZED', /User:\*{3} has no permission/],
  [
    'another authority',
    () => ({ tls: { enabled: true, ca: file('other-ca.pem') } }),
    'TOPIC_UNREACHABLE',
    /certificate/,
  ],
];

describe.each([
  ['the reader library', byLibrary],
  ['apply', byApply],
])('%s', (_name, attempt) => {
  it.each(REFUSED)('is refused with the remedy: %s', async (_what, options, code, says) => {
    const error = await attempt(options());
    expect(error).toMatchObject({ code, remedy: expect.stringMatching(REMEDIES[code]) as unknown });
    expect(error instanceof Error ? error.message : JSON.stringify(error)).toMatch(says);
  });
});

it('reads with credentials and TLS, by apply and then by the library', async () => {
  await publish('1', '2', '3');
  expect(await byApply({})).toBeUndefined();
  const reading = byLibrary({});
  await publish('1', '2', '3');
  expect(await reading).toMatchObject({ changes: [{ row: { id: '1' } }] });
}, 120_000);

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { BrokerConsumer, CreateConsumer } from '../../../src/topic/consumer.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import type { TopicEvent, TopicOptions, TopicReader } from '../../../src/topic/topic.ts';
import { HEALTHY } from '../../support/sink/fake-producer.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';

const unavailable = (): Error => Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });
const ENDPOINTS = ['a:8081', 'b:8081', 'c:8081'];

let reader: TopicReader | undefined;
afterEach(() => reader?.close());

/** Consumers of proxies, of which those in `down` do not answer. The others have no message. */
function consumers(down: ReadonlySet<string>, clock: ManualClock): { create: CreateConsumer; used: string[] } {
  const used: string[] = [];
  const create: CreateConsumer = ({ endpoint }) => {
    used.push(endpoint);
    const answer = async <T>(value: T): Promise<T> => {
      await clock.sleep(10);
      if (down.has(endpoint)) throw unavailable();
      return value;
    };
    const consumer: BrokerConsumer = {
      group: { isKnown: true, isOrdered: true, attempts: 1_000_000_001 },
      probe: () => (down.has(endpoint) ? Promise.reject(unavailable()) : Promise.resolve(HEALTHY)),
      start: () => Promise.resolve(),
      poll: () => answer([]),
      acknowledge: () => answer({ expired: [], failed: [], reason: '' }),
      keep: () => answer(undefined),
      dispose: () => Promise.resolve(),
    };
    return consumer;
  };
  return { create, used };
}

function open(clock: ManualClock, createConsumer: CreateConsumer, more: Partial<Opened> = {}): Promise<TopicReader> {
  const { onEvent, ...options } = more;
  return openTopic(
    { endpoint: 'a:8081', endpoints: ENDPOINTS, topic: 'order-binlog', group: 'copy', workers: 1, ...options },
    {
      clock,
      random: () => 0,
      logger: { debug: () => undefined, isLevelEnabled: () => false },
      createConsumer,
      ...(onEvent !== undefined && { onEvent }),
    },
  );
}

interface Opened extends Pick<TopicOptions, 'tls'> {
  readonly onEvent: (event: TopicEvent) => void;
}

test('several proxies are tried in turn, each once', async () => {
  const clock = new ManualClock();
  const some = consumers(new Set(['a:8081']), clock);
  reader = await open(clock, some.create);
  expect(some.used).toEqual(['a:8081', 'b:8081']);
  const none = consumers(new Set(ENDPOINTS), clock);
  await expect(open(clock, none.create)).rejects.toMatchObject({ code: 'TOPIC_UNREACHABLE' });
  expect(none.used).toEqual(ENDPOINTS);
  const closing = reader.close();
  for (let n = 0; n < 400; n += 1) await clock.advance(20);
  await closing;
});

test('the next one takes over when one has not answered for 5 s', async () => {
  const clock = new ManualClock();
  const down = new Set<string>();
  const { create, used } = consumers(down, clock);
  reader = await open(clock, create);
  for (let n = 0; n < 20; n += 1) await clock.advance(100);
  down.add('a:8081').add('b:8081');
  for (let n = 0; n < 200; n += 1) await clock.advance(100);
  await settled();
  expect(used).toEqual(ENDPOINTS);
  const closing = reader.close();
  for (let n = 0; n < 400; n += 1) await clock.advance(20);
  await closing;
});

test('authorities that cannot be used any more keep a new connection from being made, and it says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'authorities-'));
  const ca = join(folder, 'ca.pem');
  const clock = new ManualClock();
  const down = new Set<string>();
  const { create } = consumers(down, clock);
  const told: TopicEvent[] = [];
  const last = (): unknown => {
    const event = told.at(-1);
    return event?.what === 'away' ? event.error : event?.what;
  };
  /** Files are read in real time. */
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let n = 0; n < 20_000 && !isSo(); n += 1) {
      await clock.advance(100);
      await turn();
    }
  };
  const isRefused = (): boolean => JSON.stringify(last() ?? '').includes('TOPIC_CA_UNREADABLE');
  const options = { tls: { enabled: true, ca }, onEvent: (event: TopicEvent) => void told.push(event) };
  await expect(open(clock, create, options)).rejects.toMatchObject({
    code: 'TOPIC_CA_UNREADABLE',
    message: `the file ${ca} of tls.ca cannot be read (ENOENT)`,
  });
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----');
  reader = await open(clock, create, options);
  for (let n = 0; n < 20; n += 1) await clock.advance(100);
  for (const endpoint of ENDPOINTS) down.add(endpoint);
  writeFileSync(ca, 'garbage');
  await until(isRefused);
  // The connection that is there fails on, and does not hide it.
  for (let n = 0; n < 20; n += 1) await clock.advance(100);
  expect(last()).toMatchObject({
    code: 'TOPIC_CA_UNREADABLE',
    message: expect.stringContaining('is not a PEM file') as string,
  });
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----');
  down.clear();
  await until(() => last() === 'back');
  expect(last()).toBe('back');
  const closing = reader.close();
  for (let n = 0; n < 400; n += 1) await clock.advance(20);
  await closing;
  rmSync(folder, { recursive: true });
});

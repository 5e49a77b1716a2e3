import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RocketmqServer } from '../../../dev/servers/servers.ts';
import { startRocketmq } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createConsumer, type CreateConsumer } from '../../../src/topic/consumer.ts';
import { Gate, isDropped } from '../../../src/topic/gate.ts';
import { openTopic, type TopicDeps } from '../../../src/topic/reader.ts';
import type { TopicBatch, TopicEvent, TopicOptions, TopicReader } from '../../../src/topic/topic.ts';
import { freshTopic, sharedRocketmq, uniqueName } from '../../support/servers.ts';
import { expectNoNewHandles, handles } from '../../support/sink/handles.ts';
import { Publisher } from '../../support/topic/publisher.ts';

const LANES = Array.from({ length: 8 }, (_, i) => `lane-${i}`);
/** The shortest that RocketMQ knows. */
const SHORT_MS = 10_000;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

const depsWith = (deps: Partial<TopicDeps> = {}): TopicDeps => ({
  clock: systemClock,
  random: Math.random,
  logger: { debug: () => undefined, isLevelEnabled: () => false },
  ...deps,
});

async function read(options: TopicOptions, deps: Partial<TopicDeps> = {}): Promise<TopicReader> {
  const reader = await openTopic(options, depsWith(deps));
  opened.push(reader);
  return reader;
}

async function publisher(endpoint: string, topic: string): Promise<Publisher> {
  const opening = await Publisher.open(endpoint, topic);
  opened.push(opening);
  return opening;
}

async function place(
  options: Parameters<typeof freshTopic>[0] = {},
): Promise<{ options: TopicOptions; publish: Publisher }> {
  const { topic, group } = await freshTopic(options);
  const { endpoint } = sharedRocketmq();
  return { options: { endpoint, topic, group }, publish: await publisher(endpoint, topic) };
}

const sequencesOf = ({ messages }: TopicBatch): readonly number[] =>
  messages.map(({ properties }) => Number(properties.get('sequence')));

async function taken(reader: TopicReader): Promise<TopicBatch> {
  const batch = await reader.next();
  if (batch === undefined) throw new Error('the reader was closed');
  return batch;
}

/** Reads with some in parallel until so many messages are new; throws at a gap. Returns the sequences by lane. */
async function readAll(
  reader: TopicReader,
  count: number,
  onFresh: () => void = () => undefined,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const gate = new Gate();
  const lanes = new Map<string, number[]>();
  let fresh = 0;
  const reading = async (): Promise<void> => {
    while (fresh < count) {
      const batch = await reader.next();
      if (batch === undefined) return;
      for (const message of batch.messages) {
        await new Promise((resolve) => setImmediate(resolve));
        const { mark, verdict } = gate.pass(message);
        if (isDropped(verdict)) continue;
        lanes.set(message.lane, [...(lanes.get(message.lane) ?? []), mark.sequence]);
        fresh += 1;
        onFresh();
      }
      await batch.acknowledge();
    }
    await reader.close();
  };
  await Promise.all([reading(), reading(), reading()]);
  return lanes;
}

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, i) => i + 1);

describe('a topic that is read', () => {
  test('gives every lane in its order, to several that work at the same time', async () => {
    const { options, publish } = await place();
    const sending = publish.sendAll(LANES, 1, 150);
    const reader = await read(options);
    const lanes = await readAll(reader, LANES.length * 150);
    await sending;
    for (const lane of LANES) expect(lanes.get(lane)).toEqual(upTo(150));
  });

  test('gives what was handed back again, and nothing of its queue before that', async () => {
    const { options, publish } = await place({ queues: 1 });
    await publish.sendAll(['lane-0'], 1, 5);
    const reader = await read(options);
    const first = await taken(reader);
    expect(sequencesOf(first)).toEqual(upTo(5));
    await publish.sendAll(['lane-0'], 6, 8);
    await first.acknowledge(2);
    const got: number[] = [];
    while (got.length < 6) {
      const batch = await taken(reader);
      got.push(...sequencesOf(batch));
      await batch.acknowledge();
    }
    expect(got).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test('gives what a reader left when it was closed to the next one', async () => {
    const { options, publish } = await place({ queues: 1 });
    await publish.sendAll(['lane-0'], 1, 3);
    const reader = await read(options);
    const left = await taken(reader);
    left.release();
    await reader.close();
    await expect(reader.next()).resolves.toBeUndefined();
    const next = await read(options);
    expect(sequencesOf(await taken(next))).toEqual(upTo(3));
  });

  test('keeps a batch that takes longer than the broker would leave it, and does not lose it', async () => {
    const { options, publish } = await place({ queues: 1 });
    await publish.sendAll(['lane-0'], 1, 3);
    const reader = await read({ ...options, invisibleMs: SHORT_MS });
    const other = await read({ ...options, invisibleMs: SHORT_MS });
    const batches: TopicBatch[] = [];
    const take = async (one: TopicReader): Promise<void> => {
      for (let batch = await one.next(); batch !== undefined; batch = await one.next()) batches.push(batch);
    };
    const taking = Promise.all([take(reader), take(other)]);
    await expect.poll(() => batches.map(sequencesOf), { timeout: 20_000 }).toEqual([upTo(3)]);
    await systemClock.sleep(SHORT_MS * 1.5);
    expect(batches.map(({ lost }) => lost.aborted)).toEqual([false]);
    await batches[0]?.acknowledge();
    await publish.sendAll(['lane-0'], 4, 4);
    await expect.poll(() => batches.map(sequencesOf), { timeout: 20_000 }).toEqual([upTo(3), [4]]);
    await batches[1]?.acknowledge();
    await Promise.all([reader.close(), other.close()]);
    await taking;
  });

  test('says that a batch is lost that the broker could not be asked to keep: another reader gets it, in order', async () => {
    const { options, publish } = await place({ queues: 1 });
    await publish.sendAll(['lane-0'], 1, 3);
    const events: TopicEvent[] = [];
    let hasRead = false;
    const cut: CreateConsumer = (settings, deps) => {
      const consumer = createConsumer(settings, deps);
      consumer.keep = () => Promise.reject(new Error('cut off'));
      consumer.acknowledge = () => Promise.reject(new Error('cut off'));
      const poll = consumer.poll.bind(consumer);
      consumer.poll = async (...args) => {
        // It would get them again itself.
        if (hasRead) throw new Error('cut off');
        const deliveries = await poll(...args);
        hasRead ||= deliveries.length > 0;
        return deliveries;
      };
      return consumer;
    };
    const deaf = await read(
      { ...options, invisibleMs: SHORT_MS, workers: 1 },
      { createConsumer: cut, onEvent: (event) => events.push(event) },
    );
    const lost = await taken(deaf);
    const other = await read(options);
    const again = await taken(other);
    expect(lost.lost.aborted).toBe(true);
    expect(events).toContainEqual({ what: 'lost', queue: 0, offset: 0n });
    expect(sequencesOf(again)).toEqual(upTo(3));
    await lost.acknowledge();
    await again.acknowledge();
  });

  test('leaves nothing when it is closed', async () => {
    const { options, publish } = await place();
    await publish.sendAll(LANES, 1, 2);
    await publish.close();
    const before = handles();
    const reader = await read(options);
    const batch = await taken(reader);
    batch.release();
    await reader.close();
    await expectNoNewHandles(before);
  });
});

describe('what cannot be read is refused at the start', () => {
  test('a topic that is missing, or keeps no order', async () => {
    const { options } = await place();
    await expect(read({ ...options, topic: 'nobody-made-this' })).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
    const topic = uniqueName('normal-');
    await sharedRocketmq().createTopic(topic, { queues: 4, fifo: false });
    await expect(read({ ...options, topic })).rejects.toMatchObject({ code: 'TOPIC_NOT_FIFO' });
  });

  test('a group that is missing, not ordered, or gives messages up, with the command that makes it so', async () => {
    const { options } = await place();
    const group = uniqueName('loose-');
    const remedy = expect.stringContaining(
      `updateSubGroup -n <name server>:9876 -c <cluster> -g ${group} -o true -r 1000000000`,
    ) as string;
    const before = handles();
    await expect(read({ ...options, group })).rejects.toMatchObject({ code: 'GROUP_MISSING', remedy });
    await sharedRocketmq().createGroup(group, { ordered: false });
    await expect(read({ ...options, group })).rejects.toMatchObject({ code: 'GROUP_NOT_ORDERED', remedy });
    await sharedRocketmq().createGroup(group, { ordered: true, retries: 16 });
    await expect(read({ ...options, group })).rejects.toMatchObject({ code: 'GROUP_GIVES_UP', remedy });
    await expectNoNewHandles(before);
    await sharedRocketmq().createGroup(group, { ordered: true });
    await read({ ...options, group });
  });

  test('an endpoint where nobody listens', async () => {
    const { options } = await place();
    await expect(read({ ...options, endpoint: '127.0.0.1:1' })).rejects.toMatchObject({ code: 'TOPIC_UNREACHABLE' });
  });
});

describe('a RocketMQ that goes away', () => {
  let server: RocketmqServer;
  beforeAll(async () => {
    server = await startRocketmq({ own: true, progress: () => undefined });
  });
  afterAll(() => server.remove());

  test('is waited for, and read on where it was, with nothing missing', async () => {
    const topic = uniqueName('order-binlog-');
    const group = `${topic}-readers`;
    await server.createTopic(topic, { queues: 8, fifo: true });
    await server.createGroup(group, { ordered: true });
    const publish = await publisher(server.endpoint, topic);
    await publish.sendAll(LANES, 1, 40);
    const events: TopicEvent[] = [];
    const reader = await read(
      { endpoint: server.endpoint, topic, group, invisibleMs: SHORT_MS },
      { onEvent: (event) => events.push(event) },
    );
    let seen = 0;
    const reading = readAll(reader, LANES.length * 80, () => (seen += 1));
    await expect.poll(() => seen, { timeout: 20_000 }).toBeGreaterThan(100);
    await server.kill9();
    await expect.poll(() => events.some(({ what }) => what === 'away'), { timeout: 20_000 }).toBe(true);
    await server.start();
    await expect
      .poll(
        () =>
          publish.sendAll(['lane-0'], 41, 41).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await publish.sendAll(['lane-0'], 42, 80);
    await publish.sendAll(LANES.slice(1), 41, 80);
    const lanes = await reading;
    for (const lane of LANES) expect(lanes.get(lane)).toEqual(upTo(80));
    expect(events.some(({ what }) => what === 'back')).toBe(true);
  });
});

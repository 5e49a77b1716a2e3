/** What is handed back, in part or as a whole, comes again before anything behind it, however often that happens. */
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createConsumer, type CreateConsumer } from '../../../src/topic/consumer.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import type { TopicBatch, TopicMessage, TopicOptions, TopicReader } from '../../../src/topic/topic.ts';
import { Random } from '../../support/round-trip/random.ts';
import { freshTopic, sharedRocketmq } from '../../support/servers.ts';
import { Publisher } from '../../support/topic/publisher.ts';

/** The shortest that RocketMQ knows. */
const SHORT_MS = 10_000;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function read(options: TopicOptions, create: CreateConsumer = createConsumer): Promise<TopicReader> {
  const reader = await openTopic(options, {
    clock: systemClock,
    random: Math.random,
    logger: { debug: () => undefined, isLevelEnabled: () => false },
    createConsumer: create,
  });
  opened.push(reader);
  return reader;
}

async function place(queues: number): Promise<{ options: TopicOptions; publish: Publisher }> {
  const { topic, group } = await freshTopic({ queues });
  const { endpoint } = sharedRocketmq();
  const publish = await Publisher.open(endpoint, topic);
  opened.push(publish);
  return { options: { endpoint, topic, group, invisibleMs: SHORT_MS }, publish };
}

const sequenceOf = ({ properties }: TopicMessage): number => Number(properties.get('sequence'));

/** Takes a few batches and can tell the broker nothing of them: each is lost. */
function cutAfter(batches: number): CreateConsumer {
  return (settings, deps) => {
    const consumer = createConsumer(settings, deps);
    const poll = consumer.poll.bind(consumer);
    let polled = 0;
    consumer.keep = () => Promise.reject(new Error('cut off'));
    consumer.acknowledge = () => Promise.reject(new Error('cut off'));
    consumer.poll = async (...args) => {
      if (polled >= batches) throw new Error('cut off');
      const deliveries = await poll(...args);
      if (deliveries.length > 0) polled += 1;
      return deliveries;
    };
    return consumer;
  };
}

/** The first message of each lane that nobody has acknowledged: what comes of a lane begins there, or before. */
class Due {
  readonly #lanes = new Map<string, number>();
  acknowledged = 0;
  repeats = 0;

  taken({ messages }: TopicBatch): void {
    const before = new Map<string, number>();
    for (const message of messages) {
      const { lane } = message;
      const sequence = sequenceOf(message);
      const due = this.#lanes.get(lane) ?? 1;
      const last = before.get(lane);
      const from = `${lane}, offset ${message.offset}, attempt ${message.attempt}`;
      if (last !== undefined) expect(sequence, from).toBe(last + 1);
      else expect(sequence, from).toBeLessThanOrEqual(due);
      if (sequence < due || message.attempt > 1) this.repeats += 1;
      before.set(lane, sequence);
    }
  }

  /** To be called before the broker is told: from then on it may give what follows. */
  acknowledges(messages: readonly TopicMessage[]): void {
    for (const message of messages) {
      const sequence = sequenceOf(message);
      const due = this.#lanes.get(message.lane) ?? 1;
      if (sequence < due) continue;
      this.#lanes.set(message.lane, sequence + 1);
      this.acknowledged += 1;
    }
  }
}

// 17 times is what RocketMQ gives a message by default, before it moves it to the dead-letter queue.
test('comes again more often than RocketMQ gives a message by default', async () => {
  const { options, publish } = await place(1);
  await publish.sendAll(['lane-0'], 1, 14);
  const reader = await read(options);
  const firsts: number[] = [];
  for (let time = 0; time < 21; time += 1) {
    const batch = await reader.next();
    const [first] = batch?.messages ?? [];
    if (batch === undefined || first === undefined) throw new Error('the reader was closed');
    firsts.push(sequenceOf(first));
    await batch.acknowledge(time % 2);
  }
  expect(firsts).toEqual(Array.from({ length: 21 }, (_, time) => 1 + Math.floor(time / 2)));
});

test('comes again before what is behind it, whatever its readers do', async () => {
  const seed = String(Math.floor(Math.random() * 1e9));
  const random = new Random(seed);
  const lanes = Array.from({ length: 8 }, (_, i) => `lane-${i}`);
  const ofLane = 150;
  const { options, publish } = await place(4);
  const due = new Due();
  const sending = publish.sendAll(lanes, 1, ofLane);
  const cut = [await read(options, cutAfter(3)), await read(options, cutAfter(3))];
  const sound = [await read({ ...options, workers: 2 }), await read({ ...options, workers: 2 }), await read(options)];
  const failures: unknown[] = [];
  const isDone = (): boolean => failures.length > 0 || due.acknowledged === lanes.length * ofLane;
  let isLost = false;

  async function settle(batch: TopicBatch): Promise<void> {
    if (random.chance(0.1)) {
      batch.release();
      return;
    }
    const count = random.chance(0.5) ? batch.messages.length : random.int(0, batch.messages.length);
    due.acknowledges(batch.messages.slice(0, count));
    await batch.acknowledge(count);
  }

  async function work(reader: TopicReader, settles: (batch: TopicBatch) => Promise<void>): Promise<void> {
    try {
      while (!isDone()) {
        const batch = await reader.next();
        if (batch === undefined) return;
        due.taken(batch);
        await settles(batch);
      }
    } catch (thrown) {
      failures.push(thrown);
    }
    await Promise.all(opened.splice(0).map((one) => one.close()));
  }

  const lose = async (batch: TopicBatch): Promise<void> => {
    while (!batch.lost.aborted && !isDone()) await systemClock.sleep(50);
    isLost ||= batch.lost.aborted;
    await batch.acknowledge();
  };
  await Promise.all([
    sending,
    ...sound.flatMap((reader) => [work(reader, settle), work(reader, settle)]),
    ...cut.map((reader) => work(reader, lose)),
  ]);
  expect(failures, `seed ${seed}`).toEqual([]);
  expect(due.acknowledged).toBe(lanes.length * ofLane);
  expect(due.repeats).toBeGreaterThan(0);
  expect(isLost).toBe(true);
});

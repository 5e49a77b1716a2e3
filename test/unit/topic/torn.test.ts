import { afterEach, describe, expect, test } from 'vitest';
import type { BrokerConsumer, Delivery } from '../../../src/topic/consumer.ts';
import { openTopic } from '../../../src/topic/reader.ts';
import type { TopicEvent, TopicMessage, TopicReader } from '../../../src/topic/topic.ts';
import { HEALTHY } from '../../support/sink/fake-producer.ts';
import { ManualClock } from '../../support/sink/manual-clock.ts';
import { topicMessage } from '../../support/topic/messages.ts';

let closing = (): Promise<void> => Promise.resolve();
afterEach(() => closing());

/** As the proxy gives it when all properties are zeros. */
const torn = (offset: bigint, queue = 3): TopicMessage => ({
  ...topicMessage({ offset }),
  lane: '',
  tag: '',
  queue,
  properties: new Map(),
});

class Bench {
  readonly events: TopicEvent[] = [];
  readonly acknowledged: bigint[] = [];

  /** A broker that gives these batches, one after the other. */
  async open(batches: readonly (readonly TopicMessage[])[]): Promise<TopicReader> {
    const clock = new ManualClock();
    const left = [...batches];
    const consumer: BrokerConsumer = {
      group: { isKnown: true, isOrdered: true, attempts: 1_000_000_001 },
      probe: () => Promise.resolve(HEALTHY),
      start: () => Promise.resolve(),
      poll: async () => {
        const messages = left.shift();
        if (messages === undefined) await clock.sleep(10);
        return (messages ?? []).map((message) => ({ message })) as unknown as readonly Delivery[];
      },
      acknowledge: (deliveries) => {
        this.acknowledged.push(...deliveries.map(({ message }) => message.offset));
        return Promise.resolve({ expired: [], failed: [], reason: '' });
      },
      keep: () => Promise.resolve(),
      dispose: () => Promise.resolve(),
    };
    const reader = await openTopic(
      { endpoint: 'a:8081', topic: 'order-binlog', group: 'copy', workers: 1 },
      {
        clock,
        random: () => 0,
        logger: { debug: () => undefined, isLevelEnabled: () => false },
        createConsumer: () => consumer,
        onEvent: (event) => this.events.push(event),
      },
    );
    closing = async (): Promise<void> => {
      const closed = reader.close();
      for (let n = 0; n < 400; n += 1) await clock.advance(20);
      await closed;
    };
    return reader;
  }
}

describe('a torn message', () => {
  test('is dropped, told of once, and acknowledged with its neighbours', async () => {
    const bench = new Bench();
    const reader = await bench.open([[topicMessage({ sequence: 1 }), torn(2n), topicMessage({ sequence: 3 })]]);
    const batch = await reader.next();
    expect(batch?.messages.map(({ offset }) => offset)).toEqual([1n, 3n]);
    await batch?.acknowledge();
    expect(bench.acknowledged).toEqual([1n, 2n, 3n]);
    expect(bench.events).toEqual([
      {
        what: 'torn',
        place: 'topic order-binlog (broker-a, queue 3, offset 2)',
        why: 'it has no message group',
      },
    ]);
  });

  test('is named by as much of its lane as there is', async () => {
    const bench = new Bench();
    const cut = new Map(topicMessage().properties).set('epoch', '1\0\0');
    await bench.open([
      [
        { ...topicMessage(), lane: 'lane-3\0\0\0' },
        { ...topicMessage({ offset: 2n }), properties: cut },
      ],
    ]);
    await expect
      .poll(() => bench.events)
      .toEqual([
        {
          what: 'torn',
          place: 'topic order-binlog, lane lane-3 (broker-a, queue 3, offset 1)',
          why: 'its message group, its tag or its keys are cut off',
        },
        {
          what: 'torn',
          place: 'topic order-binlog, lane lane-3 (broker-a, queue 3, offset 2)',
          why: 'its properties are cut off at epoch',
        },
      ]);
  });

  test('is not taken for one when another program has sent it', async () => {
    const bench = new Bench();
    const foreign = { ...torn(1n), body: Buffer.from('{"type":"INSERT","database":"shop","table":"orders"}') };
    const reader = await bench.open([[foreign]]);
    expect((await reader.next())?.messages).toEqual([foreign]);
    expect(bench.events).toEqual([]);
  });

  test('ends the reading when 16 are followed by another: no broker is killed so often', async () => {
    const bench = new Bench();
    const some = (first: number, count: number, queue = 3): readonly TopicMessage[] =>
      Array.from({ length: count }, (_, i) => torn(BigInt(first + i), queue));
    // Those of another queue, those before a whole one, and those that are delivered again do not count.
    const reader = await bench.open([
      some(1, 16, 2),
      some(1, 15),
      some(1, 15),
      [topicMessage({ sequence: 16 })],
      some(17, 16),
      some(33, 1),
    ]);
    const all = (async (): Promise<void> => {
      for (;;) await (await reader.next())?.acknowledge();
    })();
    await expect(all).rejects.toMatchObject({
      code: 'MESSAGE_UNREADABLE',
      message: expect.stringContaining('offset 33): it has no message group, as in the 16 messages') as unknown,
    });
    expect(bench.events.filter(({ what }) => what === 'torn')).toHaveLength(16 + 15 + 15 + 16);
  });
});

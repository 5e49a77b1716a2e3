import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RocketmqServer } from '../../../dev/servers/servers.ts';
import { startRocketmq } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RelayError } from '../../../src/base/errors.ts';
import { queueOf } from '../../../src/sink/lane-names.ts';
import { createRocketmqSink, type RocketmqOptions, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import { describeSinkContract } from '../../contract/sink/sink-contract.ts';
import { drainTopic } from '../../support/drain-topic.ts';
import { freshTopic, sharedRocketmq, uniqueName } from '../../support/servers.ts';
import { expectNoNewHandles, handles } from '../../support/sink/handles.ts';
import { message, numbersByLane, sendAll } from '../../support/sink/messages.ts';

function rocketmqSink(endpoint: string, topic: string, change: Partial<RocketmqOptions> = {}): RocketmqSink {
  return createRocketmqSink(
    { endpoint, topic, namespace: '', tls: { enabled: false }, sendTimeoutMs: 3000, ...change },
    { clock: systemClock, logger: pino({ level: 'silent' }) },
  );
}

describeSinkContract('rocketmq', async () => {
  const { topic, group } = await freshTopic();
  return {
    sink: rocketmqSink(sharedRocketmq().endpoint, topic),
    received: async (count) => {
      const messages = await drainTopic({ topic, group, until: (all) => all.length === count });
      return messages.map(({ body }) => body.toString());
    },
    dispose: () => Promise.resolve(),
  };
});

describe('rocketmq', () => {
  let sink: RocketmqSink | undefined;
  afterEach(() => sink?.close());

  test('readers see lane, tag, keys and properties', async () => {
    const { topic, group } = await freshTopic();
    sink = rocketmqSink(sharedRocketmq().endpoint, topic);
    await sink.open();
    const properties = new Map([
      ['first', '3e11fa47:23#0'],
      ['sequence', '7'],
    ]);
    await sink.send(message('lane-3', 1, { keys: ['1', '2,x'], properties }));
    const [received] = await drainTopic({ topic, group, until: (all) => all.length === 1 });
    expect(received).toMatchObject({ lane: 'lane-3', tag: 'shop.orders', keys: ['1', '2,x'] });
    for (const [name, value] of properties) expect(received?.properties.get(name)).toBe(value);
  });

  test('a lane that moves when the topic grows stops at the first message that went astray', async () => {
    const { topic } = await freshTopic({ queues: 8 });
    sink = rocketmqSink(sharedRocketmq().endpoint, topic);
    const lanes = (await sink.open()).laneNames(8);
    const astray = new Map<string, number>();
    const growing = sharedRocketmq().createTopic(topic, { queues: 16, fifo: true });
    // The proxy sees the new queues within a minute or so, and the lanes that move do so together; the others would go
    // on until the route is asked for again.
    let deadline = performance.now() + 200_000;
    await Promise.all(
      lanes.map(async (lane) => {
        for (let number = 0; ; number += 1) {
          const properties = new Map([
            ['first', `uuid:${number}#0`],
            ['last', `uuid:${number}#0`],
            ['sequence', `${number}`],
          ]);
          const error: unknown = await sink
            ?.send(message(lane, number, { properties }))
            .catch((thrown: unknown) => thrown);
          if (error instanceof RelayError) {
            expect(error.code).toBe('SINK_QUEUES_CHANGED');
            if (/no message .* was seen in another queue/.test(error.message)) return;
            expect(error.message).toContain(`lane ${lane} has moved`);
            expect(error.message).toContain(`sequence ${number}`);
            astray.set(lane, number);
            deadline = Math.min(deadline, performance.now() + 2000);
            return;
          }
          if (performance.now() > deadline) return;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }),
    );
    await growing;
    expect(astray.size).toBeGreaterThan(0);
    // Each of these lanes has one message in another queue, its last one.
    for (const [lane] of astray) expect(queueOf(lane, 16)).not.toBe(queueOf(lane, 8));
  }, 240_000);

  test('probe tells what the route says', async () => {
    const { topic } = await freshTopic({ queues: 4 });
    sink = rocketmqSink(sharedRocketmq().endpoint, topic);
    const { endpoint } = sharedRocketmq();
    await expect(sink.probe()).resolves.toMatchObject({
      queues: 4,
      writableQueues: 4,
      types: ['FIFO'],
      addresses: [endpoint],
    });
  });

  test('a missing topic and one that is not FIFO are refused with the command that makes one', async () => {
    const { endpoint, createTopic } = sharedRocketmq();
    sink = rocketmqSink(endpoint, 'nobody-made-this');
    await expect(sink.open()).rejects.toMatchObject({
      code: 'SINK_TOPIC_MISSING',
      remedy: expect.stringContaining('-t nobody-made-this -r 8 -w 8 -a +message.type=FIFO -o true') as string,
    });
    const topic = uniqueName('normal-');
    await createTopic(topic, { queues: 8, fifo: false });
    sink = rocketmqSink(endpoint, topic);
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_TOPIC_NOT_FIFO' });
    // What the remedy says about a topic that nothing else uses.
    await createTopic(topic, { queues: 8, fifo: true });
    await expect
      .poll(
        () =>
          sink
            ?.open()
            .then(({ queues }) => queues)
            .catch(() => 0),
        { timeout: 20_000 },
      )
      .toBe(8);
  });

  test('the greatest legal message is taken', async () => {
    const { topic } = await freshTopic();
    sink = rocketmqSink(sharedRocketmq().endpoint, topic);
    await sink.open();
    const body = Buffer.alloc(4 * 1024 * 1024 - 64 * 1024, 0x20);
    const properties = new Map(Array.from({ length: 126 }, (_, index) => [`p${index}`, 'v'.repeat(110)]));
    await sink.send(message('l'.repeat(63), 1, { body, properties }));
  });
});

describe('a RocketMQ that fails', () => {
  let server: RocketmqServer;
  let topic = '';
  let group = '';
  let sink: RocketmqSink;

  beforeAll(async () => {
    server = await startRocketmq({ own: true, progress: () => undefined });
    topic = uniqueName('order-binlog-');
    group = `${topic}-readers`;
    await server.createTopic(topic, { queues: 8, fifo: true });
    await server.createGroup(group, { ordered: true });
  });
  afterAll(() => server.remove());
  afterEach(() => sink.close());

  test('each lane is stored in the queue that its name predicts', async () => {
    const spread = uniqueName('spread-');
    await server.createTopic(spread, { queues: 8, fifo: true });
    sink = rocketmqSink(server.endpoint, spread);
    const lanes = (await sink.open()).laneNames(8);
    // As many messages as the number of the predicted queue, and one more: each count occurs once.
    for (const lane of lanes) {
      for (let number = 0; number <= queueOf(lane, 8); number += 1) await sink.send(message(lane, number));
    }
    const status = await server.mqadmin(['topicStatus', '-t', spread]);
    const stored = [...status.matchAll(/^\S+\s+(\d+)\s+(\d+)\s+(\d+)/gm)].map(([, queue, , end]) =>
      [queue, end].map(Number),
    );
    expect(stored.toSorted(([a = 0], [b = 0]) => a - b)).toEqual(
      Array.from({ length: 8 }, (_, queue) => [queue, queue + 1]),
    );
  });

  test('frozen: a send ends at its deadline, close in time, and nothing is left', async () => {
    // Of its own: what is sent here may arrive after all.
    const frozen = uniqueName('frozen-');
    await server.createTopic(frozen, { queues: 8, fifo: true });
    const before = handles();
    sink = rocketmqSink(server.endpoint, frozen, { sendTimeoutMs: 1000 });
    await sink.open();
    await server.freeze();
    try {
      await expect(sink.send(message('lane-0', -1))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
      await sink.close();
      await expectNoNewHandles(before);
    } finally {
      await server.thaw();
    }
  });

  test('killed and started again in mid-send: goes on alone, nothing lost, order kept', async () => {
    sink = rocketmqSink(server.endpoint, topic);
    const lanes = (await sink.open()).laneNames(4);
    const failures: unknown[] = [];
    let acknowledged = 0;
    const patient: Pick<RocketmqSink, 'open' | 'send' | 'close'> = {
      open: () => sink.open(),
      close: () => sink.close(),
      send: async (outbound) => {
        for (;;) {
          try {
            await sink.send(outbound);
            acknowledged += 1;
            return;
          } catch (thrown) {
            if (!(thrown instanceof RelayError) || !thrown.retryable) throw thrown;
            failures.push(thrown.code);
            await systemClock.sleep(100);
          }
        }
      },
    };
    const perLane = 1500;
    const sending = sendAll(patient, lanes, perLane);
    await expect.poll(() => acknowledged, { timeout: 20_000 }).toBeGreaterThan(200);
    await server.kill9();
    await expect.poll(() => failures.length).toBeGreaterThan(lanes.length);
    await server.start();
    const atStart = acknowledged;
    await expect.poll(() => acknowledged).toBeGreaterThan(atStart);
    await sending;

    const all = lanes.length * perLane;
    const complete = (bodies: readonly string[]): boolean => new Set(bodies).size >= all;
    const received = await drainTopic({
      topic,
      group,
      endpoint: server.endpoint,
      timeoutMs: 60_000,
      until: (messages) => messages.length >= all && complete(messages.map(({ body }) => body.toString())),
    });
    const numbers = numbersByLane(received.map(({ body }) => body.toString()));
    for (const lane of lanes) {
      // A send that failed may have arrived: its repeat stands right after it.
      const distinct = numbers.get(lane)?.filter((number, index, list) => number !== list[index - 1]);
      expect(distinct).toEqual(Array.from({ length: perLane }, (_, number) => number));
    }
  });
});

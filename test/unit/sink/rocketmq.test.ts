import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { RelayError } from '../../../src/base/errors.ts';
import type { TopicProbe } from '../../../src/rocketmq/topic-probe.ts';
import type { ProducerSettings } from '../../../src/sink/rocketmq-client.ts';
import { createRocketmqSink, type RocketmqOptions, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import { FakeProducer, HEALTHY } from '../../support/sink/fake-producer.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';
import { message } from '../../support/sink/messages.ts';

const OPTIONS: RocketmqOptions = {
  endpoint: 'proxy:8081',
  topic: 'order-binlog',
  namespace: '',
  accessKey: 'relay',
  accessSecret: 'not-to-be-seen',
  tls: { enabled: false },
  sendTimeoutMs: 3000,
};

const unavailable = (): Error => Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });

interface Bench {
  readonly sink: RocketmqSink;
  readonly clock: ManualClock;
  readonly producers: FakeProducer[];
  readonly settings: ProducerSettings[];
  readonly log: string[];
}

function bench(
  prepare: (producer: FakeProducer, index: number, settings: ProducerSettings) => void = () => undefined,
  changes: Partial<RocketmqOptions> = {},
): Bench {
  const clock = new ManualClock();
  const producers: FakeProducer[] = [];
  const settings: ProducerSettings[] = [];
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(line) });
  const sink = createRocketmqSink(
    { ...OPTIONS, ...changes },
    {
      clock,
      logger,
      createProducer: (withSettings) => {
        const producer = new FakeProducer();
        prepare(producer, producers.length, withSettings);
        producers.push(producer);
        settings.push(withSettings);
        return producer;
      },
    },
  );
  return { sink, clock, producers, settings, log };
}

describe('open', () => {
  test('probes, starts and tells queues and lanes', async () => {
    const { sink, settings } = bench();
    const info = await sink.open();
    expect(info).toMatchObject({ destination: 'rocketmq topic order-binlog', endpoints: ['proxy:8081'], queues: 8 });
    expect(new Set(info.laneNames(8)).size).toBe(8);
    expect(settings[0]).toMatchObject({
      credentials: { accessKey: 'relay', accessSecret: 'not-to-be-seen' },
      tls: undefined,
    });
  });

  test.each([
    ['SINK_TOPIC_NOT_FIFO', { ...HEALTHY, types: ['NORMAL'] }],
    ['SINK_TOPIC_NOT_FIFO', { ...HEALTHY, types: ['NORMAL', 'FIFO'] }],
    ['SINK_TOPIC_MISSING', { ...HEALTHY, queues: 0, writableQueues: 0, types: [] }],
    ['SINK_BUSY', { ...HEALTHY, writableQueues: 7 }],
  ])('refuses with %s and drops the producer', async (code, probe) => {
    const { sink, producers } = bench((producer) => (producer.onProbe = () => Promise.resolve(probe)));
    await expect(sink.open()).rejects.toMatchObject({ code });
    expect(producers[0]?.disposed).toBe(1);
  });

  test('gives a startup up that hangs, drops it, and can be tried again', async () => {
    const { sink, clock, producers } = bench((producer, index) => {
      if (index === 0) producer.onStart = () => new Promise(() => undefined);
    });
    const first = expect(sink.open()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', retryable: true });
    await settled();
    await clock.advance(15_000);
    await first;
    expect(producers[0]?.disposed).toBe(1);
    await expect(sink.open()).resolves.toMatchObject({ queues: 8 });
  });

  test('warns when the proxy announces another address', async () => {
    const { sink, log } = bench(
      (producer) => (producer.onProbe = () => Promise.resolve({ ...HEALTHY, addresses: ['10.0.0.1:8081'] })),
    );
    await sink.open();
    expect(log.join()).toContain('"announced":["10.0.0.1:8081"]');
  });

  test('never shows the secret', async () => {
    const { sink, log } = bench((producer) => (producer.onProbe = () => Promise.reject(unavailable())));
    const error: unknown = await sink.open().catch((thrown: unknown) => thrown);
    expect(JSON.stringify({ error, text: String(error), log })).not.toContain('not-to-be-seen');
  });
});

describe('probe', () => {
  test('asks and leaves nothing', async () => {
    const { sink, producers } = bench();
    await expect(sink.probe()).resolves.toEqual(HEALTHY);
    expect(producers[0]?.disposed).toBe(1);
  });
});

describe('send', () => {
  test('gives up on a broker that never answers, and ignores its late answer', async () => {
    let answer: () => void = () => undefined;
    const { sink, clock } = bench((producer) => {
      producer.onPublish = () => new Promise((resolve) => (answer = () => resolve(undefined)));
    });
    await sink.open();
    const sent = expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await settled();
    await clock.advance(3499);
    expect(clock.sleeping).toBe(2);
    await clock.advance(1);
    await sent;
    answer();
    await settled();
    // The look at the topic.
    expect(clock.sleeping).toBe(1);
  });

  test('does not try again by itself', async () => {
    const { sink, producers } = bench((producer) => (producer.onPublish = () => Promise.reject(unavailable())));
    await sink.open();
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(producers[0]?.published).toBe(1);
  });

  test('keeps an illegal message from the broker', async () => {
    const { sink, producers } = bench();
    await sink.open();
    await expect(sink.send(message('lane-0', 1, { tag: 'a|b' }))).rejects.toMatchObject({ code: 'SINK_REJECTED' });
    expect(producers[0]?.published).toBe(0);
  });

  test('stops at the first message of a lane that has moved to another queue, and names it', async () => {
    const offsets = [41, 42, 7, 0];
    const { sink } = bench((producer) => {
      producer.onPublish = () => Promise.resolve(offsets.shift());
    });
    await sink.open();
    await sink.send(message('lane-0', 1));
    await sink.send(message('lane-0', 2));
    await sink.send(message('lane-1', 1));
    const error: unknown = await sink.send(message('lane-0', 3)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'SINK_QUEUES_CHANGED',
      retryable: false,
      details: { lane: 'lane-0', offset: 0, before: 42 },
    });
  });
});

describe('a look at the topic every 10 s', () => {
  const look = async (clock: ManualClock): Promise<void> => {
    for (let n = 0; n < 2; n += 1) await clock.advance(5000);
  };

  test.each<[string, Partial<TopicProbe>, string]>([
    ['stops when it has more queues', { queues: 16, writableQueues: 16 }, 'SINK_QUEUES_CHANGED'],
    ['waits while it has fewer', { queues: 4, writableQueues: 4 }, 'SINK_BUSY'],
    ['waits while a part of it is read-only', { writableQueues: 4 }, 'SINK_BUSY'],
    ['waits while the broker does not know it', { types: ['MESSAGE_TYPE_UNSPECIFIED'] }, 'SINK_TOPIC_MISSING'],
    ['waits while it is not FIFO', { types: ['NORMAL'] }, 'SINK_TOPIC_NOT_FIFO'],
  ])('%s, tells it, and goes on when all is as before', async (_what, change, code) => {
    const { sink, clock, producers } = bench();
    const told: (RelayError | undefined)[] = [];
    sink.watch?.((problem) => told.push(problem));
    await sink.open();
    const [producer] = producers;
    if (producer === undefined) throw new Error('no producer');
    await look(clock);
    producer.onProbe = () => Promise.resolve({ ...HEALTHY, ...change });
    await look(clock);
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code });
    expect(producer.published).toBe(0);
    producer.onProbe = () => Promise.resolve(HEALTHY);
    await look(clock);
    await expect(sink.send(message('lane-0', 1))).resolves.toBeUndefined();
    expect(told.map((problem) => problem?.code)).toEqual([undefined, code, undefined]);
  });

  test('tells that the topic is missing or the proxy away, and lets sends find out for themselves', async () => {
    const { sink, clock, producers } = bench();
    const told: (RelayError | undefined)[] = [];
    sink.watch?.((problem) => told.push(problem));
    await sink.open();
    const failing = (error: Error): void => {
      for (const producer of producers) producer.onProbe = () => Promise.reject(error);
    };
    failing(Object.assign(new Error('No topic route info'), { code: 40402 }));
    await look(clock);
    failing(unavailable());
    await look(clock);
    expect(told.map((problem) => problem?.code)).toEqual(['SINK_TOPIC_MISSING', 'SINK_UNREACHABLE']);
    expect(told[0]?.remedy).toContain('If the topic was deleted');
    await expect(sink.send(message('lane-0', 1))).resolves.toBeUndefined();
  });

  test('that fails for 30 s makes a new producer without a send', async () => {
    const { sink, clock, producers } = bench((producer, index) => {
      let probes = 0;
      producer.onProbe = () => (index === 0 && probes++ > 0 ? Promise.reject(unavailable()) : Promise.resolve(HEALTHY));
    });
    await sink.open();
    for (let n = 0; n < 4; n += 1) await look(clock);
    expect(producers).toHaveLength(2);
    expect(producers[0]?.disposed).toBe(1);
    await sink.close();
    expect(clock.sleeping).toBe(0);
  });
});

describe('several proxies', () => {
  const endpoints = ['a:8081', 'b:8081', 'c:8081'];
  const several = (down: ReadonlySet<string>): Bench =>
    bench(
      (producer, _index, { endpoint }) => {
        const answer = async <T>(value: T): Promise<T> => {
          await Promise.resolve();
          if (down.has(endpoint)) throw unavailable();
          return value;
        };
        producer.onProbe = () => answer(HEALTHY);
        producer.onPublish = () => answer(undefined);
      },
      { endpoint: 'a:8081', endpoints },
    );
  const used = ({ settings }: Bench): readonly string[] => settings.map(({ endpoint }) => endpoint);

  test('are tried in turn when the sink is opened; all are told', async () => {
    const one = several(new Set(['a:8081', 'b:8081']));
    await expect(one.sink.open()).resolves.toMatchObject({ endpoints });
    expect(used(one)).toEqual(endpoints);
    expect(one.log.join()).toContain('"endpoint":"b:8081"');
  });

  test('that are all away: each is tried once, and the next time begins with the first', async () => {
    const one = several(new Set(endpoints));
    await expect(one.sink.open()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(used(one)).toEqual(endpoints);
    await expect(one.sink.probe()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(used(one)).toEqual([...endpoints, ...endpoints]);
    expect(one.producers.map(({ disposed }) => disposed)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('do not hide a topic that is wrong', async () => {
    const one = bench((producer) => (producer.onProbe = () => Promise.resolve({ ...HEALTHY, types: ['NORMAL'] })), {
      endpoints,
    });
    await expect(one.sink.open()).rejects.toMatchObject({ code: 'SINK_TOPIC_NOT_FIFO' });
    expect(used(one)).toEqual(['a:8081']);
  });

  test('take over from one that has not answered for 5 s, and keep the place', async () => {
    const down = new Set<string>();
    const one = several(down);
    await one.sink.open();
    await one.sink.send(message('lane-0', 1));
    down.add('a:8081').add('b:8081');
    await expect(one.sink.send(message('lane-0', 2))).rejects.toMatchObject({
      message: expect.stringContaining('at a:8081') as string,
    });
    await one.clock.advance(5000);
    await settled();
    await one.sink.send(message('lane-0', 2));
    expect(used(one)).toEqual(endpoints);
    // It is not left because another is back.
    down.clear();
    await one.clock.advance(30_000);
    await one.sink.send(message('lane-0', 3));
    expect(used(one)).toHaveLength(3);
  });
});

describe('a new producer after a time of failures', () => {
  const failing = (producer: FakeProducer): void => {
    producer.onPublish = () => Promise.reject(unavailable());
  };
  const attempt = (sink: RocketmqSink): Promise<void> =>
    sink.send(message('lane-0', 1)).catch((thrown: unknown) => expect(thrown).toMatchObject({ retryable: true }));

  test('takes over after 30 s without a success', async () => {
    const { sink, clock, producers } = bench((producer, index) => {
      if (index === 0) failing(producer);
    });
    await sink.open();
    await attempt(sink);
    await clock.advance(29_999);
    await attempt(sink);
    expect(producers).toHaveLength(1);
    await clock.advance(1);
    await attempt(sink);
    await settled();
    expect(producers).toHaveLength(2);
    expect(producers[0]?.disposed).toBe(1);
    await expect(sink.send(message('lane-0', 1))).resolves.toBeUndefined();
    expect(producers[1]?.published).toBe(1);
  });

  test('follows a secret that was rotated in its file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-'));
    try {
      const accessSecretFile = join(folder, 'secret');
      writeFileSync(accessSecretFile, 'old\n');
      const { sink, clock, settings } = bench(failing, { accessSecretFile });
      await sink.open();
      writeFileSync(accessSecretFile, 'new\n');
      await attempt(sink);
      await clock.advance(30_000);
      await attempt(sink);
      await settled();
      expect(settings.map(({ credentials }) => credentials)).toEqual([
        { accessKey: 'relay', accessSecret: 'old' },
        { accessKey: 'relay', accessSecret: 'new' },
      ]);
      rmSync(accessSecretFile);
      await expect(sink.probe()).rejects.toMatchObject({
        code: 'SINK_UNAUTHORIZED',
        message: expect.stringContaining(`${accessSecretFile} of sink.accessSecret`) as string,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is made while sends hang, and neither fail nor succeed', async () => {
    const { sink, clock, producers } = bench(
      (producer, index) => {
        if (index === 0) producer.onPublish = () => new Promise(() => undefined);
      },
      { sendTimeoutMs: 60_000 },
    );
    await sink.open();
    const hanging = expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    for (let second = 0; second < 60; second += 5) await clock.advance(5000);
    await settled();
    expect(producers.length).toBeGreaterThan(1);
    await expect(sink.send(message('lane-1', 1))).resolves.toBeUndefined();
    await clock.advance(500);
    await hanging;
    expect(producers[0]?.disposed).toBe(1);
  });

  test('a success in between starts the time again', async () => {
    let broken = true;
    const { sink, clock, producers } = bench((producer) => {
      producer.onPublish = () => (broken ? Promise.reject(unavailable()) : Promise.resolve(undefined));
    });
    await sink.open();
    await attempt(sink);
    await clock.advance(29_000);
    broken = false;
    await attempt(sink);
    broken = true;
    await clock.advance(29_000);
    await attempt(sink);
    await clock.advance(29_999);
    await attempt(sink);
    expect(producers).toHaveLength(1);
  });

  test('is tried one at a time and every 30 s; the old one stays in use until one is ready', async () => {
    const { sink, clock, producers } = bench((producer, index) => {
      failing(producer);
      if (index > 0) producer.onStart = () => Promise.reject(unavailable());
    });
    await sink.open();
    for (let second = 0; second <= 90; second += 1) {
      await attempt(sink);
      await clock.advance(1000);
    }
    expect(producers).toHaveLength(4);
    expect(producers.map(({ disposed }) => disposed)).toEqual([0, 1, 1, 1]);
    expect(producers[0]?.published).toBe(91);
  });

  test('does not take a topic that changed meanwhile', async () => {
    const { sink, clock, producers } = bench((producer, index) => {
      if (index === 0) failing(producer);
      else producer.onProbe = () => Promise.resolve({ ...HEALTHY, queues: 4, writableQueues: 4 });
    });
    await sink.open();
    await attempt(sink);
    await clock.advance(30_000);
    await attempt(sink);
    await settled();
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_BUSY' });
    expect(producers[1]?.published).toBe(0);
  });
});

describe('close', () => {
  test('rejects what is out with SINK_CLOSED, once, and again at once', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { sink, producers } = bench((producer) => {
      producer.onPublish = () => new Promise((_, reject) => (fail = reject));
    });
    await sink.open();
    const sent = expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_CLOSED' });
    await settled();
    const closing = sink.close();
    fail(Object.assign(new Error('1 CANCELLED'), { code: 1 }));
    await Promise.all([closing, sink.close(), sent]);
    expect(producers[0]?.disposed).toBe(1);
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_CLOSED' });
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_CLOSED' });
  });
});

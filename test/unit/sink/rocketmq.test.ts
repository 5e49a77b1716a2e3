import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { ProducerDeps, ProducerSettings } from '../../../src/sink/rocketmq-client.ts';
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
  readonly deps: ProducerDeps[];
  readonly settings: ProducerSettings[];
  readonly log: string[];
}

function bench(
  prepare: (producer: FakeProducer, index: number) => void = () => undefined,
  changes: Partial<RocketmqOptions> = {},
): Bench {
  const clock = new ManualClock();
  const producers: FakeProducer[] = [];
  const deps: ProducerDeps[] = [];
  const settings: ProducerSettings[] = [];
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(line) });
  const sink = createRocketmqSink(
    { ...OPTIONS, ...changes },
    {
      clock,
      logger,
      createProducer: (withSettings, withDeps) => {
        const producer = new FakeProducer();
        prepare(producer, producers.length);
        producers.push(producer);
        deps.push(withDeps);
        settings.push(withSettings);
        return producer;
      },
    },
  );
  return { sink, clock, producers, deps, settings, log };
}

describe('open', () => {
  test('probes, starts and tells queues and lanes', async () => {
    const { sink, settings } = bench();
    const info = await sink.open();
    expect(info).toMatchObject({ destination: 'rocketmq topic order-binlog', endpoint: 'proxy:8081', queues: 8 });
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
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
    await sent;
    answer();
    await settled();
    expect(clock.sleeping).toBe(0);
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

  test('stops when the topic gets more queues, waits while it has fewer', async () => {
    const { sink, deps } = bench();
    await sink.open();
    deps[0]?.onRoute({ ...HEALTHY, queues: 16, writableQueues: 16 });
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_QUEUES_CHANGED' });
    deps[0]?.onRoute({ ...HEALTHY, writableQueues: 4 });
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_BUSY', retryable: true });
    deps[0]?.onRoute(HEALTHY);
    await expect(sink.send(message('lane-0', 1))).resolves.toBeUndefined();
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

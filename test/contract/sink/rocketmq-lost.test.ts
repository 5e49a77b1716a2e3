/** Proxies that are gone without a word, or that have moved. */
import { promises as dns } from 'node:dns';
import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { createRocketmqSink, type RocketmqOptions, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { FakeProxy } from '../../support/sink/fake-proxy.ts';
import { message } from '../../support/sink/messages.ts';

/** Ten times as fast as it says, so that a minute passes in six seconds; deadlines of requests stay true. */
const FAST: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
  every: () => {
    throw new Error('not used here');
  },
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

function open(endpoint: string, change: Partial<RocketmqOptions> = {}, clock: Clock = FAST): RocketmqSink {
  const sink = createRocketmqSink(
    { endpoint, topic: 'order-binlog', namespace: '', tls: { enabled: false }, sendTimeoutMs: 10_000, ...change },
    { clock, logger: pino({ level: process.env['DBG'] ?? 'silent' }) },
  );
  closing.push(() => sink.close());
  return sink;
}

async function proxyAt(at: ConstructorParameters<typeof FakeProxy>[0] = {}): Promise<FakeProxy> {
  const proxy = new FakeProxy(at);
  await proxy.start();
  closing.push(() => proxy.kill());
  return proxy;
}

/** Sends until it is taken, as the relay does. */
async function patiently(sink: RocketmqSink, lane: string): Promise<void> {
  for (;;) {
    const error: unknown = await sink.send(message(lane, 1)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return;
    expect(error).toMatchObject({ retryable: true });
    await systemClock.sleep(20);
  }
}

describe('a connection that is half open', () => {
  test.each([
    ['fail at their deadline', 10_000],
    ['hang, and neither fail nor succeed', 60_000],
  ])('is given up while sends %s', async (_how, sendTimeoutMs) => {
    const proxy = await proxyAt();
    const line = await FaultProxy.to({ host: '127.0.0.1', port: proxy.port });
    closing.push(() => line.close());
    const endpoint = `127.0.0.1:${line.port}`;
    proxy.announced = endpoint;
    const sink = open(endpoint, { sendTimeoutMs });
    await sink.open();
    await sink.send(message('lane-0', 0));
    const connections = line.connections;
    line.freeze();
    const hanging = patiently(sink, 'lane-0');
    await expect.poll(() => line.connections).toBeGreaterThan(connections);
    await patiently(sink, 'lane-1');
    await hanging;
    expect(proxy.stored.map(({ lane }) => lane).toSorted()).toEqual(['lane-0', 'lane-0', 'lane-1']);
  });

  test('is left for another proxy', async () => {
    const first = await proxyAt();
    const second = await proxyAt({ stored: first.stored });
    const line = await FaultProxy.to({ host: '127.0.0.1', port: first.port });
    closing.push(() => line.close());
    const endpoint = `127.0.0.1:${line.port}`;
    first.announced = endpoint;
    const sink = open(endpoint, { endpoints: [endpoint, second.endpoint] });
    await sink.open();
    await sink.send(message('lane-0', 0));
    line.freeze();
    await patiently(sink, 'lane-0');
    const sends = (proxy: FakeProxy): number => proxy.calls.filter((call) => call === 'sendMessage').length;
    expect([sends(first), sends(second)]).toEqual([1, 1]);
  });
});

test('a proxy that comes back at another address of the same name is found', async () => {
  const before = await proxyAt();
  let address = '127.0.0.1';
  const lookup = vi.spyOn(dns, 'lookup') as unknown as { mockImplementation(answer: () => unknown): void };
  lookup.mockImplementation(() => Promise.resolve([{ address, family: 4 }]));
  const endpoint = `proxy.example:${before.port}`;
  before.announced = endpoint;
  // Of the library alone: no new client is made in this time.
  const sink = open(endpoint, {}, systemClock);
  await sink.open();
  await sink.send(message('lane-0', 0));
  before.kill();
  const after = await proxyAt({ host: '127.0.0.2', port: before.port, stored: before.stored });
  after.announced = endpoint;
  address = '127.0.0.2';
  await patiently(sink, 'lane-0');
  expect(after.calls).toContain('sendMessage');
  expect(after.stored).toHaveLength(2);
});

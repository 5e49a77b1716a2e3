import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import definitionPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createRocketmqSink, type RocketmqOptions, type RocketmqSink } from '../../../src/sink/rocketmq.ts';
import { FakeProxy, SilentListener } from '../../support/sink/fake-proxy.ts';
import { expectNoNewHandles, handles } from '../../support/sink/handles.ts';
import { message } from '../../support/sink/messages.ts';
import { describeSinkContract } from './sink-contract.ts';

function rocketmqSink(endpoint: string, change: Partial<RocketmqOptions> = {}): RocketmqSink {
  return createRocketmqSink(
    { endpoint, topic: 'order-binlog', namespace: '', tls: { enabled: false }, sendTimeoutMs: 1000, ...change },
    { clock: systemClock, logger: pino({ level: 'silent' }) },
  );
}

describeSinkContract('rocketmq over a stand-in for the proxy', async () => {
  const proxy = new FakeProxy();
  await proxy.start();
  return {
    sink: rocketmqSink(proxy.endpoint),
    received: () => Promise.resolve(proxy.stored.map(({ body }) => body.toString())),
    dispose: () => {
      proxy.kill();
      return Promise.resolve();
    },
  };
});

describe('rocketmq', () => {
  let proxy: FakeProxy;
  let sink: RocketmqSink;

  beforeEach(async () => {
    proxy = new FakeProxy();
    await proxy.start();
    sink = rocketmqSink(proxy.endpoint);
  });
  afterEach(async () => {
    await sink.close();
    proxy.kill();
  });

  test('sends lane, tag, keys and properties as they are, and the body unencoded', async () => {
    await sink.open();
    const properties = new Map([
      ['epoch', '7'],
      ['sequence', '1'],
    ]);
    await sink.send(message('lane-0', 1, { keys: ['1', '2'], properties }));
    expect(proxy.stored).toEqual([
      {
        lane: 'lane-0',
        tag: 'shop.orders',
        keys: ['1', '2'],
        properties,
        body: Buffer.from('{"lane":"lane-0","number":1}'),
        encoding: definitionPb.Encoding.IDENTITY,
      },
    ]);
  });

  // Requests are written into buffers that are used again.
  test('every body arrives whole, whatever became of the sends before it', async () => {
    await sink.open();
    let sends = 0;
    proxy.onSend = () => {
      sends += 1;
      if (sends % 40 === 0) return 'silent';
      return sends % 5 === 0 ? { code: 50001, message: 'service not available now' } : undefined;
    };
    const accepted: string[] = [];
    const sendAll = async (lane: string): Promise<void> => {
      for (let number = 0; number < 30; number += 1) {
        const body = Buffer.alloc(2_000 + ((number * 7919) % 60_000), `${lane} ${number} `);
        await sink.send({ ...message(lane, number), body }).then(
          () => accepted.push(body.toString()),
          () => undefined,
        );
      }
    };
    await Promise.all(['lane-0', 'lane-1', 'lane-2', 'lane-3'].map(sendAll));
    expect(accepted.length).toBeGreaterThan(60);
    expect(proxy.stored.map(({ body }) => body.toString()).sort()).toEqual(accepted.sort());
  });

  // The relay's connections take the place of the client's own by the client's protected parts: a release of it that
  // goes another way shows here.
  test('no call goes around the channels of the relay, and they are one connection', async () => {
    await sink.open();
    for (let number = 0; number < 10; number += 1) await sink.send(message('lane-0', number));
    await sink.close();
    expect(new Set(proxy.calls)).toEqual(
      new Set(['queryRoute', 'telemetry', 'sendMessage', 'notifyClientTermination']),
    );
    expect(proxy.calls.filter((call) => call === 'sendMessage')).toHaveLength(10);
    expect(proxy.userAgents.filter((agent) => !agent.startsWith('binlog-relay '))).toEqual([]);
    expect(proxy.peers.size).toBe(1);
  });

  test.each([
    [40402, 'No topic route info', 'SINK_TOPIC_MISSING'],
    [40100, 'check signature failed.', 'SINK_UNAUTHORIZED'],
    [50001, 'service not available now', 'SINK_BUSY'],
  ])('open refuses a route that is answered with %i', async (code, text, expected) => {
    proxy.routeStatus = { code, message: text };
    await expect(sink.open()).rejects.toMatchObject({
      code: expected,
      message: expect.stringContaining(text) as string,
    });
  });

  test('open refuses a topic that is not FIFO, or that cannot be written', async () => {
    proxy.type = definitionPb.MessageType.NORMAL;
    await expect(sink.open()).rejects.toMatchObject({
      code: 'SINK_TOPIC_NOT_FIFO',
      message: expect.stringContaining('NORMAL') as string,
    });
    proxy.type = definitionPb.MessageType.FIFO;
    proxy.writableQueues = 7;
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_BUSY' });
    proxy.writableQueues = 8;
    await expect(sink.open()).resolves.toMatchObject({ queues: 8 });
  });

  test.each([
    [42900, 'too many requests', 'SINK_BUSY'],
    [43101, 'properties too large', 'SINK_REJECTED'],
    [50400, 'timeout', 'SINK_BUSY'],
  ])('a send that is answered with %i is rejected, and the next one goes', async (code, text, expected) => {
    await sink.open();
    proxy.onSend = () => ({ code, message: text });
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: expected });
    proxy.onSend = () => undefined;
    await sink.send(message('lane-0', 1));
    expect(proxy.stored).toHaveLength(1);
  });

  test('an answer without a receipt is no acknowledgement', async () => {
    await sink.open();
    proxy.onSend = () => 'no receipt';
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_BUSY' });
  });

  test('a send that is never answered ends at its deadline', async () => {
    await sink.open();
    proxy.onSend = () => 'silent';
    const startMs = performance.now();
    await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', retryable: true });
    expect(performance.now() - startMs).toBeLessThan(2000);
  });

  test('a proxy that goes and comes back is found again', async () => {
    await sink.open();
    await sink.send(message('lane-0', 1));
    proxy.kill();
    await expect(sink.send(message('lane-0', 2))).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await proxy.start();
    await expect.poll(() => sink.send(message('lane-0', 2)).catch(() => 'away'), { timeout: 4000 }).toBeUndefined();
    await expect.poll(() => proxy.telemetryStreams, { timeout: 4000 }).toBe(1);
    expect(proxy.stored.map(({ body }) => body.toString())).toEqual(
      [1, 2].map((n) => `{"lane":"lane-0","number":${n}}`),
    );
  });

  test('a telemetry stream that the proxy ends is opened again', async () => {
    await sink.open();
    const streams = (): number => proxy.calls.filter((call) => call === 'telemetry').length;
    expect(streams()).toBe(1);
    proxy.endTelemetry();
    await expect.poll(streams, { timeout: 3000 }).toBe(2);
    await sink.send(message('lane-0', 1));
  });

  describe('close within 5 s, with nothing left,', () => {
    const closes = async (before: readonly string[]): Promise<void> => {
      const startMs = performance.now();
      await sink.close();
      expect(performance.now() - startMs).toBeLessThan(5000);
      await expectNoNewHandles(before);
    };

    test('when the proxy has gone', async () => {
      const before = handles().filter((name) => name !== 'TCPServerWrap');
      await sink.open();
      proxy.kill();
      await expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ retryable: true });
      await closes(before);
    });

    test('while a send is out, which is rejected with SINK_CLOSED', async () => {
      const before = handles();
      await sink.open();
      proxy.onSend = () => 'silent';
      const sent = expect(sink.send(message('lane-0', 1))).rejects.toMatchObject({ code: 'SINK_CLOSED' });
      await expect.poll(() => proxy.calls).toContain('sendMessage');
      await sink.close();
      await sent;
      await expectNoNewHandles(before);
    });

    test('while open waits for the settings', async () => {
      const before = handles();
      proxy.settingsAnswered = false;
      const opening = expect(sink.open()).rejects.toMatchObject({ code: 'SINK_CLOSED' });
      await expect.poll(() => proxy.calls).toContain('telemetry');
      await closes(before);
      await opening;
    });

    test('after an open that failed', async () => {
      const before = handles();
      proxy.routeStatus = { code: 40402, message: 'no' };
      await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_TOPIC_MISSING' });
      await closes(before);
    });
  });
});

describe('rocketmq, where nobody answers', () => {
  test('a port that is closed', async () => {
    const before = handles();
    const sink = rocketmqSink('127.0.0.1:1');
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', retryable: true });
    await sink.close();
    await expectNoNewHandles(before);
  });

  test('a listener that accepts and stays silent', async () => {
    const listener = new SilentListener();
    const endpoint = await listener.start();
    const before = handles();
    const sink = rocketmqSink(endpoint);
    await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', retryable: true });
    await sink.close();
    listener.stop();
    await expectNoNewHandles(before);
  });
});

describe('rocketmq over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [keyPath, certPath] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const proxy = new FakeProxy();

  beforeAll(async () => {
    execFileSync(
      'openssl',
      // prettier-ignore
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', keyPath, '-out', certPath, '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      { stdio: 'ignore' },
    );
    await proxy.start({ key: readFileSync(keyPath), cert: readFileSync(certPath) });
  });
  afterAll(() => {
    proxy.kill();
    rmSync(folder, { recursive: true });
  });

  test('trusts the authorities of its own options only, on one connection', async () => {
    // By name: a client on Node 26 cannot connect to an address with TLS.
    const endpoint = proxy.endpoint.replace('127.0.0.1', 'localhost');
    proxy.announced = endpoint;
    const trusting = rocketmqSink(endpoint, { tls: { enabled: true, ca: certPath } });
    await trusting.open();
    await trusting.send(message('lane-0', 1));
    expect(proxy.peers.size).toBe(1);
    const strict = rocketmqSink(endpoint, { tls: { enabled: true } });
    await expect(strict.open()).rejects.toMatchObject({
      code: 'SINK_UNREACHABLE',
      remedy: expect.stringContaining('sink.tls.ca') as string,
    });
    await Promise.all([trusting.close(), strict.close()]);
  });

  test('is not spoken to without', async () => {
    const plain = rocketmqSink(proxy.endpoint);
    await expect(plain.open()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await plain.close();
  });

  test('names a file of authorities that cannot be read', async () => {
    const sink = rocketmqSink(proxy.endpoint, { tls: { enabled: true, ca: join(folder, 'missing.pem') } });
    await expect(sink.open()).rejects.toMatchObject({
      code: 'SINK_CA_UNREADABLE',
      message: expect.stringMatching(/of sink\.tls\.ca cannot be read \(ENOENT\)$/) as unknown,
    });
  });
});

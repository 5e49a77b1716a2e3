/** Several proxies of one cluster; and a broker or a topic that takes nothing for a while. */
import { statfs } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Health } from '../../dev/relay-process.ts';
import type { ProxyServer, RocketmqServer, ServerSettings } from '../../dev/servers/servers.ts';
import { startRocketmq } from '../../dev/servers/start.ts';
import { Pipeline, type PipelineOptions } from '../support/pipeline.ts';

/** A proxy tells news of topics 20 s late, or more, unless it is told to ask sooner. */
const PROMPT = { topicRouteServiceCacheRefreshSeconds: 1, topicRouteServiceCacheExpiredSeconds: 2 };
/** One thread and a queue for one request: of eight lanes most are turned away. */
const NARROW = { grpcProducerThreadPoolNums: 1, grpcProducerThreadQueueCapacity: 1 };

let rocketmq: RocketmqServer;
let pipeline: Pipeline;

beforeAll(async () => {
  rocketmq = await startRocketmq({ own: true, progress: () => undefined, proxies: [PROMPT, NARROW] });
}, 240_000);
afterAll(() => rocketmq.remove());
afterEach(() => pipeline.remove());

function proxy(index: number): ProxyServer {
  const found = rocketmq.proxies[index];
  if (found === undefined) throw new Error(`no proxy ${index}`);
  return found;
}

async function startPipeline(sink: PipelineOptions['sink'], publish?: PipelineOptions['publish']): Promise<void> {
  pipeline = await Pipeline.create({
    rocketmq,
    sink: { sendTimeout: '2s', ...sink },
    ...(publish !== undefined && { publish }),
  });
  await pipeline.startRelay();
  await pipeline.relay.ready(90_000);
}

/** As RocketMQ reckons it: of what is used, and what may still be used by others than root. */
async function usedPercent(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return (100 * used) / (used + bavail);
}

const sinkSays = (reason: RegExp): Promise<Health> =>
  pipeline.relay.until(
    `told ${reason.source}`,
    ({ parts }) => !parts.sink.ok && reason.test(parts.sink.reason),
    60_000,
  );
const sinkIsWell = (): Promise<Health> => pipeline.relay.until('well', ({ parts }) => parts.sink.ok, 60_000);

/** `repeated`: what was not acknowledged when a relay was stopped comes again from the next one. */
async function expectEqual(what: string, repeated = false): Promise<void> {
  const rows = await pipeline.expectEqual();
  const { counters } = await pipeline.relay.ready();
  const { messagesRepeated, changesRepeated } = pipeline.reader.counts;
  console.log(
    `${what}: ${rows} rows compared, ${counters.sendRetries} send retries, came twice: ${messagesRepeated} messages`,
  );
  // What came twice has the number that it had the first time.
  if (!repeated) expect(changesRepeated).toBe(0);
}

it('goes on by the next proxy when one is killed, or away at the start', async () => {
  const first = proxy(0);
  await startPipeline({ endpoint: undefined, endpoints: [first.endpoint, rocketmq.endpoint] });
  const load = pipeline.load(100);
  await pipeline.relay.until('publishing', ({ counters }) => counters.messagesAcknowledged > 50);
  await first.kill9();
  try {
    await sinkSays(/UNAVAILABLE|did not answer|DEADLINE/);
    await sinkIsWell();
    await expect.poll(() => pipeline.relay.log()).toContain('connected again to RocketMQ');
    await pipeline.relay.stop();
    await pipeline.startRelay();
    await pipeline.relay.ready(90_000);
    expect(await pipeline.relay.log()).toContain('a proxy could not be used');
    await load.stop();
    await expectEqual('a proxy killed', true);
  } finally {
    await first.start();
  }
});

describe('flow control', () => {
  it('is waited out at a proxy that turns requests away', async () => {
    await startPipeline({ endpoint: proxy(1).endpoint });
    const load = pipeline.load(200);
    await pipeline.relay.until('turned away', ({ counters }) => counters.sendRetries > 0, 60_000);
    await load.stop();
    await expectEqual('a narrow proxy');
  });

  it.for<[string, ServerSettings, ServerSettings, RegExp]>([
    ['is read-only', { brokerPermission: 4 }, { brokerPermission: 6 }, /sending message is forbidden/],
    [
      'waits in vain for a slave',
      { brokerRole: 'SYNC_MASTER', inSyncReplicas: 2 },
      { brokerRole: 'ASYNC_MASTER', inSyncReplicas: 1 },
      /DEADLINE|replica|slave|did not answer/i,
    ],
    [
      // Of the machine's disk, which has to be filled to 35 % at least: RocketMQ knows no lower bound.
      'has a full disk',
      { diskSpaceWarningLevelRatio: 35 },
      { diskSpaceWarningLevelRatio: 90 },
      /disk is full/,
    ],
  ])('is waited out while the broker %s', async ([what, worse, better, says], { skip }) => {
    skip('diskSpaceWarningLevelRatio' in worse && (await usedPercent(rocketmq.folder)) < 37, 'the disk is too empty');
    await startPipeline({});
    const load = pipeline.load(100);
    await pipeline.relay.until('publishing', ({ counters }) => counters.messagesAcknowledged > 20);
    await rocketmq.configureBroker(worse);
    try {
      const { parts } = await sinkSays(says);
      expect(parts.source.ok).toBe(true);
      expect(await pipeline.relay.page('/readyz')).toMatch(/^503 .*sink: rocketmq topic/);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    } finally {
      await rocketmq.configureBroker(better);
    }
    await sinkIsWell();
    await load.stop();
    await expectEqual(`the broker ${what}`);
  });
});

describe('a topic that changes while no row flows', () => {
  it('shows in health until it is as before, and with more queues ends the run', async () => {
    await startPipeline({ endpoint: proxy(0).endpoint }, { progress: 'off' });
    const change = (how: Partial<Parameters<RocketmqServer['createTopic']>[1]>): Promise<void> =>
      rocketmq.createTopic(pipeline.topic.topic, { queues: 8, fifo: true, ...how });
    for (const [how, says] of [
      [{ fifo: false }, /type NORMAL now, not FIFO/],
      [{ permission: 4 }, /0 of 8 queues take messages/],
    ] as const) {
      await change(how);
      await sinkSays(says);
      await change({});
      await sinkIsWell();
    }
    await pipeline.sql("INSERT INTO visits VALUES (NOW(6), 'after all of it')");
    await expectEqual('a topic that was changed and changed back');

    await change({ queues: 16 });
    expect(await pipeline.relay.exited).toEqual({ code: 1, signal: null });
    expect(await pipeline.relay.log()).toContain('had 8 queues and now has 16');
  });

  it('that was deleted and made again stops the relay at its first message', async () => {
    await startPipeline({ endpoint: proxy(0).endpoint }, { progress: 'off' });
    await pipeline.sql("INSERT INTO visits VALUES (NOW(6), 'before')");
    await pipeline.untilDrained();
    await rocketmq.deleteTopic(pipeline.topic.topic);
    await sinkSays(/No topic route info/);
    await rocketmq.createTopic(pipeline.topic.topic, { queues: 8, fifo: true });
    await sinkIsWell();
    await pipeline.sql("INSERT INTO visits VALUES (NOW(6), 'after')");
    expect(await pipeline.relay.exited).toEqual({ code: 1, signal: null });
    expect(await pipeline.relay.log()).toContain('SINK_QUEUES_CHANGED');
  });
});

/**
 * What happens when MySQL or RocketMQ is away. `LONG=1` keeps the broker down for 90 s, longer than any default of
 * MySQL.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Exit } from '../../dev/daemon-process.ts';
import type { Health, RelayProcess } from '../../dev/relay-process.ts';
import type { Servers } from '../../dev/servers/servers.ts';
import { startServers } from '../../dev/servers/start.ts';
import { Pipeline, type PipelineOptions } from '../support/pipeline.ts';
import { residentBytes } from '../support/resident-bytes.ts';

const isLong = process.env['LONG'] === '1';
/** Longer than the server's net_write_timeout, after which it would close a paused session that did not set its own. */
const OUTAGE_MS = isLong ? 90_000 : 8000;
const NET_WRITE_TIMEOUT_FLAG = isLong ? [] : ['--net-write-timeout=2'];
const MIB = 1 << 20;
const MARGIN_MS = 7000;

let servers: Servers;
let pipeline: Pipeline;

beforeAll(async () => {
  servers = await startServers({
    own: true,
    progress: () => undefined,
    mysql: { flags: NET_WRITE_TIMEOUT_FLAG },
  });
});
afterAll(() => servers.stop());
afterEach(async () => {
  await Promise.all([servers.mysql.thaw(), servers.rocketmq.thaw()]);
  await pipeline.remove();
});

async function startPipeline(options: PipelineOptions = {}): Promise<void> {
  pipeline = await Pipeline.create({
    mysql: servers.mysql,
    rocketmq: servers.rocketmq,
    ...options,
    source: { heartbeat: '1s', connectTimeout: '2s' },
    sink: { sendTimeout: '2s' },
  });
  await pipeline.startRelay();
  await pipeline.relay.ready();
}

it(
  'rides out a dead broker: the source is paused, memory stays bounded, and all goes on alone',
  async () => {
    await startPipeline({ limits: { heldBytes: '4MiB', messageBytes: '128KiB' } });
    const load = pipeline.load(200);
    await ms(2000);
    await servers.rocketmq.kill9();
    const killedMs = performance.now();
    await orderInBulk(16 * MIB);
    await pipeline.relay.until('paused', ({ sourcePaused, parts }) => sourcePaused && !parts.sink.ok);

    const seen = await watch(pipeline.relay, killedMs + OUTAGE_MS);
    const last = seen.at(-1);
    expect(last).toMatchObject({ state: 'blocked', sourcePaused: true });
    expect(last?.parts.source.ok).toBe(true);
    expect(last?.parts.sink.reason).toMatch(/rocketmq topic .*: .+ \(since 20/);
    expect(await pipeline.relay.page('/readyz')).toMatch(/^503 .*sink: rocketmq topic/);
    expect(await pipeline.relay.page('/livez')).toMatch(/^200/);
    const maxHeld = Math.max(...seen.map(({ heldBytes }) => heldBytes));
    expect(maxHeld).toBeLessThan(4 * MIB + ONE_EVENT);
    const rssPaused = await residentBytes(pipeline.relay.pid);
    expect(rssPaused).toBeLessThan(200 * MIB);

    await servers.rocketmq.start();
    await load.stop();
    const rows = await pipeline.expectEqual();
    const { counters } = await pipeline.relay.ready();
    const rss = await residentBytes(pipeline.relay.pid);
    report(
      `broker dead for ${OUTAGE_MS / 1000} s: ${rows} rows compared, most held ${maxHeld} bytes, RSS ${rssPaused >> 20} MB while paused, ${rss >> 20} MB after catching up`,
      counters,
    );
    expect(counters.sourceReconnects).toBe(0);
    expect(pipeline.reader.counts.changesRepeated).toBe(0);
    // Garbage of the catching up is among it.
    expect(rss).toBeLessThan(256 * MIB);
  },
  OUTAGE_MS + 120_000,
);

it('goes on after a broker that was frozen for longer than a send may take', async () => {
  await startPipeline();
  const load = pipeline.load(200);
  await ms(1500);
  await servers.rocketmq.freeze();
  await pipeline.relay.until('told', ({ parts }) => !parts.sink.ok);
  await ms(3000);
  await servers.rocketmq.thaw();
  await ms(1000);
  await load.stop();
  const rows = await pipeline.expectEqual();
  const { counters, parts } = await pipeline.relay.ready();
  report(`broker frozen: ${rows} rows compared`, counters);
  expect(parts.sink.ok).toBe(true);
  expect(counters.sourceReconnects).toBe(0);
  // What came twice has the number that it had the first time.
  expect(pipeline.reader.counts.changesRepeated).toBe(0);
});

it('stops in time while the broker is frozen, at once when asked twice, and publishes later what it held', async () => {
  await startPipeline({ limits: { stopTimeout: '2s' } });
  const load = pipeline.load(200);
  await ms(1000);
  await servers.rocketmq.freeze();
  await pipeline.relay.until('holding', ({ heldBytes }) => heldBytes > 0);
  expect(await exitWithin(pipeline.relay, 'SIGINT', 2000 + MARGIN_MS)).toEqual({ code: 0, signal: null });
  expect(await pipeline.relay.log()).toContain('stopped before the broker had taken everything');

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    await servers.rocketmq.thaw();
    await pipeline.startRelay();
    await pipeline.relay.ready();
    await servers.rocketmq.freeze();
    await pipeline.relay.until('holding', ({ heldBytes }) => heldBytes > 0);
    pipeline.relay.signal(signal);
    await pipeline.relay.until('draining', ({ state }) => state === 'draining');
    expect(await exitWithin(pipeline.relay, signal, 1000)).toEqual({ code, signal: null });
  }

  // A start that cannot reach the broker can be stopped, too.
  await pipeline.startRelay();
  await pipeline.relay.until('starting', ({ state }) => state === 'starting');
  await ms(500);
  expect(await exitWithin(pipeline.relay, 'SIGTERM', MARGIN_MS)).toEqual({ code: 0, signal: null });

  await servers.rocketmq.thaw();
  await pipeline.startRelay();
  await load.stop();
  report(`stopped four times: ${await pipeline.expectEqual()} rows compared`);
});

it('waits for a broker that is down when it starts, and says so', async () => {
  await startPipeline();
  await pipeline.relay.stop();
  await servers.rocketmq.kill9();
  const load = pipeline.load(200);
  await pipeline.startRelay();
  const { state, parts } = await pipeline.relay.until('told', ({ parts }) => parts.sink.reason.includes('rocketmq'));
  expect([state, parts.sink.ok]).toEqual(['starting', false]);
  expect(await pipeline.relay.page('/readyz')).toMatch(/^503 starting; .*sink: rocketmq topic/);
  expect(await pipeline.relay.log()).toContain('the sink is not available; trying again');
  await servers.rocketmq.start();
  await pipeline.relay.ready(60_000);
  await load.stop();
  report(`broker down at the start: ${await pipeline.expectEqual()} rows compared`);
});

it('reconnects alone when MySQL is restarted or killed', async () => {
  await startPipeline();
  const load = pipeline.load(200);
  await ms(1500);
  await servers.mysql.stop();
  await pipeline.relay.until('told', ({ parts }) => !parts.source.ok);
  await servers.mysql.start();
  await pipeline.relay.ready();
  await ms(1500);
  await servers.mysql.kill9();
  await pipeline.relay.until('told', ({ parts }) => !parts.source.ok);
  await ms(1000);
  await servers.mysql.start();
  await pipeline.relay.ready();
  await ms(1500);
  await load.stop();
  const rows = await pipeline.expectEqual();
  const { counters } = await pipeline.relay.ready();
  report(`MySQL restarted and killed: ${rows} rows compared`, counters);
  expect(counters.sourceReconnects).toBe(2);
  expect(load.failures).toBeGreaterThan(0);
  expectNothingRepeated();
});

it('notices a MySQL that is frozen, reconnects when it answers again, and can be stopped meanwhile', async () => {
  await startPipeline();
  const load = pipeline.load(200);
  await ms(1500);
  await servers.mysql.freeze();
  const { parts } = await pipeline.relay.until('told', ({ parts }) => !parts.source.ok);
  expect(parts.source.reason).toContain('silent');
  await ms(3000);
  await servers.mysql.thaw();
  await pipeline.relay.ready();
  await ms(1500);
  await load.stop();
  const rows = await pipeline.expectEqual();
  const { counters } = await pipeline.relay.ready();
  report(`MySQL frozen: ${rows} rows compared`, counters);
  expect(counters.sourceReconnects).toBeGreaterThan(0);

  await servers.mysql.freeze();
  expect(await exitWithin(pipeline.relay, 'SIGTERM', MARGIN_MS)).toEqual({ code: 0, signal: null });
  await servers.mysql.thaw();
  await pipeline.startRelay();
  await pipeline.sql("INSERT INTO visits VALUES (NOW(6), 'after the stop')");
  await pipeline.expectEqual();
  expectNothingRepeated();
});

/** What the rows of one binlog event, 8 KiB by default, make the buffers of all lanes grow by: each doubles. */
const ONE_EVENT = MIB;

/** Orders with long attributes, 1,000 rows a transaction: more than sockets hold, while the relay does not read. */
async function orderInBulk(bytes: number): Promise<void> {
  for (let n = 0; n < bytes / MIB; n += 1) {
    await pipeline.sql(`INSERT INTO orders (order_no, user_id, amount, attributes)
      WITH RECURSIVE rows_of (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows_of WHERE n < 1000)
      SELECT CONCAT('bulk-${n}-', n), n, n, JSON_OBJECT('note', REPEAT('x', 1000)) FROM rows_of`);
  }
}

async function watch(relay: RelayProcess, untilMs: number): Promise<Health[]> {
  const seen: Health[] = [];
  while (performance.now() < untilMs) {
    const health = await relay.health();
    if (health !== undefined) seen.push(health);
    await ms(200);
  }
  return seen;
}

function expectNothingRepeated(): void {
  const { messagesRepeated, changesRepeated } = pipeline.reader.counts;
  expect({ messagesRepeated, changesRepeated }).toEqual({ messagesRepeated: 0, changesRepeated: 0 });
}

function report(what: string, counters?: Health['counters']): void {
  const { changes, messages, messagesRepeated, changesRepeated } = pipeline.reader.counts;
  const retries =
    counters === undefined ? '' : `; ${counters.sendRetries} send retries, ${counters.sourceReconnects} reconnects`;
  console.log(
    `${what}; ${changes} changes in ${messages} messages; came twice: ${messagesRepeated} messages, ${changesRepeated} changes${retries}`,
  );
}

async function exitWithin(relay: RelayProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<Exit | undefined> {
  relay.signal(signal);
  return Promise.race([relay.exited, ms(timeoutMs).then(() => undefined)]);
}

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));

/**
 * Live load: how long from commit to a reader, and what the relay costs, at a given rate of single-row transactions.
 *
 *   npm run bench:live -- --rate 2000 --seconds 30
 *
 * MySQL, broker, load, reader and relay share the machine. Ends with one line of JSON.
 */
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { RelayProcess } from '../dev/relay-process.ts';
import { startServers, type MysqlAddress } from '../dev/servers/servers.ts';
import { readTopic } from '../dev/topic-reader.ts';

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '30' },
    clients: { type: 'string', default: '8' },
  },
});
const rate = Number(options.rate);
const seconds = Number(options.seconds);
const clients = Number(options.clients);

const TOPIC = 'order-binlog';
const GROUP = 'bench-readers';
const TABLE = `CREATE TABLE orders (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, order_no VARCHAR(32), user_id INT, amount DECIMAL(12,2), status TINYINT,
  created_at DATETIME(3), updated_at DATETIME(3), remark VARCHAR(255))`;
const INSERT =
  'INSERT INTO orders (order_no, user_id, amount, status, created_at, updated_at, remark) VALUES (?, ?, ?, 0, NOW(3), NOW(3), ?)';
/** Connections, compiled code and the broker's first second are not what is measured. */
const WARM_UP_MS = 5_000;
/** So that the load reaches its rate on a small machine: how durable MySQL's commits are is nothing to the relay. */
const QUICK_COMMITS = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=2'];
/** Of the times in /proc. */
const CLOCK_TICKS_PER_SECOND = 100;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const servers = await startServers({ progress: say, own: true, mysql: { flags: QUICK_COMMITS } });
const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
const { mysql, rocketmq } = servers;
try {
  await rocketmq.createTopic(TOPIC, { queues: 8, fifo: true });
  await rocketmq.createGroup(GROUP, { ordered: true });
  const admin = await connect(mysql);
  await admin.query('CREATE DATABASE bench');
  await admin.query(`USE bench`);
  await admin.query(TABLE);
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: { host: mysql.host, port: mysql.port, user: mysql.relayUser, password: mysql.relayPassword },
      tables: { include: ['bench.*'] },
      sink: { endpoint: rocketmq.endpoint, topic: TOPIC },
    },
  });
  await relay.ready();
  console.log(JSON.stringify(await measure(relay)));
  await relay.stop();
  await admin.end();
} finally {
  await servers.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(relay: RelayProcess): Promise<object> {
  const lagsMs: number[] = [];
  let rows = 0;
  let messages = 0;
  const stopReading = new AbortController();
  const startedMs = performance.now();
  const reading = (async () => {
    const topic = { endpoint: rocketmq.endpoint, topic: TOPIC, group: GROUP, workers: 16, signal: stopReading.signal };
    for await (const { body, receivedMs } of readTopic(topic)) {
      const { es, data } = JSON.parse(body.toString()) as { es: number; data: unknown[] };
      rows += data.length;
      messages += 1;
      // One entry a row: the lag of the newest row of the message stands for all of it.
      if (performance.now() - startedMs > WARM_UP_MS)
        for (let i = 0; i < data.length; i += 1) lagsMs.push(receivedMs - es);
    }
  })();
  const cpuBefore = await cpuSeconds(relay.pid);
  const written = await load();
  const loadSeconds = (performance.now() - startedMs) / 1000;
  const cpu = (await cpuSeconds(relay.pid)) - cpuBefore;
  await relay.until('done', ({ progress, heldBytes }) => progress === 'idle' && heldBytes === 0, 60_000);
  const behindSeconds = (performance.now() - startedMs) / 1000 - loadSeconds;
  while (rows < written && performance.now() - startedMs < (loadSeconds + 60) * 1000)
    await new Promise((r) => setTimeout(r, 50));
  stopReading.abort();
  await reading;
  lagsMs.sort((a, b) => a - b);
  const lag = (p: number): number => lagsMs[Math.min(lagsMs.length - 1, Math.floor(lagsMs.length * p))] ?? 0;
  return {
    wanted_tx_s: rate,
    tx_s: Math.round(written / loadSeconds),
    transactions: written,
    rows_read: rows,
    messages,
    lag_ms: { p50: lag(0.5), p99: lag(0.99), p999: lag(0.999) },
    relay_cores: Number((cpu / loadSeconds).toFixed(2)),
    relay_rss_mb: await peakRssMb(relay.pid),
    behind_at_the_end_s: Number(behindSeconds.toFixed(1)),
  };
}

/** Single-row transactions at `rate` from all clients together; resolves to their number. */
async function load(): Promise<number> {
  const total = rate * seconds;
  const startMs = performance.now();
  let begun = 0;
  const client = async (): Promise<void> => {
    const connection = await connect(mysql, 'bench');
    while (begun < total) {
      const mine = begun;
      begun += 1;
      const waitMs = startMs + (mine / rate) * 1000 - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await connection.execute(INSERT, [
        `ORD${mine}`,
        mine % 100_000,
        (mine % 100_000) / 100,
        mine % 3 === 0 ? '请尽快发货，谢谢' : 'please deliver soon',
      ]);
    }
    await connection.end();
  };
  await Promise.all(Array.from({ length: clients }, client));
  return total;
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

async function peakRssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

function connect({ host, port, user, password }: MysqlAddress, database?: string): ReturnType<typeof createConnection> {
  return createConnection({ host, port, user, password, ...(database !== undefined && { database }) });
}

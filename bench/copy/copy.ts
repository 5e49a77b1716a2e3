/**
 * A copy of a table into a topic; beside it, in the same run, the same rows by mysqldump, by one SELECT and by the
 * reading of a copy alone, and what the copy does to customers who order meanwhile.
 *
 *   npm run build && npx tsx bench/copy/copy.ts [--scale 0.2] [--runs 3] [--orders 500] [--seconds 40]
 *
 * While customers order, the database and they have one core, relay and broker another, as if they were two machines.
 * Needs taskset.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startRocketmq } from '../../dev/servers/start.ts';
import { systemClock } from '../../src/base/clock.ts';
import { tableFilter } from '../../src/change/table-filter.ts';
import { rowPackets } from '../../src/source/row-packets.ts';
import { MysqlTableReader } from '../../src/source/copy/table-reader.ts';
import { runPacedLoad } from '../live/paced-load.ts';
import { DATABASE, startLoadedMysql } from '../load/loaded-mysql.ts';
import { workloadNamed } from '../load/workloads.ts';
import { cpuSeconds, mainThreadSeconds, peakRssMbOf } from '../measure/processes.ts';
import { quantile } from '../measure/numbers.ts';
import { pin } from '../measure/pin.ts';
import { say } from '../measure/say.ts';
import { table } from '../measure/table.ts';
import { mysqldump } from './mysqldump.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    orders: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '40' },
  },
});
/** How long customers order: at least as long as a copy takes. */
const ORDER_SECONDS = Number(values.seconds);
/** Orders a second. */
const ORDERS_PER_SECOND = Number(values.orders);
const TIMEOUT_MS = 3_600_000;
const CHUNK_ROWS = 20_000;
const US = 1e6;

interface Figures {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
  readonly cpuUs: number;
  readonly mysqlCpuUs: number;
  readonly rssMb: number;
  /** Share of the time in which the thread of JavaScript worked; undefined where it is not asked for. */
  readonly busy?: number;
  /** Of the orders that came in meanwhile. */
  readonly latencies: readonly number[];
}

const [{ mysql }, rocketmq] = await Promise.all([
  startLoadedMysql(workloadNamed('A'), { scale: Number(values.scale), seed: 1 }, say),
  startRocketmq({ own: true, progress: say }),
]);
const figures: Figures[] = [];
try {
  await numberOrders(mysql);
  for (let n = 1; n <= Number(values.runs); n += 1) {
    const rows = await countRows(mysql);
    figures.push(await dumped(mysql, rows));
    figures.push(await selected(mysql, rows));
    figures.push(await readAlone(mysql, rows));
    figures.push(await copy(`copy, rest 0`, { mysql, rocketmq, topic: `full-${n}`, rest: 0, hasOrders: false }));
    await pin('0', [process.pid, ...(await mysql.pids())]);
    await pin('1', await rocketmq.pids());
    figures.push(await ordersAlone(mysql));
    figures.push(
      await copy('orders and copy, rest 0', { mysql, rocketmq, topic: `orders-${n}`, rest: 0, hasOrders: true }),
    );
    figures.push(
      await copy('orders and copy, default manners', {
        mysql,
        rocketmq,
        topic: `manners-${n}`,
        rest: 1,
        hasOrders: true,
      }),
    );
    await pin('0,1', [process.pid, ...(await mysql.pids()), ...(await rocketmq.pids())]);
  }
} finally {
  await Promise.all([mysql.remove(), rocketmq.remove()]);
}
console.log(
  table([
    ['', 'rows/s', 'us a row', 'mysqld us a row', 'RSS MB', 'busy', 'order p50 ms', 'order p99 ms'],
    ...figures.map(({ what, rows, seconds, cpuUs, mysqlCpuUs, rssMb, busy, latencies }) => [
      what,
      rows === 0 ? '' : Math.round(rows / seconds),
      rows === 0 ? '' : (cpuUs / rows).toFixed(2),
      rows === 0 ? '' : (mysqlCpuUs / rows).toFixed(2),
      rssMb === 0 ? '' : rssMb,
      busy === undefined ? '' : `${Math.round(busy * 100)} %`,
      latencies.length === 0 ? '' : quantile(latencies, 0.5).toFixed(1),
      latencies.length === 0 ? '' : quantile(latencies, 0.99).toFixed(1),
    ]),
  ]),
);

/** New orders get their number from the table. */
async function numberOrders({ host, port, user, password }: MysqlServer): Promise<void> {
  const connection = await createConnection({ host, port, user, password, database: DATABASE });
  await connection.query('ALTER TABLE orders MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT');
  await connection.end();
}

async function countRows({ host, port, user, password }: MysqlServer): Promise<number> {
  const connection = await createConnection({ host, port, user, password, database: DATABASE });
  const [rows] = await connection.query({ sql: 'SELECT COUNT(*) FROM orders', rowsAsArray: true });
  await connection.end();
  return Number((rows as unknown as unknown[][])[0]?.[0]);
}

async function dumped(server: MysqlServer, rows: number): Promise<Figures> {
  const before = await cpuSeconds(await server.pids());
  const dump = await mysqldump(server, `${DATABASE}.orders`);
  const mysqlCpuUs = ((await cpuSeconds(await server.pids())) - before) * US;
  return { what: 'mysqldump', rows, ...dump, mysqlCpuUs, latencies: [] };
}

/** The rows as the packets that a copy reads, in one SELECT, and nothing is done with them. */
async function selected(server: MysqlServer, rows: number): Promise<Figures> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, database: DATABASE });
  const mysqlBefore = await cpuSeconds(await server.pids());
  const before = process.cpuUsage();
  const startMs = performance.now();
  await rowPackets(
    connection,
    'SELECT * FROM orders',
    () => true,
    TIMEOUT_MS,
    () => false,
  );
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(before);
  const mysqlCpuUs = ((await cpuSeconds(await server.pids())) - mysqlBefore) * US;
  await connection.end();
  return { what: 'SELECT', rows, seconds, cpuUs: used.user + used.system, mysqlCpuUs, rssMb: 0, latencies: [] };
}

/** Chunk by chunk, as a copy reads, and nothing is done with the rows. */
async function readAlone(server: MysqlServer, rows: number): Promise<Figures> {
  const settings = {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    tls: { mode: 'preferred' as const },
    connectTimeoutMs: 10_000,
    section: 'source' as const,
  };
  const published = tableFilter({ include: [`${DATABASE}.*`], exclude: [], excludeColumns: [] });
  const reader = new MysqlTableReader({ settings: () => settings, published, clock: systemClock });
  const { serverUuid } = await reader.load();
  const seen = { file: '', offset: 0, gtidSet: '', serverUuid };
  const definition = await reader.definition({ database: DATABASE, table: 'orders' }, seen);
  if (definition === undefined) throw new Error('the workload has no orders');
  const mysqlBefore = await cpuSeconds(await server.pids());
  const before = process.cpuUsage();
  const startMs = performance.now();
  let after: readonly Buffer[] | undefined;
  for (let isEnd = false; !isEnd;) {
    const chunk = await reader.read({ definition, after, maxRows: CHUNK_ROWS, maxBytes: 64 << 20, seen });
    after = chunk.last;
    isEnd = chunk.isEnd;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(before);
  const mysqlCpuUs = ((await cpuSeconds(await server.pids())) - mysqlBefore) * US;
  await reader.close();
  return { what: 'read alone', rows, seconds, cpuUs: used.user + used.system, mysqlCpuUs, rssMb: 0, latencies: [] };
}

async function ordersAlone(server: MysqlServer): Promise<Figures> {
  const latencies: number[] = [];
  await orders(server, ORDER_SECONDS, (ms) => latencies.push(ms));
  return { what: 'orders alone', rows: 0, seconds: ORDER_SECONDS, cpuUs: 0, mysqlCpuUs: 0, rssMb: 0, latencies };
}

function orders(server: MysqlServer, seconds: number, onCommitted: (ms: number) => void): Promise<number> {
  const perSecond = ORDERS_PER_SECOND;
  return runPacedLoad({ mysql: server, database: DATABASE, perSecond, seconds, clients: 16, onCommitted });
}

interface CopyOptions {
  readonly mysql: MysqlServer;
  readonly rocketmq: RocketmqServer;
  readonly topic: string;
  readonly rest: number;
  readonly hasOrders: boolean;
}

/** The relay is ready, and its code is compiled, before it is asked for the copy. */
async function copy(
  what: string,
  { mysql: server, rocketmq: broker, topic, rest, hasOrders }: CopyOptions,
): Promise<Figures> {
  await broker.createTopic(topic, { queues: 8, fifo: true });
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-copy-'));
  const { host, port, relayUser: user, relayPassword: password } = server;
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user, password, tls: { mode: 'disabled' } },
      tables: { include: [`${DATABASE}.orders`] },
      sink: { endpoint: broker.endpoint, topic },
      copy: { rest },
    },
  });
  try {
    await relay.ready();
    if (hasOrders) await pin('1', [relay.pid]);
    const latencies: number[] = [];
    let isCopying = false;
    const load = hasOrders ? orders(server, ORDER_SECONDS, (ms) => isCopying && latencies.push(ms)) : undefined;
    if (hasOrders) await new Promise((resolve) => setTimeout(resolve, 3000));
    const [cpuBefore, mysqlBefore] = [await cpuSeconds([relay.pid]), await cpuSeconds(await server.pids())];
    const mainBefore = await mainThreadSeconds(relay.pid);
    const startMs = performance.now();
    isCopying = true;
    await ask((await relay.address()) ?? '');
    const { counters } = await relay.until(
      'copied',
      ({ copies }) => copies.length > 0 && copies.every(({ endedAt }) => endedAt !== undefined),
      TIMEOUT_MS,
      20,
    );
    isCopying = false;
    const seconds = (performance.now() - startMs) / 1000;
    const [cpuAfter, mysqlAfter] = [await cpuSeconds([relay.pid]), await cpuSeconds(await server.pids())];
    const busy = ((await mainThreadSeconds(relay.pid)) - mainBefore) / seconds;
    const rssMb = await peakRssMbOf(relay.pid);
    await load;
    return {
      what,
      rows: counters.rowsCopied,
      seconds,
      cpuUs: (cpuAfter - cpuBefore) * US,
      mysqlCpuUs: (mysqlAfter - mysqlBefore) * US,
      rssMb,
      busy,
      latencies,
    };
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(address: string): Promise<void> {
  const response = await fetch(`${address}/copy`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ tables: [`${DATABASE}.orders`] }),
  });
  if (response.status !== 200) throw new Error(`/copy answers ${response.status}: ${await response.text()}`);
}

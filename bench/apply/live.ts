/**
 * `apply` live: how long from the commit in the source until a row can be read in the copy.
 *
 *   tsx bench/apply/live.ts [--rates 200] [--seconds 60] [--clients 64] [--out file.json]
 *
 * `npm run bench -- apply-live` builds first. Source, broker, relay, apply, target and load share the machine.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { ApplyProcess, isReading } from '../../dev/apply-process.ts';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlAddress, MysqlServer, Servers } from '../../dev/servers/servers.ts';
import { startMysql, startServers } from '../../dev/servers/start.ts';
import { runPacedLoad } from '../live/paced-load.ts';
import { DATABASE, QUICK_COMMITS } from '../load/loaded-mysql.ts';
import { ORDERS_TABLE } from '../load/orders.ts';
import { quantile, rounded } from '../measure/numbers.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';
import { say } from '../measure/say.ts';
import { table } from '../measure/table.ts';
import { applyConfig } from './apply-run.ts';
import { RowWatch } from './live-lag.ts';

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '64' },
    out: { type: 'string' },
  },
});
const QUEUES = 8;
/** While code is being compiled nothing is measured. */
const WARM_UP_SECONDS = 15;
const PATIENCE_MS = 60_000;

interface LiveApply {
  readonly rate: number;
  readonly rows: number;
  /** From commit in the source to visible in the target, ms. */
  readonly lagMs: readonly [p50: number, p99: number, p999: number];
  readonly applyCores: number;
  readonly relayCores: number;
  readonly applyPeakRssMb: number;
  readonly transactions: number;
}

const runs: LiveApply[] = [];
for (const rate of values.rates.split(',').map(Number)) {
  say(`${rate} transactions/s for ${values.seconds} s`);
  const servers = await startServers({ progress: say, own: true, mysql: { flags: QUICK_COMMITS } });
  const target = await startMysql({ own: true, progress: say });
  try {
    runs.push(await runLive(servers, target, rate));
  } finally {
    await Promise.all([servers.stop(), target.remove()]);
  }
}

async function runLive({ mysql, rocketmq }: Servers, target: MysqlServer, rate: number): Promise<LiveApply> {
  const topic = 'live';
  const group = 'copy';
  await rocketmq.createTopic(topic, { queues: QUEUES, fifo: true });
  await rocketmq.createGroup(group, { ordered: true });
  for (const server of [mysql, target]) await createOrders(server);
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-bench-'));
  const { host, port, relayUser: user, relayPassword: password } = mysql;
  const relay = await RelayProcess.start({
    folder,
    config: {
      source: { host, port, user, password, tls: { mode: 'disabled' } },
      tables: { include: [`${DATABASE}.*`] },
      sink: { endpoint: rocketmq.endpoint, topic },
    },
  });
  const apply = await ApplyProcess.start({ folder, config: { ...applyConfig({ target, rocketmq, topic, group }) } });
  try {
    await relay.ready();
    await apply.until('reading', isReading);
    const watch = new RowWatch(target, `${DATABASE}.orders`);
    watch.start();
    const seconds = Number(values.seconds);
    const startMs = performance.now();
    const load = { mysql, database: DATABASE, perSecond: rate, clients: Number(values.clients) };
    const warmingUp = await runPacedLoad({ ...load, seconds: WARM_UP_SECONDS });
    const cpu = (): Promise<readonly number[]> => Promise.all([apply, relay].map(({ pid }) => cpuSeconds([pid])));
    const [beforeMs, before] = [performance.now(), await cpu()];
    const onCommitted = (_ms: number, id: number): void => watch.committed(id, performance.now());
    const measured = await runPacedLoad({ ...load, seconds: seconds - WARM_UP_SECONDS, onCommitted });
    const [afterMs, after] = [performance.now(), await cpu()];
    const [applyCores = 0, relayCores = 0] = after.map(
      (used, i) => (used - (before[i] ?? 0)) / ((afterMs - beforeMs) / 1000),
    );
    const lags = await watch.end(warmingUp + measured, PATIENCE_MS);
    say(`${warmingUp + measured} rows in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    const { counters } = await apply.until('done', (health) => health.counters.rows >= warmingUp + measured);
    return {
      rate,
      rows: lags.length,
      lagMs: [quantile(lags, 0.5), quantile(lags, 0.99), quantile(lags, 0.999)],
      applyCores,
      relayCores,
      applyPeakRssMb: await peakRssMbOf(apply.pid),
      transactions: counters.transactions,
    };
  } finally {
    await Promise.all([apply.stop(), relay.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function createOrders({ host, port, user, password }: MysqlAddress): Promise<void> {
  const connection = await createConnection({ host, port, user, password, multipleStatements: true });
  const orders = ORDERS_TABLE.replace('PRIMARY KEY', 'PRIMARY KEY AUTO_INCREMENT');
  await connection.query(`CREATE DATABASE ${DATABASE}; USE ${DATABASE}; ${orders}`);
  await connection.end();
}

const FIGURES: readonly (readonly [title: string, figure: (run: LiveApply) => string | number])[] = [
  ['rows measured', ({ rows }) => rows],
  ['commit to visible, ms, p50 / p99 / p99.9', ({ lagMs }) => lagMs.map((ms) => rounded(ms)).join(' / ')],
  ['apply CPU, cores', ({ applyCores }) => rounded(applyCores)],
  ['relay CPU, cores', ({ relayCores }) => rounded(relayCores)],
  ['apply peak RSS MB', ({ applyPeakRssMb }) => applyPeakRssMb],
  ['transactions of apply', ({ transactions }) => transactions],
];
console.log(
  table([
    ['apply, live', ...runs.map(({ rate }) => `${rate}/s`)],
    ...FIGURES.map(([title, figure]) => [title, ...runs.map(figure)]),
  ]),
);
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify({ runs }, undefined, 2)}\n`);

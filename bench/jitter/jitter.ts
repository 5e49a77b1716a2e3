/**
 * The stutter that the relay is there to end: how long an order takes to commit while other teams run their reports,
 * on the order database or on a copy of it.
 *
 *   tsx bench/jitter/jitter.ts [--rows 300000] [--rate 200] [--seconds 20] [--rounds 3] [--out file.json]
 *
 * On a machine of two cores or more: the order database and its customers have one of them, everything else another, as
 * if they were two machines. Needs taskset.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { ApplyProcess } from '../../dev/apply-process.ts';
import { RelayProcess } from '../../dev/relay-process.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { runPacedLoad } from '../live/paced-load.ts';
import { DATABASE, QUICK_COMMITS } from '../load/loaded-mysql.ts';
import { ORDERS_TABLE, orderValues } from '../load/orders.ts';
import { seededRandom } from '../load/random.ts';
import { median, quantile, rounded } from '../measure/numbers.ts';
import { pin } from '../measure/pin.ts';
import { say } from '../measure/say.ts';
import { table } from '../measure/table.ts';
import { runReports } from './analysts.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '300000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string' },
  },
});
const [rows, rate, seconds, rounds] = [values.rows, values.rate, values.seconds, values.rounds].map(Number);

const TOPIC = 'jitter';
const GROUP = 'jitter-copy';
const ROWS_PER_INSERT = 1000;
const CLIENTS = 16;
const ANALYSTS = 2;
/** Of each measurement: connections are made, and code is compiled. */
const WARM_UP_MS = 3000;
const PATIENCE_MS = 600_000;
const ORDERS_CORE = '0';
const OTHER_CORE = '1';

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly reports: number;
}

const PLACES = ['alone', 'reports on the order database', 'relay, apply, reports on the copy'] as const;
type Place = (typeof PLACES)[number];

const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-jitter-'));
const orders = await startMysql({ own: true, flags: QUICK_COMMITS, progress: say });
const copy = await startMysql({ own: true, flags: QUICK_COMMITS, progress: say });
const rocketmq = await startRocketmq({ own: true, progress: say });
const measured = new Map<Place, Measured[]>(PLACES.map((place) => [place, []]));
try {
  await pin(ORDERS_CORE, [process.pid, ...(await orders.pids())]);
  await pin(OTHER_CORE, [...(await copy.pids()), ...(await rocketmq.pids())]);
  await prepare(orders, copy, rocketmq);
  for (let round = 1; round <= (rounds ?? 1); round += 1) {
    for (const place of PLACES) {
      const result = await measure(place);
      say(`${place}: p50 ${rounded(result.p50)} ms, p99 ${rounded(result.p99)} ms, ${result.reports} reports`);
      measured.get(place)?.push(result);
    }
  }
} finally {
  await Promise.all([orders.remove(), copy.remove(), rocketmq.remove()]);
  await rm(folder, { recursive: true, force: true });
}

const figure = (place: Place, name: keyof Measured): number =>
  rounded(median((measured.get(place) ?? []).map((each) => each[name])));
console.log(
  table([
    [`an order, ${rate} a second`, 'p50 ms', 'p99 ms', 'reports'],
    ...PLACES.map((place) => [place, figure(place, 'p50'), figure(place, 'p99'), figure(place, 'reports')]),
  ]),
);
if (values.out !== undefined)
  await writeFile(values.out, `${JSON.stringify(Object.fromEntries(measured), undefined, 2)}\n`);

async function prepare(source: MysqlServer, target: MysqlServer, broker: RocketmqServer): Promise<void> {
  await broker.createTopic(TOPIC, { queues: 8, fifo: true });
  await broker.createGroup(GROUP, { ordered: true });
  for (const { host, port, user, password } of [source, target]) {
    const connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${DATABASE}; USE ${DATABASE}`);
    if (port === source.port) {
      await connection.query(ORDERS_TABLE.replace('PRIMARY KEY', 'PRIMARY KEY AUTO_INCREMENT'));
      const random = seededRandom(1);
      for (let id = 1; id <= (rows ?? 0); id += ROWS_PER_INSERT)
        await connection.query(`INSERT INTO orders VALUES ${orderValues(random, id, ROWS_PER_INSERT)}`);
      await connection.query(`GRANT SELECT ON ${DATABASE}.* TO ${source.relayUser}`);
    }
    await connection.end();
  }
}

async function measure(place: Place): Promise<Measured> {
  const way = place === 'relay, apply, reports on the copy' ? await startWay() : undefined;
  const done = new AbortController();
  const reports =
    place === 'alone'
      ? Promise.resolve(0)
      : runReports(way === undefined ? orders : copy, DATABASE, ANALYSTS, done.signal);
  const fromMs = performance.now() + WARM_UP_MS;
  const took: number[] = [];
  await runPacedLoad({
    mysql: orders,
    database: DATABASE,
    perSecond: rate ?? 0,
    seconds: (seconds ?? 0) + WARM_UP_MS / 1000,
    clients: CLIENTS,
    onCommitted: (ms) => {
      if (performance.now() >= fromMs) took.push(ms);
    },
  });
  done.abort();
  const count = await reports;
  for (const each of way ?? []) await each.stop();
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), reports: count };
}

/** Relay and apply; the copy is complete when they are given back. */
async function startWay(): Promise<readonly [RelayProcess, ApplyProcess]> {
  const { host, port, relayUser: user, relayPassword: password } = orders;
  const source = { host, port, user, password, start: 'copy' };
  const sink = { endpoint: rocketmq.endpoint, topic: TOPIC };
  const relay = await RelayProcess.start({
    folder,
    config: { source, tables: { include: [`${DATABASE}.*`] }, sink, publish: { progress: '1s' } },
  });
  const target = { host: copy.host, port: copy.port, user: copy.user, password: copy.password };
  const apply = await ApplyProcess.start({
    folder,
    config: { source: { ...sink, group: GROUP }, target, create: true },
  });
  await pin(OTHER_CORE, [relay.pid, apply.pid]);
  await relay.until(
    'up to date',
    ({ progress, copies }) => progress === 'idle' && copies.every(({ endedAt }) => endedAt !== undefined),
    PATIENCE_MS,
  );
  const beganMs = Date.now();
  await apply.until(
    'up to date',
    ({ lanes }) => lanes.length > 0 && lanes.every(({ appliedAt }) => Date.parse(appliedAt ?? '') > beganMs),
    PATIENCE_MS,
  );
  return [relay, apply];
}

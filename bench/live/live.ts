/**
 * Live: how long from commit to a reader, and what the relay costs, at a given rate of single-row transactions.
 *
 *   tsx bench/live/live.ts [--rates 200,5000] [--seconds 60] [--clients 64] [--out file.json]
 *
 * `npm run bench -- live` builds first. MySQL, broker, load, reader and relay share the machine.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { startServers } from '../../dev/servers/start.ts';
import { DATABASE, QUICK_COMMITS } from '../load/loaded-mysql.ts';
import { ORDERS_TABLE } from '../load/orders.ts';
import { rounded } from '../measure/numbers.ts';
import { say } from '../measure/say.ts';
import { table } from '../measure/table.ts';
import { runLive, type LiveRun } from './live-run.ts';

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '200,5000' },
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '64' },
    out: { type: 'string' },
  },
});

const servers = await startServers({ progress: say, own: true, mysql: { flags: QUICK_COMMITS } });
const runs: LiveRun[] = [];
try {
  const { host, port, user, password } = servers.mysql;
  const admin = await createConnection({ host, port, user, password, multipleStatements: true });
  const orders = ORDERS_TABLE.replace('PRIMARY KEY', 'PRIMARY KEY AUTO_INCREMENT');
  await admin.query(`CREATE DATABASE ${DATABASE}; USE ${DATABASE}; ${orders}`);
  await admin.end();
  for (const rate of values.rates.split(',').map(Number)) {
    say(`${rate} transactions/s for ${values.seconds} s`);
    runs.push(await runLive(servers, { rate, seconds: Number(values.seconds), clients: Number(values.clients) }));
  }
} finally {
  await servers.stop();
}

type Lag = LiveRun['lagMs'];
const lagText = ({ p50, p99, p999 }: Lag): string => `${p50} / ${p99} / ${p999}`;
const FIGURES: readonly (readonly [title: string, figure: (run: LiveRun) => string | number])[] = [
  ['reached, transactions/s', ({ reached }) => Math.round(reached)],
  ['commit to reader, ms, p50 / p99 / p99.9', ({ lagMs }) => lagText(lagMs)],
  ['sealed to reader, ms, p50 / p99 / p99.9', ({ fromSealedMs }) => lagText(fromSealedMs)],
  ['messages', ({ messages }) => messages],
  ['relay CPU, cores', ({ relayCores }) => rounded(relayCores)],
  ['relay peak RSS MB', ({ relayPeakRssMb }) => relayPeakRssMb],
  ['floor: client alone, cores', ({ clientCores }) => rounded(clientCores)],
  ['floor: client alone to reader, ms, p50 / p99 / p99.9', ({ clientLagMs }) => lagText(clientLagMs)],
  ['floor: client alone, peak RSS MB', ({ clientPeakRssMb }) => clientPeakRssMb],
  ['floor: dump connection alone, cores', ({ followCores }) => rounded(followCores)],
  ['CPU, relay / (client + dump)', (run) => rounded(run.relayCores / (run.clientCores + run.followCores))],
  ['CPU, relay / client', ({ relayCores, clientCores }) => rounded(relayCores / clientCores)],
];
console.log(
  table([
    ['live', ...runs.map(({ rate }) => `${rate}/s`)],
    ...FIGURES.map(([title, figure]) => [title, ...runs.map(figure)]),
  ]),
);
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify({ runs }, undefined, 2)}\n`);

/**
 * `apply`: how fast it drains a topic into an empty MySQL, and what that costs beside MySQL's own replica.
 *
 *   tsx bench/apply/apply-bench.ts [--workloads A,B,C,single] [--scale 0.1] [--seed 1] [--runs 3] [--replicas 1,4]
 *     [--relaxed] [--out file.json]
 *
 * `single`: B again, each row in a message of its own. `npm run bench -- apply` builds first.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createConnection } from 'mysql2/promise';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { runRelay } from '../catch-up/relay-run.ts';
import { DATABASE, QUICK_COMMITS, startLoadedMysql, type LoadedMysql } from '../load/loaded-mysql.ts';
import type { Workload } from '../load/workload.ts';
import { workloadNamed } from '../load/workloads.ts';
import { say } from '../measure/say.ts';
import { runApply } from './apply-run.ts';
import { applyTable, type ApplyBenchRun } from './apply-table.ts';
import { requireEqual, runReplica } from './replica-run.ts';

const { values } = parseArgs({
  options: {
    workloads: { type: 'string', default: 'A,B,C,single' },
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    /** Numbers of workers; empty: no replica. */
    replicas: { type: 'string', default: '1,4' },
    /** Commits of target and replica are not durable. */
    relaxed: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const QUEUES = 8;
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const flags = values.relaxed ? QUICK_COMMITS : [];
const replicas = values.replicas === '' ? [] : values.replicas.split(',').map(Number);
const runs: ApplyBenchRun[] = [];
for (const name of values.workloads.split(',')) {
  const isSingle = name === 'single';
  const workload = workloadNamed(isSingle ? 'B' : name);
  const [loaded, rocketmq] = await Promise.all([
    startLoadedMysql(workload, size, say),
    startRocketmq({ own: true, progress: say }),
  ]);
  try {
    for (let n = 1; n <= Number(values.runs); n += 1) {
      say(`${name}, run ${n} of ${values.runs}`);
      runs.push(await runOnce(name, workload, loaded, rocketmq, n, isSingle));
    }
  } finally {
    await Promise.all([loaded.mysql.remove(), rocketmq.remove()]);
  }
}
console.log(applyTable(runs));
if (values.out !== undefined) {
  await writeFile(values.out, `${JSON.stringify({ ...size, relaxed: values.relaxed, runs }, undefined, 2)}\n`);
}

async function runOnce(
  name: string,
  { tables }: Workload,
  { mysql, counts: { changes } }: LoadedMysql,
  rocketmq: RocketmqServer,
  n: number,
  isSingle: boolean,
): Promise<ApplyBenchRun> {
  const topic = `apply-${n}`;
  const group = `copy-${n}`;
  await rocketmq.createTopic(topic, { queues: QUEUES, fifo: true });
  await rocketmq.createGroup(group, { ordered: true });
  const { messages } = await runRelay({ mysql, rocketmq, topic, changes, isEncrypted: false, isSingle });
  const apply = await onServer(async (target) => {
    const { host, port, user, password } = target;
    const connection = await createConnection({ host, port, user, password, multipleStatements: true });
    await connection.query(`CREATE DATABASE ${DATABASE}; USE ${DATABASE}; ${tables.join(';')}`);
    await connection.end();
    const figures = await runApply({ target, rocketmq, topic, group, changes });
    await requireEqual(mysql, target);
    return figures;
  });
  const measured: ApplyBenchRun['replicas'][number][] = [];
  for (const workers of replicas) {
    measured.push(await onServer(async (replica) => ({ workers, ...(await runReplica(mysql, replica, workers)) })));
  }
  return { workload: name, changes, messages, apply, replicas: measured };
}

/** With a server that has nothing yet; target and replica have the same settings. */
async function onServer<Figures>(measure: (server: MysqlServer) => Promise<Figures>): Promise<Figures> {
  const server = await startMysql({ own: true, flags, progress: () => undefined });
  try {
    return await measure(server);
  } finally {
    await server.remove();
  }
}

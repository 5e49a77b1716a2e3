/**
 * Catch-up: the load is written while the relay is stopped; then, in one run, the floors and the relay.
 *
 *   tsx bench/catch-up/catch-up.ts A [B C] [--scale 0.1] [--seed 1] [--runs 3] [--out file.json]
 *
 * `npm run bench -- A` builds first.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startRocketmq } from '../../dev/servers/start.ts';
import { say } from '../measure/say.ts';
import { startLoadedMysql } from '../load/loaded-mysql.ts';
import { CATCH_UP_WORKLOADS, workloadNamed } from '../load/workloads.ts';
import { catchUpTable } from './catch-up-table.ts';
import { runOnce, type CatchUpRun } from './run-once.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const workloads = positionals.length === 0 ? CATCH_UP_WORKLOADS : positionals.map(workloadNamed);
const runs: CatchUpRun[] = [];
for (const workload of workloads) {
  const [loaded, rocketmq] = await Promise.all([
    startLoadedMysql(workload, size, say),
    startRocketmq({ own: true, progress: say }),
  ]);
  try {
    for (let n = 1; n <= Number(values.runs); n += 1) {
      say(`${workload.name}, run ${n} of ${values.runs}`);
      runs.push(await runOnce(workload, loaded, rocketmq, n));
    }
  } finally {
    await Promise.all([loaded.mysql.remove(), rocketmq.remove()]);
  }
}
console.log(catchUpTable(runs));
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify({ ...size, runs }, undefined, 2)}\n`);

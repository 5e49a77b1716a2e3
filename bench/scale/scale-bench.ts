/**
 * What grows, and whether the cost of a row, a column or the memory grows with it:
 *
 *   tsx bench/scale/scale-bench.ts [--scale 0.1] [--runs 3] [--backlog] [--out file.json]
 *
 * `npm run bench -- scale` builds first. `--backlog` adds 10 GB of binlog, which takes that much of disk twice.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startRocketmq } from '../../dev/servers/start.ts';
import { runRelay } from '../catch-up/relay-run.ts';
import { measureCore } from '../core/measure-core.ts';
import { startLoadedMysql } from '../load/loaded-mysql.ts';
import { columnLoads, memoryLoads, tableLoads } from '../load/scale.ts';
import type { Workload } from '../load/workload.ts';
import { rounded } from '../measure/numbers.ts';
import { say } from '../measure/say.ts';
import { table } from '../measure/table.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '3' },
    backlog: { type: 'boolean' },
    out: { type: 'string' },
  },
});
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const results: Record<string, object> = {};

const cores: (readonly (string | number)[])[] = [];
for (const workload of [...columnLoads, ...tableLoads]) {
  const result = await measureCore(workload, size, Number(values.runs));
  results[workload.name] = result;
  const columns = workload.columns === undefined ? '-' : rounded((result.usPerChange * 1000) / workload.columns);
  cores.push([workload.name, rounded(result.usPerChange), columns, result.messages, result.peakRssMb]);
}
console.log(table([['core', 'CPU us/change', 'CPU ns/column', 'messages', 'peak RSS MB'], ...cores]));

const whole: (readonly (string | number)[])[] = [];
for (const workload of memoryLoads.filter(({ name }) => name !== 'backlog' || values.backlog === true)) {
  const result = await memoryOf(workload);
  results[workload.name] = result;
  whole.push([workload.name, result.changes, rounded(result.usPerChange), result.peakRssMb]);
}
console.log(table([['whole relay', 'changes', 'CPU us/change', 'peak RSS MB'], ...whole]));
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify({ ...size, results }, undefined, 2)}\n`);

/** The compiled relay between real servers. */
async function memoryOf(
  workload: Workload,
): Promise<{ readonly changes: number; readonly usPerChange: number; readonly peakRssMb: number }> {
  const [{ mysql, counts }, rocketmq] = await Promise.all([
    startLoadedMysql(workload, size, say),
    startRocketmq({ own: true, progress: say }),
  ]);
  try {
    await rocketmq.createTopic(workload.name, { queues: 8, fifo: true });
    const { changes } = counts;
    const { running, peakRssMb } = await runRelay({
      mysql,
      rocketmq,
      topic: workload.name,
      changes,
      isEncrypted: false,
    });
    return { changes, usPerChange: (running.cpuSeconds * 1e6) / running.changes, peakRssMb };
  } finally {
    await Promise.all([mysql.remove(), rocketmq.remove()]);
  }
}

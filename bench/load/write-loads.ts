/**
 * Writes the loads of A, B and C, so that a bench finds them ready: tsx bench/load/write-loads.ts [--scale 0.1] [A B C]
 */
import { parseArgs } from 'node:util';
import { writtenLoad } from './loaded-mysql.ts';
import { say } from '../measure/say.ts';
import { CATCH_UP_WORKLOADS, workloadNamed } from './workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const workloads = positionals.length === 0 ? CATCH_UP_WORKLOADS : positionals.map(workloadNamed);
for (const workload of workloads) {
  const startMs = performance.now();
  const { data } = await writtenLoad(workload, size, say);
  console.log(`${workload.name}: ${data}, ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

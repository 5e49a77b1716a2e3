/**
 * Writes the loads of A, B and C, so that a bench finds them ready: tsx bench/load/write-loads.ts [--scale 0.1] [A B C]
 */
import { parseArgs } from 'node:util';
import { loadedFolder } from './loaded-mysql.ts';
import { WORKLOADS, workloadNamed } from './workloads.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const workloads = positionals.length === 0 ? WORKLOADS : positionals.map(workloadNamed);
for (const workload of workloads) {
  const startMs = performance.now();
  const folder = await loadedFolder(workload, size, (line) => void process.stderr.write(`${line}\n`));
  console.log(`${workload.name}: ${folder}, ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

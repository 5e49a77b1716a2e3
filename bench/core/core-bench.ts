/**
 * CPU per change of the relay's core alone:
 *
 *   tsx bench/core/core-bench.ts A [B C] [--scale 0.1] [--runs 7] [--format canal-json] [--out file.json]
 *
 * `npm run bench -- core` builds first.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { FormatName } from '../../src/format/format.ts';
import { FORMATS } from '../../src/format/formats.ts';
import { CATCH_UP_WORKLOADS, workloadNamed } from '../load/workloads.ts';
import { rounded } from '../measure/numbers.ts';
import { table } from '../measure/table.ts';
import { measureCore } from './measure-core.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '7' },
    format: { type: 'string', default: 'canal-json' },
    out: { type: 'string' },
  },
});
const format = Object.keys(FORMATS).find((name): name is FormatName => name === values.format);
if (format === undefined) throw new Error(`no format ${values.format}: ${Object.keys(FORMATS).join(', ')}`);
const size = { scale: Number(values.scale), seed: Number(values.seed) };
const workloads = positionals.length === 0 ? CATCH_UP_WORKLOADS : positionals.map(workloadNamed);
const results: Record<string, Awaited<ReturnType<typeof measureCore>>> = {};
for (const workload of workloads)
  results[workload.name] = await measureCore(workload, size, Number(values.runs), format);
console.log(
  table([
    ['core', 'CPU us/change', 'floor', 'ratio', 'messages', 'body bytes/change', 'peak RSS MB'],
    ...Object.entries(results).map(([name, result]) => [
      name,
      rounded(result.usPerChange),
      rounded(result.floorUsPerChange),
      rounded(result.ratio),
      result.messages,
      rounded(result.bytesPerChange),
      result.peakRssMb,
    ]),
  ]),
);
if (values.out !== undefined)
  await writeFile(values.out, `${JSON.stringify({ ...size, format, results }, undefined, 2)}\n`);

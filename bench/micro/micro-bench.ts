/**
 * Nanoseconds an operation, one file a part of the relay:
 *
 *   tsx bench/micro/micro-bench.ts [columns row-writer …] [--rounds 15] [--out file.json]
 *
 * `npm run bench -- micro` builds first.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { rounded } from '../measure/numbers.ts';
import { table } from '../measure/table.ts';
import type { MicroResult } from './harness.ts';
import { measureMicro, MICRO_FILES } from './measure-micro.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' }, out: { type: 'string' } },
});
const results: Record<string, readonly MicroResult[]> = {};
for (const file of positionals.length === 0 ? MICRO_FILES : positionals) {
  results[file] = await measureMicro(file, Number(values.rounds));
  console.log(
    table([
      [file, 'ns', 'to the reference'],
      ...results[file].map(({ name, ns, ratio }) => [name, rounded(ns), rounded(ratio)]),
    ]),
  );
}
if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(results, undefined, 2)}\n`);

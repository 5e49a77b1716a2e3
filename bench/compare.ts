/**
 * Fails when a change costs more than the committed baseline allows:
 *
 *   npm run bench:compare                 # core and micro against bench/baseline.json
 *   npm run bench:compare -- --core       # the core only: a minute
 *   npm run bench:compare -- --update     # writes the baseline again
 *
 * What is compared is CPU time as a ratio to a floor of the same run. What seems to have become slower is measured
 * again, and the best counts: noise passes, a regression stays. Only the core can fail: the optimizer compiles a small
 * loop now one way, now another, and on a busy machine micro figures of the same code were up to three times apart.
 * They name the place to look at.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCore } from './core/measure-core.ts';
import { workloadNamed, CATCH_UP_WORKLOADS } from './load/workloads.ts';
import { rounded } from './measure/numbers.ts';
import { say } from './measure/say.ts';
import { table } from './measure/table.ts';
import { measureMicro, MICRO_FILES } from './micro/measure-micro.ts';

/** Ratio to the floor, by what was measured: `core A`, `micro columns: int`. */
type Ratios = Readonly<Record<string, number>>;

const BASELINE = join(import.meta.dirname, 'baseline.json');
const MAX_GROWTH = 1.15;
const ATTEMPTS = 3;
const CORE_RUNS = 7;
const CORE_SIZE = { scale: 0.1, seed: 1 };
const MICRO_ROUNDS = 15;

const { values } = parseArgs({ options: { core: { type: 'boolean' }, update: { type: 'boolean' } } });
const baseline = JSON.parse(await readFile(BASELINE, 'utf8').catch(() => '{}')) as Ratios;
const measured: Record<string, number> = {};

for (const { name } of CATCH_UP_WORKLOADS) await compared(() => core(name));
if (values.core !== true) for (const file of MICRO_FILES) await compared(() => micro(file));

const rows = Object.entries(measured).map(([name, ratio]) => {
  const before = baseline[name];
  return [name, before === undefined ? '-' : rounded(before), rounded(ratio), verdict(before, ratio)];
});
console.log(table([['ratio to the floor', 'baseline', 'now', ''], ...rows]));
if (values.update === true)
  await writeFile(BASELINE, `${JSON.stringify({ ...baseline, ...measured }, undefined, 2)}\n`);
else if (Object.keys(measured).some((name) => name.startsWith('core ') && isSlower(name))) process.exitCode = 1;

/**
 * Measures until nothing is slower than it may be, at most three times, and keeps the best of each; for a new baseline
 * the middle of the three.
 */
async function compared(measure: () => Promise<Ratios>): Promise<void> {
  const attempts: Ratios[] = [];
  do {
    attempts.push(await measure());
    for (const name of Object.keys(attempts[0] ?? {})) {
      const ratios = attempts.map((attempt) => attempt[name] ?? Infinity).sort((a, b) => a - b);
      measured[name] = rounded(ratios[values.update === true ? ratios.length >> 1 : 0] ?? Infinity, 4);
    }
  } while (attempts.length < ATTEMPTS && needsMore(Object.keys(attempts[0] ?? {})));
}

async function core(name: string): Promise<Ratios> {
  say(`core ${name}`);
  const { ratio } = await measureCore(workloadNamed(name), CORE_SIZE, CORE_RUNS);
  return { [`core ${name}`]: ratio };
}

async function micro(file: string): Promise<Ratios> {
  say(`micro ${file}`);
  const results = await measureMicro(file, MICRO_ROUNDS);
  return Object.fromEntries(results.map(({ name, ratio }) => [`micro ${file}: ${name}`, ratio]));
}

/** While the baseline is written, everything is measured as often as can be. */
function needsMore(names: readonly string[]): boolean {
  return values.update === true || names.some(isSlower);
}

function isSlower(name: string): boolean {
  const before = baseline[name];
  return before !== undefined && (measured[name] ?? Infinity) > before * MAX_GROWTH;
}

function verdict(before: number | undefined, ratio: number): string {
  if (before === undefined) return 'not in the baseline';
  const percent = Math.round((ratio / before - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %${ratio > before * MAX_GROWTH ? ' slower' : ''}`;
}

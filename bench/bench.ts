/**
 * All benches, or those that are named:
 *
 *   npm run bench                     # all of them
 *   npm run bench -- A core           # catch-up with A, and the core
 *   npm run bench -- A --runs 3       # flags go to every bench that is named
 *
 * Tables go to the terminal, and everything as JSON to .bench/results.json.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';

const RESULTS = join(import.meta.dirname, '../.bench');

interface Bench {
  readonly file: string;
  /** What it is run with when nothing else is said. */
  readonly args: readonly string[];
}

const BENCHES: Readonly<Record<string, Bench>> = {
  core: { file: 'core/core-bench.ts', args: [] },
  micro: { file: 'micro/micro-bench.ts', args: [] },
  A: { file: 'catch-up/catch-up.ts', args: ['A'] },
  B: { file: 'catch-up/catch-up.ts', args: ['B'] },
  C: { file: 'catch-up/catch-up.ts', args: ['C'] },
  apply: { file: 'apply/apply-bench.ts', args: [] },
  'apply-live': { file: 'apply/live.ts', args: [] },
  live: { file: 'live/live.ts', args: [] },
  jitter: { file: 'jitter/jitter.ts', args: [] },
  scale: { file: 'scale/scale-bench.ts', args: [] },
};

const given = process.argv.slice(2);
const firstFlag = given.findIndex((arg) => arg.startsWith('--'));
const names = firstFlag < 0 ? given : given.slice(0, firstFlag);
const flags = firstFlag < 0 ? [] : given.slice(firstFlag);

await mkdir(RESULTS, { recursive: true });
const results: Record<string, unknown> = {};
for (const name of names.length === 0 ? Object.keys(BENCHES) : names) results[name] = await run(name);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
await writeFile(join(RESULTS, 'results.json'), `${JSON.stringify({ machine, results }, undefined, 2)}\n`);

/** Runs one bench and gives what it wrote as JSON. */
async function run(name: string): Promise<unknown> {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`no bench ${name}: ${Object.keys(BENCHES).join(', ')}`);
  const out = join(RESULTS, `${name}.json`);
  const file = join(import.meta.dirname, bench.file);
  console.log(`\n${name}`);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, file, ...bench.args, ...flags, '--out', out], {
      stdio: 'inherit',
    });
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${name} ended with ${code}`));
    });
  });
  return JSON.parse(await readFile(out, 'utf8'));
}

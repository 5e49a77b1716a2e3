/**
 * Applies each mutation to a copy of this checkout, and wants its tests to fail there.
 *
 *   npm run test:mutations [-- 3 17]       only those of these invariants
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = join(import.meta.dirname, '../..');
const wanted = process.argv.slice(2).map(Number);
const copy = mkdtempSync(join(tmpdir(), 'binlog-relay-mutations-'));
try {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of files.toString().split('\0').filter(Boolean)) cpSync(join(ROOT, file), join(copy, file));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const mutations = MUTATIONS.filter(({ invariant }) => wanted.length === 0 || wanted.includes(invariant));
  const survivors = mutations.filter((mutation) => !isCaught(mutation));
  console.log(`${mutations.length - survivors.length} of ${mutations.length} mutations were caught`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}

function isCaught({ invariant, file, find, replace, tests, needsServers = false }: Mutation): boolean {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  if (original.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
  writeFileSync(
    path,
    original.replace(find, () => replace),
  );
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const project = needsServers ? 'integration' : 'unit';
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--project', project, ...tests], {
    cwd: copy,
    encoding: 'utf8',
    // Where the seeds of a workload are few, so is what they show.
    env: { ...process.env, COPY_SEEDS: '1,2,3', COPY_SERVERS: '9.7' },
  });
  writeFileSync(path, original);
  // A test that fails, by its name: not a file that cannot be loaded.
  const failed = new Set(stripVTControlCharacters(stdout + stderr).match(/^ FAIL .* > .*$/gm)).size;
  const isFailed = failed > 0;
  console.log(`invariant ${invariant}, ${file}: ${isFailed ? `caught, ${failed} failed` : 'NOT CAUGHT'}`);
  return isFailed;
}

/** binlog-relay-lake in a Python of its own, as pip makes it; kept beside the servers. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { cached } from '../../dev/servers/cache.ts';

const run = promisify(execFile);
export const LAKE_PROJECT = join(import.meta.dirname, '../../integrations/lake');
const SOURCES = join(LAKE_PROJECT, 'src');
const FETCH_MS = 900_000;

/** Why nothing of it can be tested here; undefined when it can. */
export async function whyNoPython(): Promise<string | undefined> {
  if (process.env['INTEGRATIONS'] === '0') return 'INTEGRATIONS=0';
  const test = 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 10))';
  return run('python3', ['-c', test]).then(
    () => undefined,
    () => 'there is no python3 of 3.10 or later with venv',
  );
}

/** Path of a Python that has what the package and its tests need, without the package itself. */
export async function lakePython(): Promise<string> {
  const project = await readFile(join(LAKE_PROJECT, 'pyproject.toml'), 'utf8');
  const requirements = ['dependencies', 'test'].flatMap((name) => listIn(project, name));
  const hash = createHash('sha256').update(requirements.join()).digest('hex').slice(0, 8);
  const progress = (line: string): void => console.error(line);
  const venv = await cached(`lander-python-${hash}`, progress, async (folder) => {
    await run('python3', ['-m', 'venv', folder], { timeout: FETCH_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements];
    await run(join(folder, 'bin', 'python'), pip, { timeout: FETCH_MS, maxBuffer: 16 << 20 });
  });
  return join(venv, 'bin', 'python');
}

/** `name = ["a>=1", "b"]` of a TOML file. */
function listIn(toml: string, name: string): readonly string[] {
  const [, list = ''] = new RegExp(`^${name} = \\[(.*)\\]$`, 'm').exec(toml) ?? [];
  const items = [...list.matchAll(/"([^"]+)"/g)].map(([, item = '']) => item);
  if (items.length === 0) throw new Error(`pyproject.toml has no list ${name} in one line`);
  return items;
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program in that Python, from its start. */
export class PythonProcess {
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  hasEnded = false;
  readonly #child: ChildProcess;

  constructor(python: string, args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.#child = spawn(python, args, {
      ...options,
      env: { ...process.env, PYTHONPATH: SOURCES, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.stdout += chunk));
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.hasEnded = true;
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  signal(name: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(name);
    return this.ended;
  }
}

/** `binlog-relay-lake <command> --config <file>`, with the configuration written there. */
export async function lake(
  python: string,
  folder: string,
  config: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Promise<PythonProcess> {
  const file = join(folder, 'lake.yaml');
  await writeFile(file, stringify(config));
  const [command = '', ...rest] = args;
  return new PythonProcess(python, ['-m', 'binlog_relay_lake', command, '--config', file, ...rest]);
}

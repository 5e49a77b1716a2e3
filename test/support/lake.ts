/** Python, Spark and HDFS for integrations/lake, as pip and Maven bring them; kept beside the servers. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cached } from '../../dev/servers/cache.ts';
import { whyNoPython } from './lander.ts';
import { whyNoMaven } from './maven.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '../../integrations/lake');
const PROGRAMS = join(PROJECT, 'tests', 'e2e');
const PACKAGES = [
  'pyspark==4.0.5',
  'pyiceberg[sql-sqlite]==0.12.0',
  'pyiceberg-core==0.10.1',
  'pyarrow==26.0.1',
  'pyyaml==6.0.3',
  'pytest==9.2.0',
  'hypothesis==6.170.17',
];
const FETCH_MS = 900_000;

/** Why nothing of it can be tested here; undefined when it can. */
export async function whyNoLake(): Promise<string | undefined> {
  return (await whyNoPython()) ?? (await whyNoMaven());
}

/** What is fetched once. */
export interface LakeTools {
  readonly python: string;
  readonly jars: string;
}

export async function lakeTools(): Promise<LakeTools> {
  const progress = (line: string): void => console.error(line);
  const pom = await readFile(join(PROGRAMS, 'pom.xml'), 'utf8');
  const venv = await cached(`lake-python-${digest(PACKAGES.join())}`, progress, async (folder) => {
    await run('python3', ['-m', 'venv', folder], { timeout: FETCH_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
    await run(join(folder, 'bin', 'python'), pip, { timeout: FETCH_MS, maxBuffer: 16 << 20 });
  });
  const jars = await cached(`lake-jars-${digest(pom)}`, progress, async (folder) => {
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    const args = ['-q', '-B', '-f', join(PROGRAMS, 'pom.xml'), goal, `-DoutputDirectory=${folder}`];
    await run('mvn', args, { timeout: FETCH_MS, maxBuffer: 16 << 20 });
  });
  return { python: join(venv, 'bin', 'python'), jars };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** How a program of integrations/lake/tests/e2e ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `args` begin with a program of integrations/lake/tests/e2e, or with `-m` and a module. */
export function runPython(
  { python }: LakeTools,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(python, args, {
    cwd: PROGRAMS,
    env: { ...process.env, TZ: 'UTC', PYSPARK_PYTHON: python, PYTHONPATH: join(PROJECT, 'src'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => (texts[name] += chunk));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}

/** Rows of a table by column, as the programs print them: MySQL's text, numbers and times maybe written otherwise. */
export type PrintedRow = Readonly<Record<string, string | null>>;

export function rowsOfOutput(stdout: string): ReadonlyMap<string, readonly PrintedRow[]> {
  const tables = new Map<string, PrintedRow[]>();
  for (const line of stdout.split('\n').filter((text) => text.startsWith('['))) {
    const [table, row] = JSON.parse(line) as [string, PrintedRow];
    const rows = tables.get(table) ?? [];
    tables.set(table, rows);
    rows.push(row);
  }
  return tables;
}

/** HDFS of one name node and one data node. */
export class Hdfs {
  /** hdfs://host:port */
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start({ jars }: LakeTools, folder: string): Promise<Hdfs> {
    const args = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), join(PROGRAMS, 'Hdfs.java'), folder];
    const child = spawn('java', args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      output += `${line}\n`;
      const url = /^up (hdfs:\/\/\S+)/.exec(line)?.[1];
      if (url === undefined) continue;
      child.stdout.resume();
      return new Hdfs(child, url);
    }
    throw new Error(`HDFS has not started:\n${output.slice(-4000)}`);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}

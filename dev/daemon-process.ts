/** The program in a process of its own, as operators run it: for the demo, and for tests that kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const PROGRAM = join(import.meta.dirname, '..', 'dist', 'main.js');

export interface DaemonProcessOptions {
  /** Configuration and log are kept here. */
  readonly folder: string;
  /** The sections of the configuration; `admin` and `log` are filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `Health`: what its /healthz shows, as far as its users look. */
export class DaemonProcess<Health> {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  readonly #name: string;
  readonly #child: ChildProcess;

  protected constructor(name: string, { child, logFile }: Spawned) {
    this.#name = name;
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.logFile = logFile;
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  async log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /** `http://host:port` of health and metrics, once the log has named it. */
  async address(): Promise<string | undefined> {
    const line = (await this.log()).split('\n').find((text) => text.includes('"address"'));
    return line === undefined ? undefined : addressIn(line);
  }

  /** Undefined while the process does not answer. */
  async health(): Promise<Health | undefined> {
    const address = await this.address();
    if (address === undefined) return undefined;
    try {
      const response = await fetch(`${address}/healthz`);
      return (await response.json()) as Health;
    } catch {
      return undefined;
    }
  }

  /**
   * Resolves when `wanted` holds; throws with the end of the log when it does not within `timeoutMs`, or when the
   * process ends.
   */
  async until(what: string, wanted: (health: Health) => boolean, timeoutMs = 30_000, intervalMs = 50): Promise<Health> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const health = await this.health();
      if (health !== undefined && wanted(health)) return health;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null || performance.now() > deadline) {
        throw new Error(
          `${this.#name} is not ${what}; last health: ${JSON.stringify(health)}; the end of ${this.logFile}:\n${(await this.log()).slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  async kill9(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

export interface Spawned {
  readonly child: ChildProcess;
  readonly logFile: string;
}

/** `command`: of the program; configuration and log bear `name`. `npm run build` must have been run. */
export async function spawnDaemon(
  command: string,
  name: string,
  { folder, config, args = [], env = {} }: DaemonProcessOptions,
): Promise<Spawned> {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, `${name}.yaml`);
  const logFile = join(folder, `${name}.log`);
  await writeFile(configFile, stringify({ admin: { port: 0 }, log: { level: 'info', format: 'json' }, ...config }));
  await writeFile(logFile, '');
  const child = spawn(PROGRAM, [command, '--config', configFile, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  return { child, logFile };
}

function addressIn(line: string): string | undefined {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null || !('address' in parsed)) return undefined;
  const address = String(parsed.address);
  return address.startsWith('http') ? address : `http://${address}`;
}

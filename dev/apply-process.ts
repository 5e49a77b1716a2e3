/** `binlog-relay apply` in a process of its own, as operators run it: for tests that kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApplyHealth } from '../src/admin/apply-pages.ts';
import { PROGRAM, type Exit } from './relay-process.ts';

export interface ApplyProcessOptions {
  /** Configuration and log are kept here. */
  readonly folder: string;
  /** The sections of the configuration; `admin` and `log` are filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
}

const LOOK_MS = 50;

export class ApplyProcess {
  readonly exited: Promise<Exit>;
  readonly logFile: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.logFile = logFile;
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  /** Resolves as soon as the process runs. `npm run build` must have been run. */
  static async start({ folder, config, args = [] }: ApplyProcessOptions): Promise<ApplyProcess> {
    await mkdir(folder, { recursive: true });
    const configFile = join(folder, 'apply.yaml');
    const logFile = join(folder, 'apply.log');
    await writeFile(configFile, stringify({ admin: { port: 0 }, log: { level: 'info', format: 'json' }, ...config }));
    await writeFile(logFile, '');
    const child = spawn(PROGRAM, ['apply', '--config', configFile, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
    return new ApplyProcess(child, logFile);
  }

  log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /** What /healthz says; undefined while the process does not answer. */
  async health(): Promise<ApplyHealth | undefined> {
    const address = /"address":"([^"]+)"/.exec(await this.log())?.[1];
    if (address === undefined) return undefined;
    try {
      return (await (await fetch(`${address}/healthz`)).json()) as ApplyHealth;
    } catch {
      return undefined;
    }
  }

  /**
   * Resolves when `wanted` holds; throws with the end of the log when it does not in time, or when the process ends.
   */
  async until(what: string, wanted: (health: ApplyHealth) => boolean, timeoutMs = 60_000): Promise<ApplyHealth> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const health = await this.health();
      if (health !== undefined && wanted(health)) return health;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null || performance.now() > deadline) {
        throw new Error(
          `apply is not ${what}; last health: ${JSON.stringify(health)}; the end of its log:\n${(await this.log()).slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  async kill9(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

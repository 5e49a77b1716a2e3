/** A relay in a process of its own, as operators run it: for the demo, and for tests that kill it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const PROGRAM = join(import.meta.dirname, '..', 'dist', 'main.js');

export interface RelayProcessOptions {
  /** Configuration, checkpoint and log are kept here; the next start continues from the checkpoint. */
  readonly folder: string;
  /** The sections of the configuration; `checkpoint`, `admin` and `log` are filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Counter =
  | 'sendRetries'
  | 'sourceReconnects'
  | 'changesInserted'
  | 'changesUpdated'
  | 'changesDeleted'
  | 'changesAcknowledged'
  | 'rowsCopied'
  | 'messagesAcknowledged'
  | 'bytesAcknowledged';

/** What `/healthz` shows, as far as the users of this file look. */
export interface Health {
  readonly state: string;
  readonly epoch: number;
  readonly progress: string;
  readonly heldBytes: number;
  readonly heldBytesLimit: number;
  readonly sourcePaused: boolean;
  readonly lowWaterMark: { readonly gtidSet?: string } | null;
  readonly counters: Readonly<Record<Counter, number>>;
  readonly copies: readonly { readonly id: string; readonly endedAt?: string }[];
  readonly copying: { readonly rows: number } | null;
  readonly parts: Readonly<Record<'source' | 'sink' | 'checkpoint', { readonly ok: boolean; readonly reason: string }>>;
}

export class RelayProcess {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.logFile = logFile;
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  /** Resolves as soon as the process runs; see `ready`. `npm run build` must have been run. */
  static async start({ folder, config, args = [] }: RelayProcessOptions): Promise<RelayProcess> {
    await mkdir(folder, { recursive: true });
    const configFile = join(folder, 'relay.yaml');
    const logFile = join(folder, 'relay.log');
    await writeFile(
      configFile,
      stringify({
        checkpoint: { path: join(folder, 'checkpoint') },
        admin: { port: 0 },
        log: { level: 'info', format: 'json' },
        ...config,
      }),
    );
    await writeFile(logFile, '');
    const child = spawn(PROGRAM, ['run', '--config', configFile, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
    return new RelayProcess(child, logFile);
  }

  async log(): Promise<string> {
    return readFile(this.logFile, 'utf8');
  }

  /** `http://host:port` of health and metrics, once the log has named it. */
  async address(): Promise<string | undefined> {
    const line = (await this.log()).split('\n').find((text) => text.includes('"address"'));
    return line === undefined ? undefined : addressIn(line);
  }

  /** Code and body of one page, as `503 starting`; undefined while the process does not answer. */
  async page(path: string): Promise<string | undefined> {
    const address = await this.address();
    if (address === undefined) return undefined;
    const response = await fetch(`${address}${path}`);
    return `${response.status} ${await response.text()}`;
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
          `the relay is not ${what}; last health: ${JSON.stringify(health)}; the end of ${this.logFile}:\n${(await this.log()).slice(-3000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }

  /** Reading the binlog. */
  ready(timeoutMs?: number): Promise<Health> {
    return this.until('ready', ({ state, parts }) => state === 'running' && parts.source.ok, timeoutMs);
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

function addressIn(line: string): string | undefined {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null || !('address' in parsed)) return undefined;
  const address = String(parsed.address);
  return address.startsWith('http') ? address : `http://${address}`;
}

/**
 * The program as its users start it: a command line, exit codes, and what stands on stdout and stderr. `npm run build`
 * must have been run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { stringify } from 'yaml';
import { PROGRAM } from '../../dev/daemon-process.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';

/** No command may take longer on a machine that is busy; those that wait for a lock say so. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 30;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that any program of this test file has printed: no password may stand in it. */
export const printed: string[] = [];

/** A started command. */
export class Program {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;

  /** `within`: a command, with its options, that starts the program. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, within: readonly string[] = []) {
    const [command = PROGRAM, ...words] = [...within, PROGRAM, ...args];
    this.#child = spawn(command, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#closed = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Nobody reads its output any more. */
  hangUp(): void {
    this.#child.stdout?.destroy();
  }

  /** Waits for the end. Throws with what was printed when it does not come in time. */
  async outcome(timeoutMs = PATIENCE_MS): Promise<Outcome> {
    const timeout = setTimeout(() => {
      this.stderr += `\n[killed: it ran for ${timeoutMs / 1000} s]`;
      this.signal('SIGKILL');
    }, timeoutMs);
    const code = await this.#closed;
    clearTimeout(timeout);
    printed.push(this.stdout, this.stderr);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Stops it as an operator does. */
  stop(): Promise<Outcome> {
    this.signal('SIGTERM');
    return this.outcome();
  }

  /** Waits until `holds`. Throws with what was printed when the program ends before, or time does. */
  async until(holds: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!holds()) {
      if (this.hasEnded || performance.now() > deadlineMs) {
        throw new Error(
          `waited in vain (ended: ${this.hasEnded}):\n${this.stdout.slice(-2000)}\n${this.stderr.slice(-4000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The relay reads: what is committed from now on is published. */
  reading(timeoutMs?: number): Promise<void> {
    return this.until(() => this.stderr.includes('"msg":"starting"'), timeoutMs);
  }

  /** Lines on stdout, parsed. */
  messages(): readonly Message[] {
    return parseMessages(this.stdout);
  }
}

/** Runs a command to its end. */
export function program(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome> {
  return new Program(args, env).outcome();
}

/** What the tests look at in a message. */
export interface Message {
  readonly database: string;
  readonly table: string;
  readonly type: string;
  readonly data: readonly Readonly<Record<string, string | null>>[];
  readonly old: readonly Readonly<Record<string, string | null>>[] | null;
}

export function parseMessages(text: string): readonly Message[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Message);
}

type Sections = Readonly<Record<string, unknown>>;

/** Of all places of this test file. */
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/**
 * A folder with a configuration, and with the checkpoint of the relay that runs from it; it is removed after the tests
 * of the file.
 */
export class Place {
  readonly folder: string;
  readonly #sections: Sections;

  private constructor(folder: string, sections: Sections) {
    this.folder = folder;
    this.#sections = sections;
  }

  /** A relay that publishes `include` of `mysql` to stdout, unless `sections` say otherwise. */
  static async create(mysql: MysqlAddress, include: string, sections: Sections = {}): Promise<Place> {
    const { host, port, relayUser: user, relayPassword: password } = mysql;
    const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-start-'));
    folders.push(folder);
    const place = new Place(folder, {
      source: { host, port, user, password },
      tables: { include: [include] },
      sink: { type: 'stdout' },
      admin: { enabled: false },
      log: { format: 'json' },
      ...sections,
    });
    await place.configure();
    return place;
  }

  get config(): string {
    return join(this.folder, 'relay.yaml');
  }

  get checkpoint(): string {
    return join(this.folder, 'checkpoint');
  }

  /**
   * Writes the configuration again, with these sections in place of what stood there; of `source` and `tables` only the
   * given keys change.
   */
  async configure(changes: Sections = {}): Promise<void> {
    const { source, tables, ...others } = changes;
    const sections = {
      checkpoint: { path: this.checkpoint },
      ...this.#sections,
      ...others,
      source: { ...asSections(this.#sections['source']), ...asSections(source) },
      tables: { ...asSections(this.#sections['tables']), ...asSections(tables) },
    };
    await writeFile(this.config, stringify(sections));
  }

  run(...args: readonly string[]): Program {
    return new Program(['run', '--config', this.config, ...args]);
  }

  check(): Promise<Outcome> {
    return program(['check', '--config', this.config]);
  }

  /** A run that gets as far as reading, does `task` and is stopped; returns what it has published. */
  async session(task: (relay: Program) => Promise<void>, ...args: readonly string[]): Promise<readonly Message[]> {
    const relay = this.run(...args);
    await relay.reading();
    await task(relay);
    expect((await relay.stop()).code).toBe(0);
    return relay.messages();
  }
}

function asSections(value: unknown): Sections {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/**
 * How a command that cannot do its work must end: by itself, with this code, saying where, what and what to do, and
 * without a stack trace.
 */
export function expectRefusal(outcome: Outcome, exitCode: number, code: string, texts: readonly string[]): void {
  const said = `${outcome.stdout}\n${plain(outcome.stderr)}`;
  expect(said).toContain(code);
  for (const text of texts) expect(said).toContain(text);
  expect(outcome.code, said).toBe(exitCode);
  expect(said).not.toMatch(/^\s+at /m);
  expect(said).not.toContain('INTERNAL');
}

/** A log of JSON lines as text: message, error and remedy without JSON's escapes. */
function plain(log: string): string {
  return log.replaceAll('\\"', '"').replaceAll('\\n', '\n');
}

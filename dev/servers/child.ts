import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Program } from './program.ts';
import type { RunFolder } from './run-folder.ts';

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const STOP_TIMEOUT_MS = 30_000;

/** A program run as a child of this process, in its run folder, with its output appended to a file there. */
export class Child implements Program {
  readonly logFile: string;
  readonly #line: CommandLine;
  readonly #folder: RunFolder;
  #process: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(line: CommandLine, folder: RunFolder, logName: string) {
    this.#line = line;
    this.#folder = folder;
    this.logFile = folder.file(logName);
  }

  start(): Promise<void> {
    const log = openSync(this.logFile, 'a');
    // Detached: Ctrl-C in a terminal reaches only this process, which then stops its servers in order.
    const child = spawn(this.#line.command, this.#line.args, {
      cwd: this.#folder.path,
      env: { ...process.env, ...this.#line.env },
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => {
        if (child.pid !== undefined) this.#folder.addProcess(child.pid);
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#process?.kill('SIGCONT');
    this.#process?.kill('SIGTERM');
    const timer = setTimeout(() => this.#process?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async kill9(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  freeze(): Promise<void> {
    this.#process?.kill('SIGSTOP');
    return Promise.resolve();
  }

  thaw(): Promise<void> {
    this.#process?.kill('SIGCONT');
    return Promise.resolve();
  }

  isRunning(): Promise<boolean> {
    const child = this.#process;
    return Promise.resolve(child?.pid !== undefined && child.exitCode === null && child.signalCode === null);
  }

  /** Waits for its end; undefined when a signal ended it. */
  async exitCode(): Promise<number | undefined> {
    await this.#ended;
    return this.#process?.exitCode ?? undefined;
  }

  async pid(): Promise<number | undefined> {
    return (await this.isRunning()) ? this.#process?.pid : undefined;
  }

  saveLog(): Promise<void> {
    return Promise.resolve();
  }

  logTail(): Promise<string> {
    return Promise.resolve(`${this.logFile}:\n${readFileSync(this.logFile, 'utf8').split('\n').slice(-20).join('\n')}`);
  }
}

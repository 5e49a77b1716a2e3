import { appendFileSync } from 'node:fs';
import type { Program } from './program.ts';
import type { RunFolder } from './run-folder.ts';
import { runTool } from './tool.ts';

const DETECT_TIMEOUT_MS = 2000;

let engine: Promise<boolean> | undefined;

/** True when servers are to run in containers: servers.ts says when. Asks the engine once. */
export function usesDocker(): Promise<boolean> {
  const choice = process.env['BINLOG_RELAY_SERVERS'];
  if (choice === 'docker' || choice === 'packages') return Promise.resolve(choice === 'docker');
  engine ??= runTool('docker', ['info'], { timeoutMs: DETECT_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
  return engine;
}

/** A program in a container that keeps its data from start to start. */
export class Container implements Program {
  readonly name: string;
  /** Written by `saveLog`. */
  readonly logFile: string;
  readonly #run: readonly string[];
  readonly #folder: RunFolder;
  #isCreated = false;

  /** `run`: what comes after `docker run --detach --name …`: options, image, command. */
  constructor(name: string, run: readonly string[], folder: RunFolder) {
    this.name = name;
    this.#run = run;
    this.#folder = folder;
    this.logFile = folder.file(`${name}.log`);
  }

  async start(): Promise<void> {
    if (this.#isCreated) {
      await runTool('docker', ['start', this.name]);
      return;
    }
    this.#folder.addContainer(this.name);
    await runTool('docker', ['run', '--detach', '--name', this.name, ...this.#run]);
    this.#isCreated = true;
  }

  async stop(): Promise<void> {
    if ((await this.#inspect('{{.State.Paused}}')) === 'true') await this.thaw();
    await runTool('docker', ['stop', '--time', '30', this.name]);
  }

  async kill9(): Promise<void> {
    await runTool('docker', ['kill', this.name]);
    await runTool('docker', ['wait', this.name]);
  }

  async freeze(): Promise<void> {
    await runTool('docker', ['pause', this.name]);
  }

  async thaw(): Promise<void> {
    await runTool('docker', ['unpause', this.name]);
  }

  async isRunning(): Promise<boolean> {
    return (await this.#inspect('{{.State.Running}}')) === 'true';
  }

  async pid(): Promise<number | undefined> {
    const pid = Number(await this.#inspect('{{.State.Pid}}'));
    return pid > 0 ? pid : undefined;
  }

  logTail(): Promise<string> {
    return runTool('docker', ['logs', '--tail', '20', this.name], { withStderr: true });
  }

  /** The engine forgets the log with the container. */
  async saveLog(): Promise<void> {
    const log = await runTool('docker', ['logs', this.name], { withStderr: true });
    appendFileSync(this.logFile, log);
  }

  async #inspect(format: string): Promise<string> {
    return (await runTool('docker', ['inspect', '--format', format, this.name])).trim();
  }
}

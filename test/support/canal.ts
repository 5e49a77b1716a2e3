/** Canal's own client and what canal-adapter makes of messages (integrations/canal), in a process of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWithMaven } from './maven.ts';

const PROJECT = join(import.meta.dirname, '../../integrations/canal');
const TARGET = join(PROJECT, 'target');

export async function buildCanalReader(): Promise<void> {
  await buildWithMaven(PROJECT, 'test-compile');
}

type Row = Readonly<Record<string, string | null>>;

/** A message as Canal's client has it. */
export interface CanalMessage {
  readonly type: string;
  readonly isDdl: boolean;
  readonly sql: string;
  readonly table: string;
  readonly pkNames: readonly string[] | null;
  readonly data: readonly Row[] | null;
  readonly old: readonly Row[] | null;
  /** The rows of `data` as canal-adapter has them before its writers take them. */
  readonly adapter: readonly Row[] | null;
}

/** A consumer of Canal, until `stop`. */
export class CanalReader {
  readonly messages: CanalMessage[] = [];
  stderr = '';
  hasEnded = false;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #rest = '';

  constructor(namesrv: string, topic: string, group: string) {
    const classes = readFileSync(join(TARGET, 'canal.classpath'), 'utf8').trim();
    const args = [
      ...['-Xmx500m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Duser.timezone=UTC'],
      ...['-cp', `${join(TARGET, 'test-classes')}:${classes}`, 'binlogrelay.canal.ReadAsCanal', namesrv, topic, group],
    ];
    this.#child = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: TARGET });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    this.#exited = new Promise((resolve) =>
      this.#child.once('close', () => {
        this.hasEnded = true;
        resolve();
      }),
    );
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.messages.push(JSON.parse(line) as CanalMessage);
  }
}

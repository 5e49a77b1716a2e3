/** The connector of integrations/flink, built by Maven, in a Flink of a process of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildWithMaven } from './maven.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '../../integrations/flink');
const TARGET = join(PROJECT, 'target');

/** FLINK=flink-1.20 tests with the older one. */
const PROFILE = process.env['FLINK'] === undefined ? [] : ['-P', process.env['FLINK']];

/** The jar, after its own tests have passed. */
export async function buildConnector(): Promise<void> {
  await buildWithMaven(PROJECT, 'package', PROFILE);
}

/** Bodies of one format for a table of Flink. */
export interface Encoded {
  readonly format: string;
  readonly names: readonly string[];
  /** As Flink SQL has them. */
  readonly types: readonly string[];
  readonly bodies: readonly string[];
}

/** A row as src/test/java/…/Decode.java prints it: its kind (`+I`, `-U`, `+U`, `-D`), then its values. */
export type DecodedRow = readonly [kind: string, ...values: (string | null)[]];

/** The rows of each body, one body after the other, as Flink's own decoders give them. */
export async function decodeWithFlink(
  folder: string,
  encoded: readonly Encoded[],
): Promise<readonly (readonly DecodedRow[])[]> {
  const [asked, given] = [join(folder, 'asked.jsonl'), join(folder, 'given.jsonl')];
  await writeFile(asked, encoded.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const flink = readFileSync(join(TARGET, 'flink.classpath'), 'utf8').trim();
  const args = ['-Xmx700m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp'];
  await run('java', [...args, [...jars(), flink].join(':'), 'binlogrelay.flink.Decode', asked, given], {
    maxBuffer: 64 << 20,
  });
  const lines = readFileSync(given, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as readonly DecodedRow[]);
}

/** What the connector and its tests are. */
function jars(): readonly string[] {
  const jar = readdirSync(TARGET).find((file) => /^binlog-relay-flink-.*\.jar$/.test(file)) ?? '';
  return [join(TARGET, jar), join(TARGET, 'test-classes')];
}

/** A script of Flink SQL; it ends when its jobs have. */
export class FlinkRun {
  readonly exited: Promise<number | null>;
  output = '';
  hasEnded = false;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) =>
      child.once('exit', (code) => {
        this.hasEnded = true;
        resolve(code);
      }),
    );
  }

  static async start(folder: string, name: string, sql: string): Promise<FlinkRun> {
    const script = join(folder, `${name}.sql`);
    await writeFile(script, sql);
    const flink = readFileSync(join(TARGET, 'flink.classpath'), 'utf8').trim();
    const args = [
      ...['-Xmx700m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Duser.timezone=UTC'],
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.log.binlogrelay=info',
      ...['java.lang', 'java.util'].map((room) => `--add-opens=java.base/${room}=ALL-UNNAMED`),
      ...['-cp', [...jars(), flink].join(':')],
      ...['binlogrelay.flink.RunSql', script],
    ];
    return new FlinkRun(spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder }));
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** Rows by their key, as a table of the connector `lines` has them (src/test/java/…/LinesTableFactory.java). */
export class LinesTable {
  readonly #file: string;
  readonly #keyColumns: number;
  readonly rows = new Map<string, readonly (string | null)[]>();
  changes = 0;
  #read = 0;

  /** The key is made of the first columns. */
  constructor(file: string, keyColumns: number) {
    this.#file = file;
    this.#keyColumns = keyColumns;
  }

  /** Takes what has been written since. */
  readOn(): void {
    let text: Buffer;
    try {
      text = readFileSync(this.#file).subarray(this.#read);
    } catch {
      return; // Not a row yet.
    }
    const end = text.lastIndexOf('\n') + 1;
    this.#read += end;
    for (const line of text.toString('utf8', 0, end).split('\n').slice(0, -1)) {
      const { kind, row } = JSON.parse(line) as { kind: string; row: readonly (string | null)[] };
      const key = JSON.stringify(row.slice(0, this.#keyColumns));
      if (kind === '-D') this.rows.delete(key);
      else this.rows.set(key, row);
      this.changes += 1;
    }
  }
}

/**
 * What MySQL's binlog says was committed: by mysqlbinlog, MySQL's own program, so that nothing of the relay's reading
 * stands in it.
 */
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mysqlbinlog } from '../../dev/servers/mysql-package.ts';

/** Changes of one table in one transaction, in order. */
export interface TransactionOfTable {
  readonly gno: bigint;
  readonly table: string;
  /** I, U or D. */
  readonly kinds: readonly string[];
}

const GTID = /^SET @@SESSION\.GTID_NEXT= '[^']*:(\d+)'/;
const ROW = /^### (INSERT INTO|UPDATE|DELETE FROM) `([^`]+)`\.`([^`]+)`$/;

export class BinlogTruth {
  readonly #data: string;
  readonly #kept: string;
  /** Read to the end: later ones exist. */
  readonly #done = new Set<string>();
  #newest = 0n;

  /** `folder`: of a MySQL server of ours. */
  constructor(folder: string) {
    this.#data = join(folder, 'data');
    this.#kept = join(folder, 'kept-binlogs');
    mkdirSync(this.#kept);
  }

  /** To be called before files are purged: they stay readable here. */
  keep(): void {
    const kept = new Set(readdirSync(this.#kept));
    for (const name of readdirSync(this.#data)) {
      if (/^binlog\.\d+$/.test(name) && !kept.has(name)) linkSync(join(this.#data, name), join(this.#kept, name));
    }
  }

  /** What was committed in `database` since it was asked last. The server writes nothing meanwhile. */
  async since(database: string): Promise<readonly TransactionOfTable[]> {
    this.keep();
    const files = readdirSync(this.#kept)
      .filter((name) => !this.#done.has(name))
      .sort();
    const found: TransactionOfTable[] = [];
    const before = this.#newest;
    for (const [i, file] of files.entries()) {
      await this.#read(join(this.#kept, file), database, before, found);
      if (i < files.length - 1) this.#done.add(file);
    }
    return found;
  }

  async #read(file: string, database: string, before: bigint, found: TransactionOfTable[]): Promise<void> {
    const { command, args } = await mysqlbinlog(() => undefined);
    const child = spawn(command, [...args, '--base64-output=DECODE-ROWS', '--verbose', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    let gno = 0n;
    let tables = new Map<string, string[]>();
    const take = (): void => {
      if (gno > before) for (const [table, kinds] of tables) found.push({ gno, table, kinds });
      tables = new Map();
    };
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('SET @@SESSION.GTID_NEXT=')) {
        const [, number] = GTID.exec(line) ?? [];
        if (number === undefined) continue;
        take();
        if (BigInt(number) <= gno) throw new Error(`${file}: transaction ${number} stands after ${gno}`);
        gno = BigInt(number);
        if (gno > this.#newest) this.#newest = gno;
        continue;
      }
      if (!line.startsWith('### ')) continue;
      const [, verb, schema, table] = ROW.exec(line) ?? [];
      if (verb === undefined || table === undefined || schema !== database) continue;
      const kinds = tables.get(table) ?? [];
      tables.set(table, kinds);
      kinds.push(verb.charAt(0));
    }
    take();
    if ((await ended) !== 0) throw new Error(`mysqlbinlog cannot read ${file}: ${complaint.slice(-500)}`);
  }
}

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
  /** Of the server that has committed it first. */
  readonly uuid: string;
  readonly gno: bigint;
  readonly table: string;
  /** I, U or D. */
  readonly kinds: readonly string[];
}

const GTID = /^SET @@SESSION\.GTID_NEXT= '([^']*):(\d+)'/;
const ROW = /^### (INSERT INTO|UPDATE|DELETE FROM) `([^`]+)`\.`([^`]+)`$/;

export class BinlogTruth {
  /** In the order in which they were primaries; the last one is it now. */
  readonly #servers: { readonly data: string; readonly kept: string }[] = [];
  /** Read to the end: later ones exist. */
  readonly #done = new Set<string>();
  /** By UUID: a replica's binlog has the transactions of its primary too, and each is taken once. */
  readonly #newest = new Map<string, bigint>();

  /** `folder`: of a MySQL server of ours. */
  constructor(folder: string) {
    this.goOnAt(folder);
  }

  /** A replica takes the place of the server so far, which is gone. */
  goOnAt(folder: string): void {
    const kept = join(folder, 'kept-binlogs');
    mkdirSync(kept);
    this.#servers.push({ data: join(folder, 'data'), kept });
  }

  /** To be called before files are purged: they stay readable here. */
  keep(): void {
    const server = this.#servers.at(-1);
    if (server === undefined) return;
    const kept = new Set(readdirSync(server.kept));
    for (const name of readdirSync(server.data)) {
      if (/^binlog\.\d+$/.test(name) && !kept.has(name)) linkSync(join(server.data, name), join(server.kept, name));
    }
  }

  /** What was committed in `database` since it was asked last. The server writes nothing meanwhile. */
  async since(database: string): Promise<readonly TransactionOfTable[]> {
    this.keep();
    const files = this.#servers.flatMap(({ kept }) =>
      readdirSync(kept)
        .sort()
        .map((name) => join(kept, name)),
    );
    const found: TransactionOfTable[] = [];
    const newest = files.at(-1);
    for (const file of files.filter((each) => !this.#done.has(each))) {
      await this.#read(file, database, found);
      if (file !== newest) this.#done.add(file);
    }
    return found;
  }

  async #read(file: string, database: string, found: TransactionOfTable[]): Promise<void> {
    const { command, args } = await mysqlbinlog(() => undefined);
    const child = spawn(command, [...args, '--base64-output=DECODE-ROWS', '--verbose', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const newest = this.#newest;
    const seen = new Map<string, bigint>();
    let [uuid, gno, isNew] = ['', 0n, false];
    let tables = new Map<string, string[]>();
    const take = (): void => {
      if (isNew) for (const [table, kinds] of tables) found.push({ uuid, gno, table, kinds });
      tables = new Map();
    };
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('SET @@SESSION.GTID_NEXT=')) {
        const [, server, number] = GTID.exec(line) ?? [];
        if (server === undefined || number === undefined) continue;
        take();
        [uuid, gno] = [server, BigInt(number)];
        const before = seen.get(uuid) ?? 0n;
        if (gno <= before) throw new Error(`${file}: transaction ${uuid}:${gno} stands after ${before}`);
        seen.set(uuid, gno);
        isNew = gno > (newest.get(uuid) ?? 0n);
        if (isNew) newest.set(uuid, gno);
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

/**
 * A MySQL whose binlog holds a workload. Written once a machine: the data folder is kept in the cache of dev/servers,
 * and each start copies it. Not with Docker: BINLOG_RELAY_SERVERS=packages.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { cached } from '../../dev/servers/cache.ts';
import type { MysqlServer, Progress } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { runTool } from '../../dev/servers/tool.ts';
import type { LoadCounts, LoadTransaction, Workload } from './workload.ts';

export const DATABASE = 'bench';
/** How durable MySQL's commits are is nothing to the relay. */
export const QUICK_COMMITS = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=0'];
/** Statements of many transactions in one packet: a round trip each would take most of the time. */
const PACKET_CHARACTERS = 256 << 10;
/** Enough of the load to tell another version of it. */
const RECIPE_TRANSACTIONS = 200;
const COUNTS_FILE = 'counts.json';

export interface LoadSize {
  /** 1: what the workload's title says. */
  readonly scale: number;
  readonly seed: number;
}

export interface WrittenLoad {
  readonly counts: LoadCounts;
  /** The data folder of a stopped server, whose binlog is the load. */
  readonly data: string;
}

/** `data`: what the server began with a copy of. */
export interface LoadedMysql extends WrittenLoad {
  readonly mysql: MysqlServer;
}

/** Starts a server with the load; `remove` it at the end. */
export async function startLoadedMysql(workload: Workload, size: LoadSize, progress: Progress): Promise<LoadedMysql> {
  const { data, counts } = await writtenLoad(workload, size, progress);
  const mysql = await startMysql({ own: true, flags: QUICK_COMMITS, data, progress });
  return { mysql, data, counts };
}

/** The load in the cache, written if it is not there yet. */
export async function writtenLoad(workload: Workload, size: LoadSize, progress: Progress): Promise<WrittenLoad> {
  const name = `bench-${workload.name}-${size.scale}-${size.seed}-${recipe(workload, size)}`;
  const kept = await cached(name, progress, async (folder) => {
    const mysql = await startMysql({ own: true, flags: QUICK_COMMITS, progress });
    try {
      progress(`writing ${workload.name}, scale ${size.scale}: ${workload.title}`);
      const counts = await writeLoad(mysql, workload, size);
      await mysql.stop();
      await runTool('cp', ['-r', '--reflink=auto', join(mysql.folder, 'data'), join(folder, 'data')]);
      await writeFile(join(folder, COUNTS_FILE), JSON.stringify(counts));
    } finally {
      await mysql.remove();
    }
  });
  const counts = JSON.parse(await readFile(join(kept, COUNTS_FILE), 'utf8')) as LoadCounts;
  return { data: join(kept, 'data'), counts };
}

async function writeLoad(mysql: MysqlServer, workload: Workload, { scale, seed }: LoadSize): Promise<LoadCounts> {
  const { host, port, user, password } = mysql;
  const connection = await createConnection({ host, port, user, password, multipleStatements: true });
  const counts = { transactions: 0, changes: 0 };
  try {
    await connection.query(`CREATE DATABASE ${DATABASE}; USE ${DATABASE}; ${workload.tables.join(';')}`);
    for (const packet of packets(workload.transactions(scale, seed), counts)) await connection.query(packet);
  } finally {
    await connection.end();
  }
  return counts;
}

/** One connection, so that the order of commits, and with it the binlog, is the same each time. */
function* packets(
  transactions: Iterable<LoadTransaction>,
  counts: { transactions: number; changes: number },
): Generator<string> {
  let packet = '';
  for (const { statements, changes } of transactions) {
    const text = statements.join(';');
    packet += statements.length === 1 ? `${text};` : `BEGIN;${text};COMMIT;`;
    counts.transactions += 1;
    counts.changes += changes;
    if (packet.length < PACKET_CHARACTERS) continue;
    yield packet;
    packet = '';
  }
  if (packet !== '') yield packet;
}

function recipe(workload: Workload, { scale, seed }: LoadSize): string {
  const hash = createHash('sha256').update(JSON.stringify([workload.title, workload.tables]));
  let left = RECIPE_TRANSACTIONS;
  for (const transaction of workload.transactions(scale, seed)) {
    if (left === 0) break;
    left -= 1;
    hash.update(JSON.stringify(transaction));
  }
  return hash.digest('hex').slice(0, 8);
}

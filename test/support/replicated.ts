/** A primary with replicas, by GTIDs, for tests of failover. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { MysqlAddress, MysqlServer } from '../../dev/servers/servers.ts';
import { connectMysql } from './servers.ts';
import { holdsGtids, newestGtids } from './gtids.ts';

const PATIENCE_MS = 60_000;

export const addressOf = ({ host, port }: MysqlAddress): string => `${host}:${port}`;

/** Runs statements as root, on a connection of its own. Gives the rows of the last one. */
export async function asRoot(server: MysqlAddress, ...statements: readonly string[]): Promise<RowDataPacket[]> {
  const connection = await connectMysql(server);
  try {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) [rows] = await connection.query<RowDataPacket[]>(statement);
    return rows;
  } finally {
    await connection.end();
  }
}

export async function uuidOf(server: MysqlAddress): Promise<string> {
  const [row] = await asRoot(server, 'SELECT @@server_uuid AS uuid');
  return String(row?.['uuid']);
}

/** Waits until `server` has all of `gtids` in its binlog: a GTID set, of MariaDB a GTID position. */
export async function untilExecuted(server: MysqlAddress, gtids: string): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  const connection = await connectMysql(server);
  try {
    while (!holdsGtids(await newestGtids(connection), gtids)) {
      if (performance.now() > deadlineMs) throw new Error(`${addressOf(server)} does not get ${gtids}`);
      await sleep(50);
    }
  } finally {
    await connection.end();
  }
}

/**
 * kill -9, or what `kill` does, in the middle of its work, when the others have everything that it has committed:
 * nothing is lost.
 */
export async function killReplicated(
  primary: MysqlServer,
  others: readonly MysqlAddress[],
  kill = (): Promise<void> => primary.kill9(),
): Promise<void> {
  const connection = await connectMysql(primary);
  connection.on('error', () => undefined);
  await connection.query('FLUSH TABLES WITH READ LOCK');
  const gtids = (await newestGtids(connection)).replaceAll('\n', '');
  for (const other of others) await untilExecuted(other, gtids);
  await kill();
  connection.destroy();
}

/** `promoted` replicates nobody any more, and `others` replicate it. */
export async function promote(promoted: MysqlAddress, others: readonly MysqlAddress[]): Promise<void> {
  await asRoot(promoted, 'STOP REPLICA', 'RESET REPLICA ALL');
  for (const other of others) {
    await asRoot(
      other,
      'STOP REPLICA',
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${promoted.host}', SOURCE_PORT = ${promoted.port}`,
      'START REPLICA',
    );
  }
}

/** The same of MariaDB. */
export async function promoteMariadb(promoted: MysqlAddress, others: readonly MysqlAddress[]): Promise<void> {
  await asRoot(promoted, 'STOP SLAVE', 'RESET SLAVE ALL');
  for (const other of others) {
    await asRoot(
      other,
      'STOP SLAVE',
      `CHANGE MASTER TO MASTER_HOST = '${promoted.host}', MASTER_PORT = ${promoted.port}`,
      'START SLAVE',
    );
  }
}

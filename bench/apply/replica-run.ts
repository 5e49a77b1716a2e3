import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlAddress, MysqlServer } from '../../dev/servers/servers.ts';
import { DATABASE } from '../load/loaded-mysql.ts';
import { cpuSeconds } from '../measure/processes.ts';

/** What MySQL's own replica took for the same load. */
export interface ReplicaFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const TIMEOUT_SECONDS = 3600;

/** Lets a server that has nothing yet catch up with all that the source has written; `workers` apply it. */
export async function runReplica(source: MysqlAddress, replica: MysqlServer, workers: number): Promise<ReplicaFigures> {
  const [onSource, onReplica] = [await connect(source), await connect(replica)];
  try {
    const executed = (await textOf(onSource, '@@GLOBAL.gtid_executed')).replaceAll('\n', '');
    await onReplica.query(
      `RESET BINARY LOGS AND GTIDS; SET GLOBAL replica_parallel_workers = ${workers}; ` +
        `CHANGE REPLICATION FILTER REPLICATE_DO_DB = (${DATABASE}); ` +
        `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${source.host}', SOURCE_PORT = ${source.port}, ` +
        `SOURCE_USER = '${source.relayUser}', SOURCE_PASSWORD = '${source.relayPassword}', SOURCE_AUTO_POSITION = 1, ` +
        'GET_SOURCE_PUBLIC_KEY = 1',
    );
    const before = await cpuSeconds(await replica.pids());
    const startMs = performance.now();
    await onReplica.query('START REPLICA');
    const late = await textOf(onReplica, `WAIT_FOR_EXECUTED_GTID_SET('${executed}', ${TIMEOUT_SECONDS})`);
    const seconds = (performance.now() - startMs) / 1000;
    if (late !== '0') throw new Error(`the replica did not catch up within ${TIMEOUT_SECONDS} s`);
    return { seconds, cpuSeconds: (await cpuSeconds(await replica.pids())) - before };
  } finally {
    await Promise.all([onSource.end(), onReplica.end()]);
  }
}

/** Throws when a table does not hold the same rows in both. */
export async function requireEqual(source: MysqlAddress, target: MysqlAddress): Promise<void> {
  const [onSource, onTarget] = [await connect(source), await connect(target)];
  try {
    const [tables] = await onSource.query<RowDataPacket[]>(
      `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${DATABASE}'`,
    );
    const names = tables.map(({ name }) => `${DATABASE}.${String(name)}`);
    const sums = async (connection: Connection): Promise<string> => {
      const [rows] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${names.join()}`);
      return JSON.stringify(rows);
    };
    const [theirs, ours] = [await sums(onSource), await sums(onTarget)];
    if (theirs !== ours) throw new Error(`the copy is not equal to the source: ${theirs}, ${ours}`);
  } finally {
    await Promise.all([onSource.end(), onTarget.end()]);
  }
}

function connect({ host, port, user, password }: MysqlAddress): Promise<Connection> {
  return createConnection({ host, port, user, password, multipleStatements: true });
}

async function textOf(connection: Connection, expression: string): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>(`SELECT ${expression} AS text`);
  return String(row?.['text']);
}

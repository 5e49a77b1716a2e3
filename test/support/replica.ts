import type { MysqlAddress, MysqlServer, MysqlVersion } from '../../dev/servers/servers.ts';
import { startMysql } from '../../dev/servers/start.ts';
import { newestGtids } from './gtids.ts';
import { connectMysql } from './servers.ts';

/** A server that replicates `source` from now on: what has been written there so far does not interest it. */
export async function startReplica(source: MysqlAddress, flags: readonly string[] = []): Promise<MysqlServer> {
  const replica = await startMysql({ own: true, flags, progress: () => undefined });
  const [onSource, onReplica] = [await connectMysql(source), await connectMysql(replica)];
  const executed = (await newestGtids(onSource)).replaceAll('\n', '');
  await onReplica.query(`RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '${executed}'`);
  await onReplica.query(
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${source.host}', SOURCE_PORT = ${source.port}, SOURCE_USER = '${source.relayUser}',
      SOURCE_PASSWORD = '${source.relayPassword}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA`,
  );
  await Promise.all([onSource.end(), onReplica.end()]);
  return replica;
}

/** The same of MariaDB. */
export async function startMariadbReplica(
  source: MysqlAddress,
  version: MysqlVersion,
  flags: readonly string[] = [],
): Promise<MysqlServer> {
  const replica = await startMysql({ version, own: true, flags, progress: () => undefined });
  const [onSource, onReplica] = [await connectMysql(source), await connectMysql(replica)];
  const position = await newestGtids(onSource);
  await onReplica.query(`RESET MASTER; SET GLOBAL gtid_slave_pos = '${position}'`);
  await onReplica.query(
    `CHANGE MASTER TO MASTER_HOST = '${source.host}', MASTER_PORT = ${source.port}, MASTER_USER = '${source.relayUser}',
      MASTER_PASSWORD = '${source.relayPassword}', MASTER_USE_GTID = slave_pos; START SLAVE`,
  );
  await Promise.all([onSource.end(), onReplica.end()]);
  return replica;
}

import type { Connection } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { connectMysql } from './servers.ts';

/** A session that writes while a copy runs: any value is taken, and what waits for a lock gives up soon. */
export async function connectClient(mysql: MysqlAddress): Promise<Connection> {
  const client = await connectMysql(mysql);
  await client.query("SET SESSION sql_mode = '', time_zone = '+00:00', innodb_lock_wait_timeout = 2");
  return client;
}

export const connectClients = (mysql: MysqlAddress, count: number): Promise<Connection[]> =>
  Promise.all(Array.from({ length: count }, () => connectClient(mysql)));

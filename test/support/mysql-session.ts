import { createConnection, type Connection, type ConnectionOptions } from 'mysql2/promise';
import type { MysqlAddress } from '../../dev/servers/servers.ts';

/**
 * A connection as the address's user. BIGINT comes as a string where a number cannot hold it; times stay MySQL's own
 * text. The caller ends it.
 */
export function openMysql(
  { host, port, user, password }: MysqlAddress,
  options: ConnectionOptions = {},
): Promise<Connection> {
  return createConnection({
    host,
    port,
    user,
    password,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    dateStrings: true,
    multipleStatements: true,
    ...options,
  });
}

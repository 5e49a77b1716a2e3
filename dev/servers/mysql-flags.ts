/**
 * What every server of ours is started with, whatever its origin; the binlog as the relay's documentation asks for it.
 */
import type { MariadbVersion, MysqlVersion } from './servers.ts';

/** MySQL's. */
export const MYSQL_FLAGS = [
  '--log-bin=binlog',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-row-metadata=FULL',
] as const;

/** Its GTIDs need no flag. */
const MARIADB_FLAGS = [
  '--log-bin=binlog',
  '--binlog-format=ROW',
  '--binlog-row-metadata=FULL',
  '--log-slave-updates=1',
  '--sync-binlog=1',
] as const;

export const RELAY_USER = 'relay';
export const RELAY_PASSWORD = 'relay-secret';

export function isMariadb(version: MysqlVersion): version is MariadbVersion {
  return version === 'mariadb-10.11' || version === 'mariadb-11.8';
}

export function flagsOf(version: MysqlVersion, mysqlx: boolean): readonly string[] {
  return isMariadb(version) ? MARIADB_FLAGS : [...MYSQL_FLAGS, `--mysqlx=${mysqlx ? 1 : 0}`];
}

/**
 * Reading the binlog, its newest position, and the structure of tables (information_schema shows only what one may
 * SELECT, in MariaDB what one may refer to).
 */
export function relayUserSql(version: MysqlVersion): readonly string[] {
  const account = `'${RELAY_USER}'@'%'`;
  if (isMariadb(version)) {
    return [
      `CREATE USER ${account} IDENTIFIED BY '${RELAY_PASSWORD}'`,
      `GRANT REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR, REFERENCES ON *.* TO ${account}`,
    ];
  }
  return [
    `CREATE USER ${account} IDENTIFIED WITH caching_sha2_password BY '${RELAY_PASSWORD}'`,
    `GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO ${account}`,
  ];
}

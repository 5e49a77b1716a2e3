/** What every MySQL of ours is started with, whatever its origin; the binlog as the relay's documentation asks for it. */
export const MYSQL_FLAGS = [
  '--log-bin=binlog',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-row-metadata=FULL',
] as const;

export const RELAY_USER = 'relay';
export const RELAY_PASSWORD = 'relay-secret';

/** Reading the binlog, `SHOW BINARY LOG STATUS` and the structure of tables (information_schema shows only what one may SELECT). */
export const RELAY_USER_SQL = [
  `CREATE USER '${RELAY_USER}'@'%' IDENTIFIED WITH caching_sha2_password BY '${RELAY_PASSWORD}'`,
  `GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO '${RELAY_USER}'@'%'`,
] as const;

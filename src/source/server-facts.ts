import type { Flavour } from '../binlog/gtids/gtids.ts';
import { mariadbIdentity } from './mariadb-server.ts';
import type { ServerVersion } from './server-version.ts';

/**
 * What preflight and the start position go by. Texts are the server's own; undefined for what this version does not
 * have.
 */
export interface ServerFacts {
  readonly version: ServerVersion;
  readonly serverUuid: string;
  readonly serverId: number;
  readonly hasBinlog: boolean;
  /** True when gtid_mode is ON, and for MariaDB: only then a dump can be asked for by GTIDs. */
  readonly hasGtids: boolean;
  readonly gtidMode: string;
  /**
   * A GTID set. Of MariaDB all GTIDs that are the last ones of their domain and server, in the binlog or by
   * replication.
   */
  readonly gtidExecuted: string;
  /** A GTID set. Of MariaDB the GTID position that the oldest binlog begins at. */
  readonly gtidPurged: string;
  readonly binlogFormat: string | undefined;
  readonly binlogRowImage: string | undefined;
  readonly binlogRowMetadata: string | undefined;
  /** Seconds that binlog files are kept; undefined when the server never removes them by itself. */
  readonly retentionSeconds: number | undefined;
  readonly syncBinlog: string | undefined;
  readonly innodbFlushLogAtTrxCommit: string | undefined;
  /** It gets transactions from another server, or is a member of a group. */
  readonly isReplica: boolean;
  readonly logsReplicaUpdates: boolean;
  /**
   * True when InnoDB itself carries out ON DELETE and ON UPDATE, unseen by the binlog: before MySQL 9.6, and after it
   * if asked to.
   */
  readonly hidesCascades: boolean;
}

/** Global variables, lower-case name to value. */
export type Variables = ReadonlyMap<string, string>;

/** What `retention` goes by. */
export const RETENTION_VARIABLES: readonly string[] = [
  'binlog_expire_logs_auto_purge',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
];

/** What SHOW VARIABLES tells whole: it cuts a value at 1,024 bytes, and says nothing of it. */
export const FACT_VARIABLES: readonly string[] = [
  ...RETENTION_VARIABLES,
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'group_replication_group_name',
  'gtid_mode',
  'innodb_flush_log_at_trx_commit',
  'innodb_native_foreign_keys',
  'log_bin',
  'log_replica_updates',
  'log_slave_updates',
  'server_id',
  'server_uuid',
  'sync_binlog',
];

/** What grows with every server that ever wrote: asked for by SELECT, which cuts nothing. */
export const GTID_VARIABLES: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ['gtid_executed', 'gtid_purged'],
  mariadb: ['gtid_binlog_state', 'gtid_slave_pos'],
};

const SECONDS_PER_DAY = 86_400;

export function serverFacts(version: ServerVersion, variables: Variables, isReplica: boolean): ServerFacts {
  const value = (name: string): string | undefined => variables.get(name);
  const gtidMode = value('gtid_mode') ?? 'OFF';
  return {
    version,
    serverUuid: value('server_uuid') ?? '',
    serverId: Number(value('server_id') ?? 0),
    hasBinlog: value('log_bin') === 'ON',
    hasGtids: gtidMode === 'ON',
    gtidMode,
    gtidExecuted: value('gtid_executed') ?? '',
    gtidPurged: value('gtid_purged') ?? '',
    binlogFormat: value('binlog_format'),
    binlogRowImage: value('binlog_row_image'),
    binlogRowMetadata: value('binlog_row_metadata'),
    retentionSeconds: retention(variables),
    syncBinlog: value('sync_binlog'),
    innodbFlushLogAtTrxCommit: value('innodb_flush_log_at_trx_commit'),
    isReplica: isReplica || (value('group_replication_group_name') ?? '') !== '',
    logsReplicaUpdates: (value('log_replica_updates') ?? value('log_slave_updates')) === 'ON',
    hidesCascades: (value('innodb_native_foreign_keys') ?? 'ON') === 'ON',
  };
}

/** The same of MariaDB; `purged` is what it is asked for beside its variables. */
export function mariadbFacts(facts: ServerFacts, variables: Variables, purged: string): ServerFacts {
  const known = ['gtid_binlog_state', 'gtid_slave_pos'].map((name) => variables.get(name) ?? '');
  return {
    ...facts,
    serverUuid: mariadbIdentity(String(facts.serverId)),
    hasGtids: true,
    gtidExecuted: known.filter((list) => list !== '').join(','),
    gtidPurged: purged,
  };
}

/** Seconds; undefined: never. binlog_expire_logs_seconds wins over expire_logs_days; 0 means never. */
export function retention(variables: Variables): number | undefined {
  if (variables.get('binlog_expire_logs_auto_purge') === 'OFF') return undefined;
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0);
  if (seconds > 0) return seconds;
  const days = Number(variables.get('expire_logs_days') ?? 0);
  return days > 0 ? days * SECONDS_PER_DAY : undefined;
}

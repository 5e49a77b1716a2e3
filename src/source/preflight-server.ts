/** Findings about the server's variables. Pure. */
import type { Finding, FindingCode } from './finding.ts';
import { keepsBinlogs } from './binlog-retention.ts';
import type { ServerFacts } from './server-facts.ts';
import { isAtLeast, setStatement, type ServerVersion } from './server-version.ts';

/** Of variables that a session has as well. */
const OLD_SESSIONS = ' Sessions that are open keep the old value until they reconnect.';
const SECONDS_PER_DAY = 86_400;
const WEEK_SECONDS = 604_800;

export function versionFindings(version: ServerVersion): readonly Finding[] {
  if (isAtLeast(version, version.flavour === 'mysql' ? [8, 0, 1] : [10, 5, 9])) return [];
  const what = version.flavour === 'mysql' ? 'MySQL before 8.0.1' : 'MariaDB before 10.5.9';
  return [
    error(
      'SERVER_NOT_SUPPORTED',
      `The server is ${version.text}: this version does not read the binlog of ${what}.`,
      'Use MySQL 8.0 or later, or MariaDB 10.5.9 or later, as the source; a replica of this server will do that runs MySQL 8.0 with binlog_row_metadata = FULL and log_replica_updates (log_slave_updates before 8.0.26) ON.',
    ),
  ];
}

/**
 * `engine`: what MariaDB's binlog_storage_engine says; undefined of a server that has no such variable, empty where the
 * binlog is in files.
 */
export function binlogEngineFindings(engine: string | undefined): readonly Finding[] {
  if (engine === undefined || engine === '') return [];
  return [
    error(
      'SERVER_NOT_SUPPORTED',
      `The server keeps its binlog in ${engine} (binlog_storage_engine): it tells readers no file and position, and this version needs both.`,
      "Take binlog_storage_engine out of the server's configuration file and restart it, which begins a new binlog; or use a replica of it, without that setting and with log_slave_updates ON, as the source.",
    ),
  ];
}

/** `partialRows: allow`: rows of which only some columns are logged are published so. */
export function serverFindings(facts: ServerFacts, partialRows: 'fail' | 'allow' = 'fail'): readonly Finding[] {
  // Without a binlog nothing else about it matters.
  if (!facts.hasBinlog) {
    return [error('BINLOG_OFF', 'The server writes no binlog (log_bin is OFF).', 'Start mysqld with --log-bin.')];
  }
  return [
    ...formatFindings(facts),
    ...rowImageFindings(facts, partialRows),
    ...completenessFindings(facts),
    ...durabilityFindings(facts),
  ];
}

/** Of several servers a relay goes from one to another, where the same file and offset are another place. */
export function gtidFindings({ hasBinlog, hasGtids, gtidMode }: ServerFacts): readonly Finding[] {
  if (!hasBinlog || hasGtids) return [];
  return [
    error(
      'GTID_OFF',
      `gtid_mode is ${gtidMode}, and source.hosts names several servers: without GTIDs a position of one means nothing on another.`,
      'On all of them: SET PERSIST enforce_gtid_consistency = ON, then SET PERSIST gtid_mode step by step, OFF_PERMISSIVE, ON_PERMISSIVE, ON. Or name one server.',
    ),
  ];
}

function formatFindings(facts: ServerFacts): readonly Finding[] {
  const findings: Finding[] = [];
  const demand = (
    code: FindingCode,
    variable: string,
    value: string | undefined,
    wanted: string,
    why: string,
    after = '',
  ): void => {
    if (value?.toUpperCase() === wanted) return;
    findings.push(
      error(
        code,
        `${variable} is ${value ?? 'unknown'}, not ${wanted}: ${why}.`,
        `${setStatement(facts.version, variable, wanted)}${after}`,
      ),
    );
  };
  demand(
    'BINLOG_FORMAT',
    'binlog_format',
    facts.binlogFormat,
    'ROW',
    'changes are logged as statements, without rows',
    OLD_SESSIONS,
  );
  demand(
    'BINLOG_ROW_METADATA',
    'binlog_row_metadata',
    facts.binlogRowMetadata,
    'FULL',
    'rows are logged without column names',
  );
  return findings;
}

function rowImageFindings({ version, binlogRowImage }: ServerFacts, partialRows: 'fail' | 'allow'): readonly Finding[] {
  if (binlogRowImage?.toUpperCase() === 'FULL') return [];
  const what = `binlog_row_image is ${binlogRowImage ?? 'unknown'}, not FULL: rows are logged with some columns only`;
  const remedy = `${setStatement(version, 'binlog_row_image', 'FULL')}${OLD_SESSIONS}`;
  return [
    partialRows === 'allow'
      ? warning('BINLOG_ROW_IMAGE', `${what}, and published so, as publish.partialRows allows.`, remedy)
      : error('BINLOG_ROW_IMAGE', `${what}.`, remedy),
  ];
}

function completenessFindings(facts: ServerFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (facts.isReplica && !facts.logsReplicaUpdates) {
    findings.push(
      error(
        'REPLICA_WITHOUT_UPDATES',
        `The server is a replica that does not log what it replicates (${logsUpdates(facts.version)} is OFF): its binlog lacks the changes made on its source.`,
        `Start the server with ${logsUpdates(facts.version)} = ON, or read from the source itself.`,
      ),
    );
  }
  if (!facts.hasGtids) {
    findings.push(
      warning(
        'GTID_OFF',
        `gtid_mode is ${facts.gtidMode}: the relay cannot go on at another server after a failover, and a restored server may go unnoticed.`,
        'Turn GTIDs on: SET PERSIST enforce_gtid_consistency = ON; then SET PERSIST gtid_mode step by step up to ON, with the relay `idle` before the last step; then restart the relay.',
      ),
    );
  }
  return findings;
}

const logsUpdates = (version: ServerVersion): string =>
  version.flavour === 'mysql' && isAtLeast(version, [8, 0, 26]) ? 'log_replica_updates' : 'log_slave_updates';

function durabilityFindings(facts: ServerFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (facts.syncBinlog !== '1') {
    findings.push(
      warning(
        'SYNC_BINLOG',
        `sync_binlog is ${facts.syncBinlog ?? 'unknown'}: after a power cut the server may have lost transactions that are published already.`,
        setStatement(facts.version, 'sync_binlog', 1),
      ),
    );
  }
  if (facts.innodbFlushLogAtTrxCommit !== '1') {
    findings.push(
      warning(
        'INNODB_FLUSH',
        `innodb_flush_log_at_trx_commit is ${facts.innodbFlushLogAtTrxCommit ?? 'unknown'}: after a power cut the server may have lost transactions that are published already.`,
        setStatement(facts.version, 'innodb_flush_log_at_trx_commit', 1),
      ),
    );
  }
  if (facts.retentionSeconds !== undefined && facts.retentionSeconds < SECONDS_PER_DAY) {
    findings.push(
      warning(
        'BINLOG_RETENTION',
        `The server keeps binlogs for ${facts.retentionSeconds} s only: a relay that is down for longer cannot go on.`,
        keepsBinlogs(facts.version, WEEK_SECONDS),
      ),
    );
  }
  return findings;
}

function error(code: FindingCode, message: string, remedy: string): Finding {
  return { level: 'error', code, message, remedy };
}

function warning(code: FindingCode, message: string, remedy: string): Finding {
  return { level: 'warning', code, message, remedy };
}

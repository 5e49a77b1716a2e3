import { RelayError } from '../../base/errors.ts';
import type { TargetServer } from './target.ts';

/**
 * What the statements depend on, and a server may have set otherwise for all. Not strict: an ENUM of index 0 cannot
 * be written in strict mode; what a server changes of a value it tells by a warning, and every warning is looked at.
 * READ COMMITTED takes no locks on gaps, at which lanes would meet; READ WRITE, should `transaction_read_only` be set
 * for all. Of the comments with a version each server reads its own.
 */
export const SESSION_SETTINGS =
  "SET SESSION time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks = 0, " +
  'autocommit = 1, sql_notes = 1, sql_safe_updates = 0, innodb_lock_wait_timeout = 30, ' +
  'lock_wait_timeout = 60, wait_timeout = 28800, sql_select_limit = 18446744073709551615, sql_big_selects = 1 ' +
  '/*!50708 , max_execution_time = 0, range_optimizer_max_mem_size = 0 */ /*M! , max_statement_time = 0 */; ' +
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE';

/**
 * All warnings of a statement are to be told. Some versions let only some accounts set it; then the server's own value
 * counts, and a statement with more warnings is refused.
 */
export const ALL_WARNINGS = 'SET SESSION max_error_count = 65535';

/** Together they tell servers apart; MariaDB has no server_uuid. */
const OF_INSTANCE = ['hostname', 'port', 'server_id', 'server_uuid'];

/** What is looked at before the first statement. */
export const SESSION_VARIABLES = `SHOW VARIABLES WHERE Variable_name IN (${[
  'version',
  'max_allowed_packet',
  'binlog_format',
  'log_bin',
  ...OF_INSTANCE,
]
  .map((name) => `'${name}'`)
  .join()})`;

const OLDEST = { mysql: [8, 0, 16], mariadb: [10, 5, 0] } as const;

/** What the server is, for the session with this CONNECTION_ID(). Throws TARGET_UNSUITABLE. */
export function requireSuitable(
  variables: ReadonlyMap<string, string>,
  connectionId: string,
  place: string,
): TargetServer {
  const version = variables.get('version') ?? '';
  const flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const refuse = (what: string, remedy?: string): RelayError =>
    new RelayError('TARGET_UNSUITABLE', `the target (${place}) ${what}`, remedy === undefined ? {} : { remedy });
  if (isOlder(version, OLDEST[flavour])) throw refuse(`is of version ${version}`);
  if (variables.get('log_bin') === 'ON' && variables.get('binlog_format') === 'STATEMENT') {
    throw refuse('has binlog_format STATEMENT', 'SET GLOBAL binlog_format = ROW; and the same in its configuration.');
  }
  return {
    flavour,
    version,
    maxPacketBytes: Number(variables.get('max_allowed_packet') ?? 0),
    instance: OF_INSTANCE.map((name) => variables.get(name) ?? '').join(' '),
    connectionId,
  };
}

function isOlder(version: string, oldest: readonly number[]): boolean {
  const numbers = (/\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
  const place = oldest.findIndex((number, i) => number !== (numbers[i] ?? 0));
  return place !== -1 && (numbers[place] ?? 0) < (oldest[place] ?? 0);
}

/**
 * What mysql2, zongji and the server report, as RelayErrors. Whether it is tried again is decided by the code alone, in
 * base/error-codes.ts.
 */
import { remedyIn, type Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import { factsOf, LINE_ERRORS } from '../mysql/thrown.ts';
import { dumpError } from './dump-errors.ts';

/** ER_SOURCE_FATAL_ERROR_READING_BINLOG: everything that ends a dump has this number; ER_SLAVE_SAME_ID of MariaDB. */
const DUMP_REFUSED = new Set([1236, 4052]);

/** By the server's error number: share/messages_to_clients.txt of MySQL. */
const BY_NUMBER: ReadonlyMap<number, Code> = new Map([
  ...numbers('SOURCE_ACCESS_DENIED', [
    1045, // ER_ACCESS_DENIED_ERROR
    1130, // ER_HOST_NOT_PRIVILEGED
    1251, // ER_NOT_SUPPORTED_AUTH_MODE
    1524, // ER_PLUGIN_IS_NOT_LOADED: the account's authentication plugin
    1698, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1820, // ER_MUST_CHANGE_PASSWORD
    1862, // ER_MUST_CHANGE_PASSWORD_LOGIN
    3118, // ER_ACCOUNT_HAS_BEEN_LOCKED
    3955, // ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
  ]),
  ...numbers('SOURCE_GRANT_MISSING', [
    1044, // ER_DBACCESS_DENIED_ERROR
    1142, // ER_TABLEACCESS_DENIED_ERROR
    1143, // ER_COLUMNACCESS_DENIED_ERROR
    1227, // ER_SPECIFIC_ACCESS_DENIED_ERROR
    1370, // ER_PROCACCESS_DENIED_ERROR
  ]),
  ...numbers('SOURCE_TLS', [
    3159, // ER_SECURE_TRANSPORT_REQUIRED
  ]),
  ...numbers('SOURCE_UNREACHABLE', [
    1040, // ER_CON_COUNT_ERROR
    1042, // ER_BAD_HOST_ERROR
    1043, // ER_HANDSHAKE_ERROR
    1053, // ER_SERVER_SHUTDOWN
    1077, // ER_NORMAL_SHUTDOWN
    1079, // ER_SHUTDOWN_COMPLETE
    1080, // ER_FORCING_CLOSE
    1129, // ER_HOST_IS_BLOCKED
    1152, // ER_ABORTING_CONNECTION
    1158, // ER_NET_READ_ERROR
    1159, // ER_NET_READ_INTERRUPTED
    1160, // ER_NET_ERROR_ON_WRITE
    1161, // ER_NET_WRITE_INTERRUPTED
    1184, // ER_NEW_ABORTING_CONNECTION
    1203, // ER_TOO_MANY_USER_CONNECTIONS
    1226, // ER_USER_LIMIT_REACHED
    1317, // ER_QUERY_INTERRUPTED
    1927, // ER_CONNECTION_KILLED of MariaDB
    3032, // ER_SERVER_OFFLINE_MODE
    3169, // ER_SESSION_WAS_KILLED
    4031, // ER_CLIENT_INTERACTION_TIMEOUT
  ]),
]);

/** By the code that mysql2 and Node.js give to what did not come from the server. */
const BY_NAME: ReadonlyMap<string, Code> = new Map([
  ...names('SOURCE_HOST_UNKNOWN', ['ENOTFOUND']),
  ...names('SOURCE_TLS', ['HANDSHAKE_SSL_ERROR', 'HANDSHAKE_NO_SSL_SUPPORT']),
  ...names('SOURCE_ACCESS_DENIED', ['AUTH_SWITCH_PLUGIN_ERROR']),
  ...names('SOURCE_UNREACHABLE', LINE_ERRORS),
]);

const OTHER_PLUGIN =
  'ALTER USER … IDENTIFIED WITH caching_sha2_password BY …; of MariaDB ALTER USER … IDENTIFIED VIA mysql_native_password USING PASSWORD(…).';

const REMEDIES: ReadonlyMap<number | string, string> = new Map<number | string, string>([
  [
    1040,
    'The server has no connection left. Close some, or SET PERSIST max_connections higher; the relay tries again.',
  ],
  [
    1129,
    'The server blocks this host after too many failed connections: TRUNCATE TABLE performance_schema.host_cache.',
  ],
  [1251, OTHER_PLUGIN],
  [1524, OTHER_PLUGIN],
  [1820, 'ALTER USER … IDENTIFIED BY a new password, PASSWORD EXPIRE NEVER.'],
  [1862, 'ALTER USER … IDENTIFIED BY a new password, PASSWORD EXPIRE NEVER.'],
  [3118, 'ALTER USER … ACCOUNT UNLOCK.'],
  [3159, 'The server takes encrypted connections only: set {section}.tls.mode to required, or better verify-identity.'],
  [
    'HANDSHAKE_NO_SSL_SUPPORT',
    'The server has no TLS: give it a certificate; or accept plain text with {section}.tls.mode disabled.',
  ],
]);

/** Where a connection leads, and for whom. */
export interface ConnectionPlace {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** Of the configuration; `source` unless given. */
  readonly section?: string;
}

/**
 * What was thrown, as a RelayError: itself, or one with the server's number and text. Anything unknown is SOURCE_ERROR.
 * `place` is named when it refuses us, and whenever it is not that of `source`.
 */
export function sourceError(thrown: unknown, place: ConnectionPlace = {}): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const { errno, code, message, isFatal } = factsOf(thrown);
  if (errno !== undefined && DUMP_REFUSED.has(errno)) return dumpError(message, errno, thrown);
  const found = (errno === undefined ? undefined : BY_NUMBER.get(errno)) ?? BY_NAME.get(code ?? '');
  // mysql2 marks as fatal, without a code, what is asked of a connection that has just ended.
  const isEnded = isFatal && errno === undefined && code === undefined;
  const { section = 'source' } = place;
  const remedy = REMEDIES.get(errno ?? '') ?? REMEDIES.get(code ?? '');
  const number = errno !== undefined && errno > 0 ? ` (${errno})` : '';
  return new RelayError(
    found ?? (isEnded ? 'SOURCE_UNREACHABLE' : 'SOURCE_ERROR'),
    `MySQL${placeText(place, found === 'SOURCE_ACCESS_DENIED')}: ${message}${number}`,
    {
      cause: thrown,
      section,
      ...(remedy !== undefined && { remedy: remedyIn(section, remedy) }),
    },
  );
}

/** The server's error number; undefined when the error is not the server's. */
export function serverErrorNumber(thrown: unknown): number | undefined {
  const { errno } = factsOf(thrown instanceof RelayError ? thrown.cause : thrown);
  return errno !== undefined && errno > 0 ? errno : undefined;
}

/** True when the server refused a statement for want of a privilege. */
export function isGrantMissing(thrown: unknown): thrown is RelayError {
  return thrown instanceof RelayError && thrown.code === 'SOURCE_GRANT_MISSING';
}

function placeText({ host, port = 3306, user = '', section = 'source' }: ConnectionPlace, isRefused: boolean): string {
  if (host === undefined) return '';
  const account = isRefused ? `, as ${user}` : '';
  if (section !== 'source') return ` at ${host}:${port} (${section})${account}`;
  return isRefused ? ` at ${host}:${port}${account}` : '';
}

function numbers(code: Code, list: readonly number[]): readonly (readonly [number, Code])[] {
  return list.map((number) => [number, code]);
}

function names(code: Code, list: readonly string[]): readonly (readonly [string, Code])[] {
  return list.map((name) => [name, code]);
}

import { RelayError } from '../base/errors.ts';
import { factsOf } from '../mysql/thrown.ts';
import { tableDefinition } from './mysql-table.ts';

/** The row of one relay in a table. */
export interface MysqlPlace {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly table: string;
  /** Of the row. */
  readonly name: string;
}

/** mysql host:port database.table/name */
export function locationOf({ host, port, database, table, name }: MysqlPlace): string {
  return `mysql ${host}:${port} ${database}.${table}/${name}`;
}

/** Error numbers of the server: share/messages_to_clients.txt of MySQL, sql/share/errmsg-utf8.txt of MariaDB. */
export const DUPLICATE_KEY = 1062;
export const NO_SUCH_TABLE = 1146;
const UNKNOWN_DATABASE = 1049;
/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED */
const PRIVILEGE_MISSING = new Set([1044, 1142, 1143, 1227]);
/** Login, host, plugin and password of the account; AUTH_SWITCH_PLUGIN_ERROR is mysql2's. */
const LOGIN_REFUSED = new Set<number | string>([
  ...[1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 3955],
  'AUTH_SWITCH_PLUGIN_ERROR',
]);
/** ER_SECURE_TRANSPORT_REQUIRED */
const TLS_REQUIRED = 3159;
/**
 * Another table has the name: ER_BAD_FIELD_ERROR, ER_NO_DEFAULT_FOR_FIELD, ER_DATA_TOO_LONG, ER_WRONG_OBJECT,
 * ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_VIEW_INVALID.
 */
const OTHER_TABLE = new Set([1054, 1364, 1406, 1347, 1366, 1356]);

/** The number of an error that the server answered with; undefined for any other error. */
export function serverErrno(thrown: unknown): number | undefined {
  const { errno } = factsOf(thrown);
  return errno !== undefined && errno > 0 ? errno : undefined;
}

/**
 * What mysql2 or the server refused: CHECKPOINT_REFUSED for what an operator has to change, CHECKPOINT_UNREACHABLE,
 * which is tried again, for all else.
 */
export function mysqlError(thrown: unknown, place: MysqlPlace): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const { code, message } = factsOf(thrown);
  const errno = serverErrno(thrown);
  const remedy = remedyOf(errno ?? code, place);
  return new RelayError(
    remedy === undefined ? 'CHECKPOINT_UNREACHABLE' : 'CHECKPOINT_REFUSED',
    `${locationOf(place)}: ${message}${errno === undefined ? '' : ` (${errno})`}`,
    { section: 'checkpoint', cause: thrown, ...(remedy !== undefined && { remedy }) },
  );
}

/** The table is missing, and the account may not make it. */
export function cannotCreate(thrown: unknown, place: MysqlPlace): RelayError {
  const { user, database, table } = place;
  return new RelayError(
    'CHECKPOINT_REFUSED',
    `${locationOf(place)}: there is no table ${database}.${table}, and ${user} may not make it (${serverErrno(thrown)})`,
    {
      remedy: `${tableDefinition(place)}; GRANT SELECT, INSERT, UPDATE ON ${database}.${table} TO '${user}'@'<host>'. Or let the relay make it: GRANT CREATE ON ${database}.* TO '${user}'@'<host>'.`,
      cause: thrown,
    },
  );
}

export const isPrivilegeMissing = (thrown: unknown): boolean => PRIVILEGE_MISSING.has(serverErrno(thrown) ?? 0);

function remedyOf(what: number | string | undefined, place: MysqlPlace): string | undefined {
  const { user, database, table } = place;
  if (what === undefined) return undefined;
  if (LOGIN_REFUSED.has(what)) {
    return `Check checkpoint.user and checkpoint.password, and that the account may log in from this host: SELECT user, host, plugin FROM mysql.user WHERE user = '${user}'.`;
  }
  switch (what) {
    case 'HANDSHAKE_SSL_ERROR':
      return 'Give checkpoint.tls.ca the authority that signed the certificate of that server (SELECT @@ssl_ca); with verify-identity checkpoint.host must be a name that the certificate holds.';
    case 'HANDSHAKE_NO_SSL_SUPPORT':
      return 'The server has no TLS: give it a certificate; or accept plain text with checkpoint.tls.mode disabled.';
    case TLS_REQUIRED:
      return 'The server takes encrypted connections only: set checkpoint.tls.mode to required, or better verify-identity.';
    case UNKNOWN_DATABASE:
      return `CREATE DATABASE ${database}; GRANT SELECT, INSERT, UPDATE, CREATE ON ${database}.* TO '${user}'@'<host>'. Or choose another checkpoint.database.`;
  }
  if (typeof what === 'string') return undefined;
  if (PRIVILEGE_MISSING.has(what)) {
    return `GRANT SELECT, INSERT, UPDATE, CREATE ON ${database}.* TO '${user}'@'<host>'. CREATE is needed only until the table is there.`;
  }
  if (OTHER_TABLE.has(what)) {
    return `${database}.${table} is not a table of checkpoints of type mysql: choose another checkpoint.table. Nothing in it was changed.`;
  }
  return undefined;
}

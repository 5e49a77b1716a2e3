import { RelayError } from '../base/errors.ts';

/** The document of one relay in a collection. */
export interface MysqlxPlace {
  readonly host: string;
  /** Of the X Protocol. */
  readonly port: number;
  readonly user: string;
  readonly schema: string;
  readonly collection: string;
  /** `_id` of the document. */
  readonly name: string;
}

/** mysqlx host:port schema.collection/name */
export function locationOf({ host, port, schema, collection, name }: MysqlxPlace): string {
  return `mysqlx ${host}:${port} ${schema}.${collection}/${name}`;
}

/**
 * Error numbers of the server, from messages_to_clients.txt of MySQL 9; those above 5000 are of its X plugin,
 * xpl_error.h.
 */
export const NO_SUCH_TABLE = 1146;
export const DUPLICATE_DOCUMENT = 5116;
const UNKNOWN_DATABASE = 1049;
const TLS_NOT_ENABLED = 5001;
const LOGIN_REFUSED = new Set([1045, 1820, 1862, 3118, 3159]);
const PRIVILEGE_MISSING = new Set([1044, 1142, 1143, 1227]);

/** The number of an error that the server answered with; undefined for any other error. */
export function serverCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('info' in error)) return undefined;
  const { info } = error;
  if (typeof info !== 'object' || info === null || !('code' in info)) return undefined;
  return typeof info.code === 'number' ? info.code : undefined;
}

/**
 * What the package or the server refused: CHECKPOINT_REFUSED for what an operator has to change,
 * CHECKPOINT_UNREACHABLE, which is tried again, for all else.
 */
export function mysqlxError(error: unknown, place: MysqlxPlace): RelayError {
  if (error instanceof RelayError) return error;
  const code = serverCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const remedy = code === undefined ? certificateRemedy(error) : remedyOf(code, place);
  return new RelayError(
    remedy === undefined ? 'CHECKPOINT_UNREACHABLE' : 'CHECKPOINT_REFUSED',
    `${locationOf(place)}: ${message}${code === undefined ? '' : ` (${code})`}`,
    { cause: error, ...(remedy !== undefined && { remedy }) },
  );
}

/** The port answers, but not as the X Protocol does. */
export function protocolError(place: MysqlxPlace): RelayError {
  return new RelayError(
    'CHECKPOINT_REFUSED',
    `${locationOf(place)}: what listens on port ${place.port} does not speak the X Protocol`,
    { remedy: 'Give checkpoint.port the port of the X Protocol, usually 33060 and never 3306: SELECT @@mysqlx_port.' },
  );
}

/**
 * Node.js's codes of what is wrong with a certificate: X509 verification of OpenSSL, and the name that it was made for.
 */
function certificateRemedy(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (!/CERT|UNABLE_TO_(GET|VERIFY|DECODE)/.test(error.code)) return undefined;
  return 'Give checkpoint.tls.ca the authority that signed the certificate of that server (SELECT @@mysqlx_ssl_ca, @@ssl_ca); with verify-identity checkpoint.host must be a name that the certificate holds.';
}

function remedyOf(code: number, { user, schema }: MysqlxPlace): string | undefined {
  const grant = `GRANT SELECT, INSERT, UPDATE, CREATE ON ${schema}.* TO '${user}'@'<host>'`;
  if (code === UNKNOWN_DATABASE) return `CREATE DATABASE ${schema}; ${grant}`;
  if (PRIVILEGE_MISSING.has(code)) return grant;
  if (LOGIN_REFUSED.has(code)) {
    return `Check checkpoint.user and checkpoint.password: SELECT user, host, plugin, account_locked FROM mysql.user WHERE user = '${user}'.`;
  }
  if (code === TLS_NOT_ENABLED)
    return "Enable TLS on that server: SHOW STATUS LIKE 'Mysqlx_ssl_server_not_after' is empty without it.";
  return undefined;
}

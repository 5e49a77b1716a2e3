/** What mysql2 and the server report, as RelayErrors. Whether it is tried again is decided by the code alone. */
import { RelayError } from '../../base/errors.ts';
import type { Code } from '../../base/error-codes.ts';
import { factsOf } from '../../mysql/thrown.ts';

/** A stale writer of a lane breaks this constraint of the ledger, and with it its transaction. */
export const FENCE = 'binlog_relay_fence';

const BY_NUMBER: ReadonlyMap<number, Code> = new Map(
  (
    [
      // share/messages_to_clients.txt of MySQL, sql/share/errmsg-utf8.txt of MariaDB
      ['TARGET_ACCESS_DENIED', [1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 3955]],
      ['TARGET_GRANT_MISSING', [1044, 1142, 1143, 1227, 1370]],
      ['TARGET_TLS', [3159]],
      ['TARGET_UNSUITABLE', [1153, 1273, 1665]],
      ['TARGET_UNREACHABLE', [1042, 1043, 1053, 1077, 1079, 1080, 1129, 1152, 1158, 1159, 1160, 1161, 1184]],
      ['TARGET_UNREACHABLE', [1317, 1927, 3032, 3169, 4031]],
      // Deadlock, lock wait, too many of something, a definition that has just changed, a group that is not ready.
      ['TARGET_BUSY', [1037, 1040, 1041, 1180, 1203, 1205, 1206, 1213, 1226, 1412, 1614, 1637, 3100, 3101, 3572]],
      ['TARGET_FULL', [1021, 1114]],
      ['TARGET_READ_ONLY', [1290, 1792, 1836, 3636]],
      ['TARGET_TABLE_MISSING', [1049, 1051, 1146]],
      ['TARGET_TABLE_UNFIT', [1054, 1136, 1364, 1442, 3105]],
      ['VALUE_REFUSED', [1048, 1062, 1171, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1416, 1451, 1452, 1525]],
      ['VALUE_REFUSED', [1526, 1690, 1748, 3140, 3141, 3156, 3516, 3617, 3618, 3643, 3819, 3903, 4025, 6136, 6138]],
    ] as const
  ).flatMap(([code, numbers]) => numbers.map((number): [number, Code] => [number, code])),
);

/** ENOSPC and EDQUOT, as the server has them in many errors: `errno: 28 - No space left on device`. */
const NO_SPACE = /\berr(?:no|or)[: ]+(?:28|122)\b/;

/** Too many connections: of the server, of the account, of the account's own limit. */
const OF_CONNECTIONS: ReadonlySet<number> = new Set([1040, 1203, 1226]);

const BY_NAME: ReadonlyMap<string, Code> = new Map([
  ['HANDSHAKE_SSL_ERROR', 'TARGET_TLS'],
  ['HANDSHAKE_NO_SSL_SUPPORT', 'TARGET_TLS'],
  ['AUTH_SWITCH_PLUGIN_ERROR', 'TARGET_ACCESS_DENIED'],
]);

/**
 * What was thrown; `place` is `host:port, as user`. `hasValues`: the statement holds values of rows, which the
 * server may repeat.
 */
export function targetError(thrown: unknown, place: string, hasValues = false): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const { errno, code, message } = factsOf(thrown);
  if (errno !== undefined && message.includes(FENCE)) {
    return new RelayError('LEDGER_FENCED', `the target (${place}): another has written the lane (${errno})`, {
      cause: thrown,
    });
  }
  const isFull = errno !== undefined && NO_SPACE.test(message);
  const known = isFull
    ? 'TARGET_FULL'
    : ((errno === undefined ? undefined : BY_NUMBER.get(errno)) ?? BY_NAME.get(code ?? ''));
  // What is no number of the server is of the line: Node.js and mysql2 have many names for its end.
  const isOfServer = errno !== undefined && errno > 0;
  const mayRepeatValues = hasValues && (known === undefined || known === 'VALUE_REFUSED');
  const says = isOfServer && mayRepeatValues ? withoutValues(message, code) : message;
  const at = `the target (${place}): ${says}`;
  return new RelayError(
    known ?? (isOfServer ? 'TARGET_ERROR' : 'TARGET_UNREACHABLE'),
    isOfServer ? `${at} (${errno})` : at,
    {
      ...(isOfServer && { details: { errno } }),
      ...(errno !== undefined && remedyOf(errno)),
      cause: thrown,
    },
  );
}

/** What an operator does about an error of the server, where that is more than its code says. */
function remedyOf(errno: number): { readonly remedy?: string } {
  if (errno === 1153) return { remedy: RAISE_PACKET };
  return OF_CONNECTIONS.has(errno) ? { remedy: FREE_CONNECTIONS } : {};
}

/** Of a text of the server its name, and the column and the key that it speaks of. */
export function withoutValues(message: string, code = ''): string {
  const column = /column '([^']*)'(?: at row \d+)?$/.exec(message)?.[1];
  const key = /for key '([^']*)'$/.exec(message)?.[1];
  return [
    code,
    ...(column === undefined ? [] : [`column ${column}`]),
    ...(key === undefined ? [] : [`key ${key}`]),
  ].join(', ');
}

export const RAISE_PACKET =
  'SET GLOBAL max_allowed_packet = 67108864; and the same in the configuration of the server.';

const FREE_CONNECTIONS =
  'Raise max_connections, or max_user_connections and the limits of the account (ALTER USER … WITH MAX_USER_CONNECTIONS 0), or lower `connections`: SHOW PROCESSLIST says who is connected. It is tried again.';

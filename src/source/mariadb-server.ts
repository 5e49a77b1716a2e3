/** What is asked of MariaDB in its own way: GTIDs are always on, and there is no server uuid. */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import type { Flavour } from '../binlog/gtids/gtids.ts';
import { domainOf, MariadbPosition, parseGtidList, type MariadbGtid } from '../binlog/gtids/mariadb-position.ts';
import { binlogFiles, FIRST_OFFSET, newestReached } from './binlog-files.ts';
import { textOf, type Asked } from './rows.ts';
import type { BinlogFile } from './source.ts';

/** What stands for the server uuid: the id that must differ among all servers of a replication. */
export const mariadbIdentity = (serverId: string): string => `server_id=${serverId}`;

/** Gives, as `id`, what ControlSession.serverUuid is. */
export const identityStatement = (flavour: Flavour): string =>
  flavour === 'mariadb'
    ? `SELECT CONCAT('${mariadbIdentity('')}', @@GLOBAL.server_id) AS id`
    : 'SELECT @@GLOBAL.server_uuid AS id';

/** Whether the server with this identity itself gives out the numbers of `source`, `domain-server`. */
export const isOfServer = (source: string, identity: string): boolean =>
  mariadbIdentity(source.slice(source.indexOf('-') + 1)) === identity;

/**
 * The GTID position of everything before `offset`, which must be a transaction boundary, of `file`. Reads the file up
 * to there, on the server.
 */
export async function mariadbPositionAt(control: Asked, { file, offset }: FilePosition): Promise<string> {
  const [row] = await control.query(`SELECT BINLOG_GTID_POS(?, ${offset}) AS position`, [file]);
  const position = row?.['position'];
  if (typeof position === 'string') return MariadbPosition.parse(position).toString();
  throw new RelayError('SOURCE_POSITION_INVALID', `the server knows no GTID position of ${file}:${offset}`, {
    details: { file, offset },
    remedy: `SHOW BINLOG EVENTS IN '${file}' lists the positions; use that of a Gtid event, or ${FIRST_OFFSET}.`,
  });
}

/** The GTID position of the newest transaction in the binlog. */
export async function mariadbNewestPosition(control: Asked): Promise<string> {
  const [row] = await control.query('SELECT @@GLOBAL.gtid_binlog_pos AS position');
  return MariadbPosition.parse(textOf(row, 'position')).toString();
}

/**
 * The GTID position that the oldest binlog begins at: everything before it was removed. Throws SOURCE_SETTINGS without
 * a binlog.
 */
export async function mariadbPurgedPosition(control: Asked): Promise<string> {
  const [oldest] = await binlogFiles(control);
  return mariadbPositionAt(control, { file: oldest.name, offset: FIRST_OFFSET });
}

/** The last GTIDs of every domain and server in the files before this one. */
export async function mariadbGtidsBeforeFile(control: Asked, file: string): Promise<readonly MariadbGtid[]> {
  const head = await control.query(`SHOW BINLOG EVENTS IN ? FROM ${FIRST_OFFSET} LIMIT 3`, [file]);
  const list = head.find((event) => textOf(event, 'Event_type') === 'Gtid_list');
  return parseGtidList(list === undefined ? '' : textOf(list, 'Info').replace(/^\[|\]$/g, ''));
}

/**
 * The newest file before which `position` lacks nothing; else the oldest. Numbers of a domain are taken for rising,
 * whichever server gave them out.
 */
export async function mariadbFileToBeginWith(
  control: Asked,
  position: string,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<string> {
  const reached = new Map(parseGtidList(position).map(({ source, gno }) => [domainOf(source), gno]));
  return newestReached(files, async (name) =>
    (await mariadbGtidsBeforeFile(control, name)).every(
      ({ source, gno }) => gno <= (reached.get(domainOf(source)) ?? 0n),
    ),
  );
}

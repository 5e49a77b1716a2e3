/** What is asked of MariaDB in its own way: GTIDs are always on, and there is no server uuid. */
import { RelayError } from '../base/errors.ts';
import type { FilePosition } from '../binlog/binlog.ts';
import { MariadbPosition } from '../binlog/mariadb-position.ts';
import { textOf, type Row } from './rows.ts';

interface Control {
  query(sql: string, values?: readonly string[]): Promise<readonly Row[]>;
}

/** Behind the 4 magic bytes of a file. */
const FIRST_OFFSET = 4;

/** What stands for the server uuid: the id that must differ among all servers of a replication. */
export const mariadbIdentity = (serverId: string): string => `server_id=${serverId}`;

/** The GTID position of everything before `offset`, which must be a transaction boundary, of `file`. Reads the file up to there, on the server. */
export async function mariadbPositionAt(control: Control, { file, offset }: FilePosition): Promise<string> {
  const [row] = await control.query(`SELECT BINLOG_GTID_POS(?, ${offset}) AS position`, [file]);
  const position = row?.['position'];
  if (typeof position === 'string') return MariadbPosition.parse(position).toString();
  throw new RelayError('SOURCE_POSITION_INVALID', `the server knows no GTID position of ${file}:${offset}`, {
    details: { file, offset },
    remedy: `SHOW BINLOG EVENTS IN '${file}' lists the positions; use that of a Gtid event, or ${FIRST_OFFSET}.`,
  });
}

/** The GTID position of the newest transaction in the binlog. */
export async function mariadbNewestPosition(control: Control): Promise<string> {
  const [row] = await control.query('SELECT @@GLOBAL.gtid_binlog_pos AS position');
  return MariadbPosition.parse(textOf(row, 'position')).toString();
}

/** The GTID position that the oldest binlog begins at: everything before it was removed. Empty without a binlog. */
export async function mariadbPurgedPosition(control: Control): Promise<string> {
  const [oldest] = await control.query('SHOW BINARY LOGS');
  if (oldest === undefined) return '';
  return mariadbPositionAt(control, { file: textOf(oldest, 'Log_name'), offset: FIRST_OFFSET });
}

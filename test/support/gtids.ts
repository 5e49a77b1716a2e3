import type { Connection, RowDataPacket } from 'mysql2/promise';
import { flavourOf, parseGtids } from '../../src/binlog/gtids/gtids.ts';

/** What the server has in its binlog by now: a GTID set, of MariaDB a GTID position. */
export async function newestGtids(connection: Connection): Promise<string> {
  const [[version]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS text');
  const variable = String(version?.['text']).includes('MariaDB') ? 'gtid_binlog_pos' : 'gtid_executed';
  const [[row]] = await connection.query<RowDataPacket[]>(`SELECT @@GLOBAL.${variable} AS gtids`);
  return String(row?.['gtids']);
}

/** True when everything of `newest` is in `gtids`, both of one server. */
export function holdsGtids(gtids: string, newest: string): boolean {
  const flavour = flavourOf(newest, gtids) ?? 'mysql';
  return parseGtids(flavour, gtids).contains(parseGtids(flavour, newest));
}

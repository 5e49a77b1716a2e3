/** GTID sets of servers with a long history. */
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { connectMysql } from './servers.ts';

/**
 * 25 failovers; many uuids; one uuid with thousands of gaps, as a multi-source topology or a tool that injects GTIDs
 * leaves them.
 */
export const LONG_SETS: readonly { readonly bytes: number; readonly gtidSet: string }[] = [
  { bytes: 1_200, gtidSet: ofUuids(25) },
  { bytes: 20_000, gtidSet: ofUuids(400) },
  { bytes: 200_000, gtidSet: ofGaps(12_000) },
];

function ofUuids(count: number): string {
  return Array.from({ length: count }, (_, i) => `${uuidOf(i)}:1-${10_000_000 + i}`).join(',');
}

function ofGaps(count: number): string {
  return uuidOf(1) + Array.from({ length: count }, (_, i) => `:${1_000_000 + 3 * i}-${1_000_001 + 3 * i}`).join('');
}

function uuidOf(i: number): string {
  return `8fdcdb60-71ca-11e1-9e33-${(i + 1).toString(16).padStart(12, '0')}`;
}

/** As if the server had executed and purged `gtidSet` long ago. */
export async function giveHistory(mysql: MysqlAddress, gtidSet: string): Promise<void> {
  const connection = await connectMysql(mysql);
  const reset = mysql.version.startsWith('8.0') ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS';
  try {
    await connection.query(reset);
    await connection.query('SET GLOBAL gtid_purged = ?', [gtidSet]);
  } finally {
    await connection.end();
  }
}

/** XA branches that are prepared on the server before the relay has read anything of it. */
import { xidNames } from '../binlog/statements/xid.ts';
import { someOf, type Finding } from './finding.ts';
import { holds, type Grants } from './grants.ts';
import { numberOf, textOf, type Asked, type Row } from './rows.ts';
import type { ServerVersion } from './server-version.ts';

/**
 * Their xids as XA COMMIT takes them. Nothing where the account may not ask: XA RECOVER needs XA_RECOVER_ADMIN on MySQL
 * (Sql_cmd_xa_recover::check_xa_recover_privilege in sql/xa/sql_xa_recover.cc), and no privilege on MariaDB.
 */
export async function preparedBranches(
  control: Asked,
  grants: Grants,
  { flavour }: ServerVersion,
): Promise<readonly string[]> {
  if (flavour === 'mariadb') {
    const rows = await control.query("XA RECOVER FORMAT='SQL'");
    return rows.map((row) => textOf(row, 'data'));
  }
  if (!holds(grants, 'XA_RECOVER_ADMIN')) return [];
  return (await control.query('XA RECOVER CONVERT XID')).map(xidOf);
}

/** `data` is 0x, then gtrid and bqual in hexadecimal; the lengths are in bytes. */
function xidOf(row: Row): string {
  const digits = textOf(row, 'data').slice('0x'.length);
  const split = 2 * numberOf(row, 'gtrid_length');
  return `${xidNames(digits.slice(0, split), digits.slice(split))},${textOf(row, 'formatID')}`;
}

/** For a start without a checkpoint: what the XA COMMIT of such a branch would do. */
export function preparedBranchFindings(xids: readonly string[]): readonly Finding[] {
  if (xids.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'XA_PREPARED',
      message: `XA branches are prepared on the server: ${someOf(xids)}. If one of them is committed whose XA PREPARE was logged before the start of the relay, its rows are unknown, and the relay stops with XA_UNKNOWN_BRANCH.`,
      remedy:
        'Before the first start let their owners end them, XA COMMIT <xid> or XA ROLLBACK <xid>; or start before their XA PREPARE (source.start).',
    },
  ];
}

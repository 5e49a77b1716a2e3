/**
 * What can be known of the target before anything is read of the topic: the ledger, the rights of the account, and
 * the tables that are there.
 */
import { softDeleteColumn, type ApplyConfig } from '../../config/config.ts';
import type { Session } from '../target/target.ts';
import { checkLedger } from './check-ledger.ts';
import { checkRights, type NeededRights } from './check-rights.ts';
import { checkTables } from './check-tables.ts';
import type { TargetFinding } from './finding.ts';
import { reachedDatabases, type ReachedDatabase } from './reached-databases.ts';

export type CheckedConfig = Pick<
  ApplyConfig,
  'source' | 'tables' | 'create' | 'deletes' | 'statements' | 'uniqueKeys' | 'ledger'
>;

/** Changes nothing. Throws as sessions do. */
export async function checkTarget(session: Session, config: CheckedConfig): Promise<readonly TargetFinding[]> {
  const present = (await session.query('SHOW DATABASES')).flatMap((row) => Object.values(row)[0] ?? []);
  const databases = reachedDatabases(config.tables, config.ledger, present);
  const { findings, isOlder } = await checkLedger(session, config);
  return [
    ...findings,
    ...(await checkRights(session, neededRights(config, databases, isOlder))),
    ...(await checkTables(session, databases, {
      create: config.create,
      keepsUniqueKeys: config.uniqueKeys === 'keep',
      softDelete: softDeleteColumn(config.deletes),
    })),
  ];
}

/** As docs/apply.md has them. */
function neededRights(
  { create, statements, ledger }: CheckedConfig,
  databases: readonly ReachedDatabase[],
  isOlder: boolean,
): readonly NeededRights[] {
  const rows = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
  const ofCopy = [
    ...rows,
    'TRIGGER',
    ...(create || statements === 'run' ? ['CREATE'] : []),
    ...(statements === 'run' ? ['ALTER', 'DROP', 'INDEX'] : []),
  ];
  return [
    { database: ledger, privileges: [...rows, 'CREATE', ...(isOlder ? ['ALTER'] : [])], isSure: true },
    ...databases.map(({ name, isNamed }) => ({ database: name, privileges: ofCopy, isSure: isNamed })),
  ];
}

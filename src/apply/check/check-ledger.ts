import { asRelayError } from '../../base/errors.ts';
import type { ApplyConfig } from '../../config/config.ts';
import { textLiteral } from '../rows/literal.ts';
import { Ledger } from '../ledger/ledger.ts';
import { ledgerUpgrades } from '../ledger/prepare-ledger.ts';
import type { Session } from '../target/target.ts';
import type { TargetFinding } from './finding.ts';

export interface LedgerLook {
  readonly findings: readonly TargetFinding[];
  /** The next start alters its tables. */
  readonly isOlder: boolean;
}

type CheckedLedger = Pick<ApplyConfig, 'ledger' | 'source'>;

/** What there is of the ledger; changes nothing. Throws as sessions do, but when the ledger may not be read. */
export async function checkLedger(session: Session, config: CheckedLedger): Promise<LedgerLook> {
  try {
    return await look(session, config);
  } catch (thrown) {
    const error = asRelayError(thrown);
    if (session.isOver) throw error;
    const { code, message, remedy } = error;
    return { findings: [{ part: 'ledger', level: 'error', code, message, remedy }], isOlder: false };
  }
}

async function look(session: Session, { ledger: database, source }: CheckedLedger): Promise<LedgerLook> {
  const rows = await session.query(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${textLiteral(database)}`,
  );
  const tables = new Set(rows.map(({ name }) => name ?? ''));
  if (!tables.has('apply_stream')) {
    return { findings: [ok(`${database} is not there, or cannot be seen: the first start makes it`)], isOlder: false };
  }
  const ledger = new Ledger(database, source);
  const upgrades = await ledgerUpgrades(session, database);
  const current = await ledger.stream(session);
  const written = (): string => {
    if (current === undefined) return 'nothing is written yet';
    return `written of the stream ${current.stream}${current.fromHere ? ', begun with --from-here' : ''}`;
  };
  // Without the columns that are missing it cannot be asked.
  const lanes =
    current !== undefined && upgrades.length === 0 && tables.has('apply_lane')
      ? `, ${(await ledger.lanes(session, current.stream)).size} lanes`
      : '';
  const findings = [ok(`${database}, topic ${source.topic}: ${written()}${lanes}`), ...upgrades.map(older)];
  return { findings, isOlder: upgrades.length > 0 };
}

const ok = (message: string): TargetFinding => ({ part: 'ledger', level: 'ok', message });

/** A right that is missing for it is a finding of its own. */
const older = (sql: string): TargetFinding => ok(`is of an older version: the next start runs ${sql}`);

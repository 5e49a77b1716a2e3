import { quoted } from '../../mysql/quoted.ts';
import { quotedAccount } from '../../mysql/grant-names.ts';
import type { Session } from '../target/target.ts';
import { bounded, type TargetFinding, type TargetProblem } from './finding.ts';
import { Rights } from './rights.ts';

/** What the account has to be granted on one database. */
export interface NeededRights {
  readonly database: string;
  readonly privileges: readonly string[];
  /** Rows will come for it; otherwise they only may. */
  readonly isSure: boolean;
}

/** Which rights are missing, with the GRANT; changes nothing. */
export async function checkRights(
  session: Session,
  needed: readonly NeededRights[],
): Promise<readonly TargetFinding[]> {
  const lines = (await session.query('SHOW GRANTS')).flatMap((row) => Object.values(row)[0] ?? []);
  const [{ account = '' } = {}] = await session.query('SELECT CURRENT_USER() AS account');
  return rightFindings(new Rights(lines), quotedAccount(account ?? ''), needed);
}

/** Pure. `account`: as SQL has it. */
export function rightFindings(
  rights: Rights,
  account: string,
  needed: readonly NeededRights[],
): readonly TargetFinding[] {
  const all = needed.flatMap((each) => missingOf(rights, account, each) ?? []);
  const found = (['error', 'warning'] as const).flatMap((level) =>
    bounded(
      all.filter((each) => each.level === level),
      'databases likewise',
    ),
  );
  if (found.length > 0) return found;
  return [{ part: 'grants', level: 'ok', message: `${account} has what it needs` }];
}

function missingOf(
  rights: Rights,
  account: string,
  { database, privileges, isSure }: NeededRights,
): TargetProblem | undefined {
  const by = (held: 'no' | 'unknown'): readonly string[] =>
    privileges.filter((privilege) => rights.held(database, privilege) === held);
  const missing = by('no');
  const unknown = by('unknown');
  const lacking = missing.length > 0 ? missing : unknown;
  if (lacking.length === 0) return undefined;
  const what =
    missing.length > 0
      ? `${account} lacks ${missing.join(', ')} on ${database}${isSure ? '' : ', should the topic have tables of it'}`
      : `whether ${account} has ${unknown.join(', ')} on ${database} is not known: it has roles, or rights on single tables`;
  return {
    part: 'grants',
    level: missing.length > 0 && isSure ? 'error' : 'warning',
    code: 'TARGET_GRANT_MISSING',
    message: what,
    remedy: `GRANT ${lacking.join(', ')} ON ${quoted(database)}.* TO ${account};`,
  };
}

/** Findings about what a copy of the published tables needs, when a first start asks for one. Pure. */
import { someOf, type Finding } from './finding.ts';
import { maySelect, selectsAnything, type Grants } from './grants.ts';
import type { TableInfo } from './preflight-tables.ts';
import type { ServerFacts } from './server-facts.ts';

export interface CopyPreflight {
  readonly facts: Pick<ServerFacts, 'hasGtids' | 'gtidMode'>;
  readonly grants: Grants;
  /** Quoted. */
  readonly account: string;
  /** Those that are published, as far as the account sees them. */
  readonly tables: readonly TableInfo[];
  /** Tables are read of a replica: whether they may be SELECTed here does not matter. */
  readonly isReadElsewhere?: boolean;
}

export function copyFindings(given: CopyPreflight): readonly Finding[] {
  return [
    ...gtidFindings(given),
    ...(given.isReadElsewhere === true ? [] : selectFindings('source.start is copy', given)),
    ...engineFindings(given),
  ];
}

function gtidFindings({ facts }: CopyPreflight): readonly Finding[] {
  if (facts.hasGtids) return [];
  return [
    {
      level: 'error',
      code: 'COPY_WITHOUT_GTIDS',
      message: `source.start is copy, and gtid_mode is ${facts.gtidMode}: without GTIDs the server does not tell which changes a read has seen.`,
      remedy:
        'Turn GTIDs on: SET PERSIST enforce_gtid_consistency = ON; then SET PERSIST gtid_mode step by step up to ON; then start the relay again. Or start without a copy: source.start: latest.',
    },
  ];
}

/** `setting`: why tables are to be read. */
export function selectFindings(
  setting: string,
  { grants, account, tables }: Omit<CopyPreflight, 'facts'>,
): readonly Finding[] {
  const lacking = tables.filter(({ database, table }) => !maySelect(grants, database, table));
  // What it has no right on it does not see: what it may not read, nobody tells it.
  const seesNothing = tables.length === 0 && !selectsAnything(grants);
  if (lacking.length === 0 && !seesNothing) return [];
  const databases = [...new Set(lacking.map(({ database }) => database))];
  return [
    {
      level: 'error',
      code: 'GRANT_MISSING',
      message: seesNothing
        ? `${setting}, and the account ${account} lacks SELECT: no table could be copied.`
        : `${setting}, and the account ${account} lacks SELECT on tables that are published: ${someOf(lacking.map(({ database, table }) => `${database}.${table}`))}.`,
      remedy: seesNothing
        ? `GRANT SELECT ON <database>.* TO ${account};`
        : databases
            .slice(0, MAX_GRANTS)
            .map((database) => `GRANT SELECT ON ${quotedPattern(database)}.* TO ${account};`)
            .join(' '),
    },
  ];
}

function engineFindings({ tables }: CopyPreflight): readonly Finding[] {
  const left = tables
    .filter(({ engine }) => engine.toLowerCase() !== 'innodb')
    .map(({ database, table, engine }) => `${database}.${table} (${engine})`);
  if (left.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'COPY_ENGINE',
      message: `Tables of an engine other than InnoDB are not copied (source.start: copy): ${someOf(left)}. Their changes are published from now on; /healthz will say that their copy has failed.`,
      remedy: 'ALTER TABLE … ENGINE = InnoDB before the start; or leave them out with tables.exclude.',
    },
  ];
}

/** In a GRANT on a whole database `_` and `%` are wildcards. */
const quotedPattern = (database: string): string =>
  `\`${database.replaceAll('`', '``').replaceAll(/[_%]/g, String.raw`\$&`)}\``;

const MAX_GRANTS = 10;

import type { ConnectionSettings } from './connection-options.ts';
import { isLoopback } from './connection-options.ts';
import type { ControlConnection } from './control.ts';
import type { Finding } from './finding.ts';
import { quotedAccount } from '../mysql/grant-names.ts';
import { holds, parseGrants, type Grants } from './grants.ts';
import { copyFindings } from './preflight-copy.ts';
import { binlogEngineFindings, gtidFindings, serverFindings, versionFindings } from './preflight-server.ts';
import {
  cascadeFindings,
  columnFindings,
  filterFindings,
  keyFindings,
  nameFindings,
  sequenceFindings,
  tableFindings,
  type Published,
} from './preflight-tables.ts';
import { preparedBranches, preparedBranchFindings } from './prepared-branches.ts';
import { textOf, type Asked, type Row } from './rows.ts';
import { allTables, publishedCascades, publishedColumns, sequences } from './schema-queries.ts';
import { headStatement, type ServerVersion } from './server-version.ts';

export interface PreflightOptions {
  readonly published: Published;
  readonly settings: Pick<ConnectionSettings, 'host'>;
  /** The relay is to go on at another server when this one dies, which only GTIDs allow. */
  readonly needsGtids?: boolean;
  readonly partialRows?: 'fail' | 'allow' | undefined;
  /** No checkpoint says what was read before. */
  readonly isFirstStart?: boolean;
  /** The first start is to copy all published tables. */
  readonly copiesAtFirstStart?: boolean;
  /** Tables are read of another server. */
  readonly readsElsewhere?: boolean;
}

/** By the last of MySQL's, and the last two of MariaDB's, the server answers what it is asked here. */
const NEEDED = {
  mysql: ['REPLICATION SLAVE', 'REPLICATION CLIENT'],
  mariadb: ['REPLICATION SLAVE', 'SLAVE MONITOR', 'BINLOG MONITOR'],
} as const;

/**
 * Everything about the server that would stop a run or make the copy less than exact, all at once; an empty list when
 * there is nothing. Changes nothing. Throws a RelayError only when the server cannot be asked.
 */
export async function preflight(
  control: ControlConnection,
  {
    published,
    settings,
    needsGtids = false,
    partialRows,
    isFirstStart = false,
    copiesAtFirstStart = false,
    readsElsewhere = false,
  }: PreflightOptions,
): Promise<readonly Finding[]> {
  const version = await control.version();
  const unsupported = [...versionFindings(version), ...binlogEngineFindings(await binlogEngine(control, version))];
  if (unsupported.length > 0) return unsupported;

  const { grants, account } = await askGrants(control);
  const transport = encryptionFindings(settings.host, await control.isEncrypted());
  const missing = missingPrivileges(grants, version);
  const lacking = grantFindings(grants, account, missing, version);
  // Without the others the server answers none of what follows.
  if (missing.some((privilege) => privilege !== 'REPLICATION SLAVE')) return [...lacking, ...transport];

  const facts = await control.serverFacts();
  const all = await allTables(control);
  const tables = all.filter(({ database, table }) => published.includes(database, table));
  const isVisible = seesAllTables(grants, version);
  const columns = await publishedColumns(control, published);
  const [binlog] = facts.hasBinlog ? await control.query(headStatement(facts.version)) : [];
  return [
    ...lacking,
    ...serverFindings(facts, partialRows),
    ...(needsGtids ? gtidFindings(facts) : []),
    ...filterFindings(listOf(binlog, 'Binlog_Do_DB'), listOf(binlog, 'Binlog_Ignore_DB'), [
      ...new Set(tables.map(({ database }) => database)),
    ]),
    ...visibilityFindings(grants, account, tables.length, version),
    ...(isVisible ? nameFindings(all, published) : []),
    ...columnFindings(columns, published),
    ...keyFindings(columns, published),
    ...(version.flavour === 'mariadb' ? sequenceFindings(await sequences(control), published) : []),
    ...tableFindings(tables, published),
    ...cascadeFindings(await publishedCascades(control, published), published, facts.hidesCascades),
    ...(isFirstStart ? preparedBranchFindings(await preparedBranches(control, grants, version)) : []),
    ...(isFirstStart && copiesAtFirstStart
      ? copyFindings({ facts, grants, account, tables, isReadElsewhere: readsElsewhere })
      : []),
    ...transport,
  ];
}

/** From 12.3 on, MariaDB can keep the binlog elsewhere than in files. */
async function binlogEngine(control: ControlConnection, { flavour }: ServerVersion): Promise<string | undefined> {
  if (flavour !== 'mariadb') return undefined;
  const [row] = await control.query("SHOW GLOBAL VARIABLES LIKE 'binlog_storage_engine'");
  return row === undefined ? undefined : textOf(row, 'Value');
}

export async function askGrants(control: Asked): Promise<{ readonly grants: Grants; readonly account: string }> {
  const lines = (await control.query('SHOW GRANTS'))
    .flatMap((row) => Object.values(row))
    .filter((line) => line !== null);
  const [user] = await control.query('SELECT CURRENT_USER() AS account');
  return { grants: parseGrants(lines), account: quotedAccount(textOf(user, 'account')) };
}

const missingPrivileges = (grants: Grants, { flavour }: ServerVersion): readonly string[] =>
  NEEDED[flavour].filter((privilege) => !holds(grants, privilege));

function grantFindings(
  grants: Grants,
  account: string,
  missing: readonly string[],
  { flavour }: ServerVersion,
): readonly Finding[] {
  if (missing.length === 0) return [];
  const useRole = flavour === 'mysql' ? `SET DEFAULT ROLE ALL TO ${account}` : `SET DEFAULT ROLE … FOR ${account}`;
  const byRole = grants.roles.length > 0 ? ` If a role brings it: ${useRole}.` : '';
  return [
    {
      level: 'error',
      code: 'GRANT_MISSING',
      message: `The account ${account} lacks ${missing.join(' and ')}.`,
      remedy: `GRANT ${missing.join(', ')} ON *.* TO ${account};${byRole}`,
    },
  ];
}

const seesAllTables = (grants: Grants, { flavour }: ServerVersion): boolean =>
  holds(grants, 'REFERENCES') || (flavour === 'mysql' && holds(grants, 'SELECT'));

/**
 * information_schema shows an account only the tables that it has some privilege on; REFERENCES shows all of them, and
 * no row. MariaDB shows foreign keys to no one who may only SELECT.
 */
function visibilityFindings(
  grants: Grants,
  account: string,
  tables: number,
  version: ServerVersion,
): readonly Finding[] {
  if (seesAllTables(grants, version)) return [];
  return [
    {
      level: 'warning',
      code: 'SCHEMA_NOT_VISIBLE',
      message: `The types, keys and engines of tables could be checked only as far as the account sees them: ${tables} tables that are published. What cannot be published exactly stops the relay when it comes.`,
      remedy: `To have all checked, without access to any row: GRANT REFERENCES ON *.* TO ${account};`,
    },
  ];
}

/** `section`: the one that `host` stands in. */
export function encryptionFindings(host: string, isEncrypted: boolean, section = 'source'): readonly Finding[] {
  if (isEncrypted || isLoopback(host)) return [];
  return [
    {
      level: 'warning',
      code: 'NOT_ENCRYPTED',
      message: `The connection to ${host} is not encrypted: every row crosses the network in plain text, and anyone on the way may learn the password.`,
      remedy: `Give the server a certificate, and set ${section}.tls.mode to verify-identity.`,
    },
  ];
}

function listOf(row: Row | undefined, column: string): string {
  return row?.[column] ?? '';
}

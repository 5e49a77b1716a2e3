/** What SHOW GRANTS says: of the privileges on *.*, and of where the account may SELECT. Pure. */
import { isLike, unquotedName } from '../mysql/grant-names.ts';

export interface Grants {
  /** Upper case, as SHOW GRANTS writes them; only those on *.*. */
  readonly global: ReadonlySet<string>;
  readonly hasAll: boolean;
  /** Roles that were granted; those that are not active give nothing. */
  readonly roles: readonly string[];
  readonly select: SelectGrants;
}

/** Where an account may SELECT that may not do so on *.*. */
export interface SelectGrants {
  /** Of databases: patterns as LIKE takes them, which names with a wildcard in them are as well. */
  readonly databases: readonly string[];
  /** `database.table`; of some of its columns is not enough: the definition of a table needs all. */
  readonly tables: ReadonlySet<string>;
  /** Databases that were taken out of SELECT on *.* (partial_revokes). */
  readonly revoked: ReadonlySet<string>;
}

const PRIVILEGES_ON_ALL = /^GRANT (.+?) ON \*\.\* TO /;
const ROLES = /^GRANT (`.+) TO /;
/** Names are in backticks, a backtick in them doubled. */
const PRIVILEGES_WITHIN = /^(GRANT|REVOKE) (.+?) ON (`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) (?:TO|FROM) /;

export function parseGrants(lines: readonly string[]): Grants {
  const global = new Set<string>();
  const roles: string[] = [];
  for (const line of lines) {
    const [, privileges] = PRIVILEGES_ON_ALL.exec(line) ?? [];
    for (const privilege of privileges?.split(',') ?? []) global.add(privilege.trim().toUpperCase());
    const [, granted] = ROLES.exec(line) ?? [];
    if (granted !== undefined) roles.push(granted);
  }
  return { global, hasAll: global.has('ALL PRIVILEGES') || global.has('ALL'), roles, select: selectGrants(lines) };
}

function selectGrants(lines: readonly string[]): SelectGrants {
  const databases: string[] = [];
  const tables = new Set<string>();
  const revoked = new Set<string>();
  for (const line of lines) {
    const [, verb, privileges = '', database = '', table = ''] = PRIVILEGES_WITHIN.exec(line) ?? [];
    if (!/(^|, ?)(SELECT|ALL PRIVILEGES)(,|$)/.test(privileges)) continue;
    if (verb === 'REVOKE') revoked.add(unquotedName(database));
    else if (table === '*') databases.push(unquotedName(database));
    else tables.add(`${unquotedName(database)}.${unquotedName(table)}`);
  }
  return { databases, tables, revoked };
}

/** Whether the account may read the table, as far as its grants tell. */
export function maySelect(grants: Grants, database: string, table: string): boolean {
  const { databases, tables, revoked } = grants.select;
  if (holds(grants, 'SELECT') && !revoked.has(database)) return true;
  return tables.has(`${database}.${table}`) || databases.some((pattern) => isLike(database, pattern));
}

/** Whether the account may SELECT anywhere. */
export const selectsAnything = (grants: Grants): boolean =>
  holds(grants, 'SELECT') || grants.select.databases.length > 0 || grants.select.tables.size > 0;

export function holds({ global, hasAll }: Grants, privilege: string): boolean {
  // SUPER stands for it in old accounts: sql/auth/sql_authorization.cc, check_global_access of the SHOW statements.
  const isBySuper = privilege === 'REPLICATION CLIENT' && global.has('SUPER');
  return hasAll || global.has(privilege) || isBySuper;
}

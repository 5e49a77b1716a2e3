/** What SHOW GRANTS says of the privileges on *.*. Pure. */

export interface Grants {
  /** Upper case, as SHOW GRANTS writes them; only those on *.*. */
  readonly global: ReadonlySet<string>;
  readonly hasAll: boolean;
  /** Roles that were granted; those that are not active give nothing. */
  readonly roles: readonly string[];
}

const PRIVILEGES_ON_ALL = /^GRANT (.+?) ON \*\.\* TO /;
const ROLES = /^GRANT (`.+) TO /;

export function parseGrants(lines: readonly string[]): Grants {
  const global = new Set<string>();
  const roles: string[] = [];
  for (const line of lines) {
    const [, privileges] = PRIVILEGES_ON_ALL.exec(line) ?? [];
    for (const privilege of privileges?.split(',') ?? []) global.add(privilege.trim().toUpperCase());
    const [, granted] = ROLES.exec(line) ?? [];
    if (granted !== undefined) roles.push(granted);
  }
  return { global, hasAll: global.has('ALL PRIVILEGES') || global.has('ALL'), roles };
}

export function holds({ global, hasAll }: Grants, privilege: string): boolean {
  // SUPER stands for it in old accounts: sql/auth/sql_authorization.cc, check_global_access of the SHOW statements.
  const isBySuper = privilege === 'REPLICATION CLIENT' && global.has('SUPER');
  return hasAll || global.has(privilege) || isBySuper;
}

/** `'relay'@'%'` of what CURRENT_USER() gives, `relay@%`: the host has no @, the name may. */
export function quotedAccount(currentUser: string): string {
  const at = currentUser.lastIndexOf('@');
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return `${quote(currentUser.slice(0, at))}@${quote(currentUser.slice(at + 1))}`;
}

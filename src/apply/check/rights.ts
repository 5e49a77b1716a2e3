/** What the account may do in the target, as SHOW GRANTS tells. Pure. */
import { isLike, unquotedName } from '../../mysql/grant-names.ts';

/** `unknown`: it may be by a role, or for some tables of the database only. */
export type Held = 'yes' | 'no' | 'unknown';

const PRIVILEGES = /^(GRANT|REVOKE) (.+?) ON (\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) (?:TO|FROM) /;
const ROLES = /^GRANT `.+ TO /;

interface Grant {
  readonly isRevoked: boolean;
  readonly privileges: ReadonlySet<string>;
  /** Undefined: all. A pattern, unless it is of a table. */
  readonly database: string | undefined;
  readonly isOfTable: boolean;
}

export class Rights {
  readonly #grants: readonly Grant[];
  /** Those that are active are in the list by what they give; what the others would give is not known. */
  readonly #hasRoles: boolean;

  /** `lines`: of SHOW GRANTS. */
  constructor(lines: readonly string[]) {
    this.#grants = lines.flatMap((line) => grantOf(line) ?? []);
    this.#hasRoles = lines.some((line) => ROLES.test(line) && !PRIVILEGES.test(line));
  }

  /** `privilege` in upper case. */
  held(database: string, privilege: string): Held {
    const given = this.#grants.filter(
      ({ privileges }) => privileges.has(privilege) || privileges.has('ALL PRIVILEGES') || privileges.has('ALL'),
    );
    const isOfIt = (grant: Grant): boolean => grant.database !== undefined && isLike(database, grant.database);
    if (given.some((grant) => isOfIt(grant) && !grant.isOfTable && !grant.isRevoked)) return 'yes';
    const isRevoked = given.some((grant) => grant.isRevoked && isOfIt(grant));
    if (!isRevoked && given.some((grant) => grant.database === undefined)) return 'yes';
    if (this.#hasRoles || given.some((grant) => grant.isOfTable && isOfIt(grant))) return 'unknown';
    return 'no';
  }
}

function grantOf(line: string): Grant | undefined {
  const [, verb, privileges, database, table] = PRIVILEGES.exec(line) ?? [];
  if (privileges === undefined || database === undefined) return undefined;
  return {
    isRevoked: verb === 'REVOKE',
    // Of some columns of a table: `SELECT (a, b)`.
    privileges: new Set(
      privileges
        .replaceAll(/ \([^)]*\)/g, '')
        .split(',')
        .map((privilege) => privilege.trim().toUpperCase()),
    ),
    database: database === '*' ? undefined : unquotedName(database),
    isOfTable: table !== '*',
  };
}

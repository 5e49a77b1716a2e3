import { RelayError } from '../../base/errors.ts';
import { parseGlob, type Glob } from '../../base/glob.ts';
import type { ApplyConfig } from '../../config/config.ts';

/** Which tables of the source are written. */
export interface TableChoice {
  includes(database: string, table: string): boolean;
  /** Whether some table of the database may be written. */
  includesSomeOf(database: string): boolean;
}

export function tableChoice({ include, exclude }: Pick<ApplyConfig['tables'], 'include' | 'exclude'>): TableChoice {
  const included = include.map(parsed);
  const excluded = exclude.map(parsed);
  const known = new Map<string, boolean>();
  const matches = ([databases, tables]: readonly Glob[], database: string, table: string): boolean =>
    databases?.matches(database) === true && tables?.matches(table) === true;
  return {
    includes: (database, table) => {
      const name = JSON.stringify([database, table]);
      const answer =
        known.get(name) ??
        (included.some((globs) => matches(globs, database, table)) &&
          !excluded.some((globs) => matches(globs, database, table)));
      if (known.size < MAX_KNOWN) known.set(name, answer);
      return answer;
    },
    includesSomeOf: (database) => included.some(([databases]) => databases?.matches(database) === true),
  };
}

const MAX_KNOWN = 10_000;

function parsed(pattern: string): readonly Glob[] {
  const glob = parseGlob(pattern, 2);
  if (glob.ok) return glob.parts;
  throw new RelayError('CONFIG_INVALID', `the table pattern ${JSON.stringify(pattern)} ${glob.problem}`);
}

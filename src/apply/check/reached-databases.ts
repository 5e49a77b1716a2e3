import { parseGlob, type Glob } from '../../base/glob.ts';
import { SYSTEM_SCHEMAS } from '../../base/system-schemas.ts';
import type { ApplyConfig } from '../../config/config.ts';
import { tableChoice } from '../run/table-choice.ts';

/** A database of the target that rows may be written to. */
export interface ReachedDatabase {
  readonly name: string;
  /** By `rename` or a literal pattern: rows will come. Otherwise only if the topic has tables of that name. */
  readonly isNamed: boolean;
  readonly isThere: boolean;
  /** Whether rows of some table of the source go to the table of this name. */
  readonly hasTable: (table: string) => boolean;
}

/** `present`: the databases that the target has. Those that are named come first. */
export function reachedDatabases(
  tables: ApplyConfig['tables'],
  ledger: string,
  present: readonly string[],
): readonly ReachedDatabase[] {
  const choice = tableChoice(tables);
  const renamed = new Map(Object.entries(tables.rename));
  const isExcluded = (source: string): boolean =>
    partsOf(tables.exclude).some(
      ([database, table]) => database?.matches(source) === true && table?.matchesAll === true,
    );
  const isMeant = (source: string): boolean => choice.includesSomeOf(source) && !isExcluded(source);
  const sourcesOf = (target: string): readonly string[] =>
    [
      ...[...renamed].flatMap(([source, name]) => (name === target ? [source] : [])),
      ...(renamed.has(target) ? [] : [target]),
    ].filter(isMeant);
  const literals = partsOf(tables.include).flatMap(([database]) => database?.literal ?? []);
  const named = new Set(
    [...renamed.keys(), ...literals].filter(isMeant).map((source) => renamed.get(source) ?? source),
  );
  const others = present.filter((name) => !named.has(name) && !SYSTEM_SCHEMAS.has(name) && name !== ledger);
  return [...named, ...others].flatMap((name) => {
    const sources = sourcesOf(name);
    if (sources.length === 0) return [];
    const hasTable = (table: string): boolean => sources.some((source) => choice.includes(source, table));
    return [{ name, isNamed: named.has(name), isThere: present.includes(name), hasTable }];
  });
}

const partsOf = (patterns: readonly string[]): readonly (readonly Glob[])[] =>
  patterns.flatMap((pattern) => {
    const glob = parseGlob(pattern, 2);
    return glob.ok ? [glob.parts] : [];
  });

/** What RENAME TABLE, and ALTER TABLE … RENAME, move. Pure. */
import { readDdl } from '../../binlog/statements/ddl-statement.ts';
import type { Quoting } from '../../binlog/statements/sql-tokens.ts';
import { tableKey, type TableOfSource } from '../ledger/ledger-place.ts';
import type { StatementNames } from '../ledger/statement-notes.ts';
import { tokensOf, wordOf } from './tokens.ts';

/** One step; the steps of a statement are taken in order, all or none. */
export interface Move {
  readonly from: TableOfSource;
  readonly to: TableOfSource;
}

/** A table that is elsewhere after all steps. */
export interface Moved extends Move {
  /** Those of the statement that move it. */
  readonly steps: readonly Move[];
}

/** `names`: as the message has them, with their databases; undefined where the two do not say the same. */
export function movesOf(sql: string, names: StatementNames, quoting: Quoting): readonly Move[] | undefined {
  const { objects } = readDdl(sql, NO_DATABASE, quoting);
  if (typeof objects === 'string' || objects.length !== names.length || names.length % 2 !== 0) return undefined;
  const tables: TableOfSource[] = [];
  for (const [i, { database, table }] of objects.entries()) {
    const [ownDatabase, ownTable] = names[i] ?? [];
    if (ownDatabase === undefined || ownTable !== table || table === undefined) return undefined;
    if (database !== NO_DATABASE && database !== ownDatabase) return undefined;
    tables.push({ database: ownDatabase, table });
  }
  return tables.flatMap((from, i) => {
    const to = tables[i + 1];
    return i % 2 === 0 && to !== undefined ? [{ from, to }] : [];
  });
}

/** No name can be empty, or have a slash at its end in the names of a message. */
const NO_DATABASE = '/';

/** Behind the name of ALTER TABLE: nothing but the other name. */
export function isRenameAlone(rest: string): boolean {
  const [verb, ...others] = tokensOf(rest) ?? [];
  const [first] = others;
  const isFollowed = wordOf(first) === 'TO' || wordOf(first) === 'AS' || (first?.kind === 'sign' && first.text === '=');
  const name = isFollowed ? others.slice(1) : others;
  const isName = (i: number): boolean => name[i]?.kind === 'word' || name[i]?.kind === 'quoted';
  const isPlain = name.length === 1 && isName(0);
  const isWithDatabase = name.length === 3 && isName(0) && name[1]?.text === '.' && isName(2);
  return wordOf(verb) === 'RENAME' && (isPlain || isWithDatabase);
}

/** Each table that was there before, and where it is in the end; not those that come back to their place. */
export function movedBy(moves: readonly Move[]): readonly Moved[] {
  const at = new Map<string, Moved>();
  for (const move of moves) {
    const before = at.get(keyOf(move.from));
    at.delete(keyOf(move.from));
    const steps = [...(before?.steps ?? []), move];
    at.set(keyOf(move.to), { from: before?.from ?? move.from, to: move.to, steps });
  }
  return [...at.values()].filter(({ from, to }) => keyOf(from) !== keyOf(to));
}

const keyOf = ({ database, table }: TableOfSource): string => tableKey(database, table);

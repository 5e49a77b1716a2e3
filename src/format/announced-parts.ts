/** What messages without rows have in every format. */
import type { DdlObject } from '../binlog/statements/ddl-statement.ts';
import type { CopyMarkFacts } from './format.ts';

/** `tables` of a statement; `null` in place of a table: the whole database. */
export const namesOf = (tables: readonly DdlObject[]): readonly (readonly [string, string | null])[] =>
  tables.map(({ database, table }) => [database, table ?? null]);

/** `copy` of the mark of a copy. */
export const copyOf = ({
  copy,
  what,
  rows,
  replaces,
  gtidSet,
}: Pick<CopyMarkFacts, 'copy' | 'what' | 'rows' | 'replaces' | 'gtidSet'>): Readonly<Record<string, unknown>> => ({
  id: copy,
  mark: what,
  rows,
  replaces,
  gtidSet,
});

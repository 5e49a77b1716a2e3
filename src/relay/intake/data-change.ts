import { RelayError } from '../../base/errors.ts';
import { readDataChange, type DataChange } from '../../binlog/statements/data-change.ts';
import type { Query } from '../../binlog/statements/query.ts';
import type { Flavour } from '../../binlog/gtids/gtids.ts';
import type { TableFilter } from '../../change/table-filter.ts';

/**
 * What a change that is logged as text means for the published tables. `foreign`: MySQL says which databases it may
 * write, triggers and functions included, and none of them has a published table. `emptied`: MySQL 8.0.12, not 9.7,
 * tells so that a MEMORY table is empty after a restart; it is no statement of a session, and says no databases. Throws
 * BINLOG_STATEMENT for all others.
 */
export function judgeDataChange(query: Query, flavour: Flavour, filter: TableFilter): 'foreign' | 'emptied' {
  const { databases } = query;
  const change = readDataChange(query);
  if (databases?.every((database) => !filter.mayInclude(database, undefined)) === true) return 'foreign';
  if (flavour === 'mysql' && databases === undefined && change.isAll) return 'emptied';
  throw new RelayError(
    'BINLOG_STATEMENT',
    `rows were changed by a statement that is logged as text${about(query, change)}`,
  );
}

function about({ database, databases }: Query, { kind, table }: DataChange): string {
  const what = table === undefined ? kind : `${kind} of ${table.database}.${table.table ?? '*'}`;
  const where =
    databases !== undefined
      ? `it may write tables of ${databases.join(', ')}`
      : database === ''
        ? 'its session had no default database'
        : `the default database of its session was ${database}`;
  return what === '' ? `; ${where}` : `: ${what}; ${where}`;
}

/**
 * A change of rows that is logged as text. Only the name of its first table is read: triggers and functions may write
 * any other. Source: the MySQL manual, "Data Manipulation Statements"
 */
import type { DdlObject } from './ddl-statement.ts';
import type { Query } from './query.ts';
import { afterSetStatement } from './set-statement.ts';
import type { SqlTokens } from './sql-tokens.ts';

export interface DataChange {
  /** `INSERT`, `LOAD DATA`. Never a name or a value. */
  readonly kind: string;
  /** The table it writes; undefined when that is not understood, or when there may be several. */
  readonly table: DdlObject | undefined;
  /** DELETE FROM a table that is named with its database, and nothing more. */
  readonly isAll: boolean;
}

export function readDataChange({ statement, database, quoting }: Query): DataChange {
  const sql = afterSetStatement(statement, quoting);
  const kind = sql?.word() ?? '';
  if (sql === undefined) return { kind, table: undefined, isAll: false };
  switch (kind) {
    case 'INSERT':
    case 'REPLACE':
      skip(sql, 'LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'INTO');
      return { kind, table: name(sql, database), isAll: false };
    case 'UPDATE': {
      skip(sql, 'LOW_PRIORITY', 'IGNORE');
      const table = name(sql, database);
      return { kind, table: sql.takeWord('SET') ? table : undefined, isAll: false };
    }
    case 'DELETE': {
      skip(sql, 'LOW_PRIORITY', 'QUICK', 'IGNORE');
      const table = sql.takeWord('FROM') ? name(sql, '') : undefined;
      return { kind, table, isAll: table !== undefined && sql.peek().kind === 'end' };
    }
    case 'LOAD': {
      const what = sql.word();
      while (!sql.takeWord('INTO')) {
        const { kind: met } = sql.next();
        if (met === 'end' || met === 'unreadable') break;
      }
      const table = sql.takeWord('TABLE') ? name(sql, database) : undefined;
      return { kind: `${kind} ${what === 'XML' ? what : 'DATA'}`, table, isAll: false };
    }
    default:
      return { kind: '', table: undefined, isAll: false };
  }
}

function skip(sql: SqlTokens, ...words: readonly string[]): void {
  while (sql.takeWord(...words));
}

function name(sql: SqlTokens, database: string): DdlObject | undefined {
  const first = sql.takeName();
  if (first === undefined) return undefined;
  if (!sql.takeSign('.')) return database === '' ? undefined : { database, table: first };
  const table = sql.takeName();
  return table === undefined ? undefined : { database: first, table };
}

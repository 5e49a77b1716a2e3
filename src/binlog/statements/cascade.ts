import { afterSetStatement } from './set-statement.ts';
import type { Quoting } from './sql-tokens.ts';

/**
 * True when the text has ON DELETE or ON UPDATE with CASCADE, SET NULL or SET DEFAULT: a foreign key by which rows
 * change that no statement names.
 */
export function hasCascade(statement: string, quoting: Quoting | undefined): boolean {
  const sql = afterSetStatement(statement, quoting);
  if (sql === undefined) return false;
  for (;;) {
    if (sql.takeWord('ON')) {
      if (!sql.takeWord('DELETE', 'UPDATE')) continue;
      if (sql.takeWord('CASCADE')) return true;
      if (sql.takeWord('SET') && sql.takeWord('NULL', 'DEFAULT')) return true;
      continue;
    }
    const { kind } = sql.next();
    if (kind === 'end' || kind === 'unreadable') return false;
  }
}

/**
 * What the text of a QUERY event means for a stream of row changes. Only the first words are read: no SQL parser.
 */
import { afterSetStatement } from './set-statement.ts';
import type { Quoting, SqlTokens } from './sql-tokens.ts';

export type StatementKind =
  | 'begin'
  | 'commit'
  | 'rollback'
  /** SAVEPOINT, ROLLBACK TO, RELEASE SAVEPOINT. */
  | 'savepoint'
  /** XA START, END, PREPARE, COMMIT, ROLLBACK. */
  | 'xa'
  /** Rows changed by a statement that is logged as text: what a stream of row events cannot give exactly. */
  | 'data-change'
  /** About accounts, roles and their rights: no table changes, and the text holds hashes of passwords. */
  | 'account'
  /** Everything else: CREATE, also CREATE … SELECT, whose rows follow as row events; ALTER, DROP, TRUNCATE … */
  | 'ddl';

/**
 * SELECT, DO and CALL are logged only for the rows that a stored function or procedure changes; WITH only before UPDATE
 * and DELETE.
 */
const DATA_CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'SELECT', 'DO', 'CALL']);
/** ANALYZE of tables, not of a statement. */
const TABLES_OF_ANALYZE = new Set(['TABLE', 'TABLES', 'LOCAL', 'NO_WRITE_TO_BINLOG']);
const ACCOUNTS = new Set(['USER', 'ROLE']);

/**
 * Classifies a statement as the server wrote it to the binlog. What is not understood after SET STATEMENT may change
 * rows.
 */
export function statementKind(statement: string, quoting?: Quoting): StatementKind {
  const sql = afterSetStatement(statement, quoting);
  if (sql === undefined) return 'data-change';
  while (sql.takeSign('(') || sql.takeSign(';'));
  const first = sql.word();
  switch (first) {
    case 'BEGIN':
      return 'begin';
    case 'START':
      return sql.word() === 'TRANSACTION' ? 'begin' : 'ddl';
    case 'COMMIT':
      return 'commit';
    case 'ROLLBACK':
      return rollbackKind(sql);
    case 'SAVEPOINT':
    case 'RELEASE':
      return 'savepoint';
    case 'XA':
      return 'xa';
    case 'GRANT':
    case 'REVOKE':
      return 'account';
    case 'SET':
      return 'account';
    case 'ANALYZE':
      // MariaDB's ANALYZE UPDATE does what it explains.
      return TABLES_OF_ANALYZE.has(sql.word()) ? 'ddl' : 'data-change';
    case 'CREATE':
    case 'ALTER':
    case 'DROP':
    case 'RENAME':
      return ACCOUNTS.has(sql.word()) ? 'account' : 'ddl';
    default:
      return DATA_CHANGES.has(first) ? 'data-change' : 'ddl';
  }
}

/** ROLLBACK [WORK] TO [SAVEPOINT] name takes back a part only. */
function rollbackKind(sql: SqlTokens): StatementKind {
  const next = sql.word();
  return next === 'TO' || (next === 'WORK' && sql.word() === 'TO') ? 'savepoint' : 'rollback';
}

/**
 * SAVEPOINT, ROLLBACK TO and RELEASE SAVEPOINT, as they stand in a transaction of the binlog. Source: the MySQL manual,
 * "SAVEPOINT, ROLLBACK TO SAVEPOINT, and RELEASE SAVEPOINT Statements"; binlog_savepoint_set in sql/log.cc of MariaDB.
 */
import { decodeError } from '../wire/decode-error.ts';
import type { Query } from './query.ts';
import { SqlTokens } from './sql-tokens.ts';

export interface SavepointStatement {
  readonly verb: 'set' | 'rollback' | 'release';
  /** Names that are equal for the server have the same. */
  readonly savepoint: string;
}

/** Throws BINLOG_DECODE for a text that names no savepoint. */
export function readSavepointStatement({ statement, quoting }: Query): SavepointStatement {
  const sql = new SqlTokens(statement, quoting);
  const verb = VERBS.get(sql.word()) ?? 'set';
  if (verb === 'rollback') {
    sql.takeWord('WORK');
    sql.takeWord('TO');
  }
  if (verb !== 'set') sql.takeWord('SAVEPOINT');
  const name = sql.takeName();
  if (name === undefined) throw decodeError('QUERY', 'the name of a savepoint', 0);
  return { verb, savepoint: comparable(name) };
}

/** The server compares such names by utf8mb3_general_ci, without regard to case and accents. */
const comparable = (name: string): string => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const VERBS = new Map<string, SavepointStatement['verb']>([
  ['SAVEPOINT', 'set'],
  ['ROLLBACK', 'rollback'],
  ['RELEASE', 'release'],
]);

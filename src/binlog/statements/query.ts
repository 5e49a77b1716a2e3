/**
 * QUERY: a statement as text: BEGIN, DDL, and data changes when not logged as rows. EXECUTE_LOAD_QUERY: LOAD DATA,
 * whose file came before it. Source: Query_event and Execute_load_query_event in libs/mysql/binlog/event/
 *
 *   thread 4 | seconds 4 | length of database 1 | error code 2 | length of status variables 2 | of a LOAD DATA 13 more |
 *   status variables | database | 0 | statement, to the end
 */
import { equalBytes } from '../../base/equal-bytes.ts';
import { statementText } from '../charsets/statement-text.ts';
import { Cursor } from '../wire/cursor.ts';
import { eventType, HEADER_BYTES } from '../wire/event-header.ts';
import { EVENT } from '../wire/event-types.ts';
import type { Quoting } from './sql-tokens.ts';
import { readQueryVariables } from './query-variables.ts';

export interface Query {
  /** The default database of the session; empty when it had none. */
  readonly database: string;
  /**
   * Bytes that are no characters of the session's character set are U+FFFD. Good for telling what it is and for showing
   * it, not for running it.
   */
  readonly statement: string;
  /** How quotes and backslashes in it are read; undefined when that is not known. */
  readonly quoting: Quoting | undefined;
  /** See QueryVariables. */
  readonly databases: readonly string[] | undefined;
  /** Not 0 for a statement that failed half-way on the server. */
  readonly errorCode: number;
}

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readQuery(b: Buffer, start: number, end: number): Query {
  const cursor = new Cursor('QUERY', b, start, start + HEADER_BYTES, end);
  cursor.skip(8, 'a thread id and an execution time');
  const databaseBytes = cursor.u8('the length of the database');
  const errorCode = cursor.u16('an error code');
  const variablesBytes = cursor.u16('the length of the status variables');
  if (eventType(b, start) === EVENT.EXECUTE_LOAD_QUERY) cursor.skip(LOAD_BYTES, 'a file');
  const variables = readQueryVariables(cursor.part(variablesBytes, 'the status variables'));
  const database = cursor.utf8(databaseBytes, 'a database');
  if (cursor.u8('a zero after the database') !== 0) cursor.fail('a zero after the database');
  const { text, isExact } = statementText(cursor.view(cursor.left, 'a statement'), variables.client);
  const quoting = isExact ? variables.quoting : undefined;
  return { database, statement: text, quoting, databases: variables.databases, errorCode };
}

/**
 * True when the statement is BEGIN as the server itself writes it, before each transaction: nothing else has to be read
 * then.
 */
export function isBegin(b: Buffer, start: number, end: number): boolean {
  const statement = end - BEGIN.length;
  if (statement < start + VARIABLES || !equalBytes(b, statement, BEGIN, 0, BEGIN.length)) return false;
  return statementStart(b, start) === statement;
}

/**
 * Where the statement of the event at `b[start]` begins: after status variables, database and its zero. The event must
 * reach up to its variables.
 */
export function statementStart(b: Buffer, start: number): number {
  return start + VARIABLES + b.readUInt16LE(start + VARIABLES_LENGTH) + b.readUInt8(start + DATABASE_LENGTH) + 1;
}

/** Of an EXECUTE_LOAD_QUERY: id of the file, two places in the statement, and what becomes of duplicates. */
const LOAD_BYTES = 13;
const BEGIN = Buffer.from('BEGIN');
const DATABASE_LENGTH = HEADER_BYTES + 8;
const VARIABLES_LENGTH = HEADER_BYTES + 11;
/** Where the status variables stand in the event. */
export const VARIABLES = HEADER_BYTES + 13;

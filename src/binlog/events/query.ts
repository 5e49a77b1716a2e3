/**
 * QUERY: a statement as text: BEGIN, DDL, and data changes when not logged as rows.
 * Source: Query_event in libs/mysql/binlog/event/statement_events.h
 *
 *   thread 4 | seconds 4 | length of database 1 | error code 2 | length of status variables 2 |
 *   status variables | database | 0 | statement, to the end
 */
import { equalBytes } from '../../base/equal-bytes.ts';
import { Cursor } from '../cursor.ts';
import { HEADER_BYTES } from '../event-header.ts';

export interface Query {
  /** The default database of the session; empty when it had none. */
  readonly database: string;
  /** Read as UTF-8; bytes of another character set become U+FFFD. Good for telling what it is and for showing it, not for running it. */
  readonly statement: string;
  /** Not 0 for a statement that failed half-way on the server. */
  readonly errorCode: number;
}

/** `end`: behind the body, without the checksum. Throws BINLOG_DECODE. */
export function readQuery(b: Buffer, start: number, end: number): Query {
  const cursor = new Cursor('QUERY', b, start, start + HEADER_BYTES, end);
  cursor.skip(8, 'a thread id and an execution time');
  const databaseBytes = cursor.u8('the length of the database');
  const errorCode = cursor.u16('an error code');
  cursor.skip(cursor.u16('the length of the status variables'), 'the status variables');
  const database = cursor.utf8(databaseBytes, 'a database');
  if (cursor.u8('a zero behind the database') !== 0) cursor.fail('a zero behind the database');
  return { database, statement: cursor.utf8(cursor.left, 'a statement'), errorCode };
}

/** True when the statement is BEGIN as the server itself writes it, before each transaction: nothing else has to be read then. */
export function isBegin(b: Buffer, start: number, end: number): boolean {
  const statement = end - BEGIN.length;
  if (statement < start + VARIABLES || !equalBytes(b, statement, BEGIN, 0, BEGIN.length)) return false;
  return statementStart(b, start) === statement;
}

/** Where the statement of the event at `b[start]` begins: behind status variables, database and its zero. The event must reach up to its variables. */
export function statementStart(b: Buffer, start: number): number {
  return start + VARIABLES + b.readUInt16LE(start + VARIABLES_LENGTH) + b.readUInt8(start + DATABASE_LENGTH) + 1;
}

const BEGIN = Buffer.from('BEGIN');
const DATABASE_LENGTH = HEADER_BYTES + 8;
const VARIABLES_LENGTH = HEADER_BYTES + 11;
/** Where the status variables stand in the event. */
export const VARIABLES = HEADER_BYTES + 13;

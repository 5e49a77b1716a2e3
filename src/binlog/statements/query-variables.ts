/**
 * The status variables of a QUERY event: what the session was set to. Source: Query_event in
 * libs/mysql/binlog/event/statement_events.h; MariaDB's are the same up to 11.
 *
 *   variables of: code 1 | value, of a size that the code tells
 */
import type { Cursor } from '../wire/cursor.ts';
import type { Quoting } from './sql-tokens.ts';

export interface QueryVariables {
  /** Undefined when the event does not tell. */
  quoting: Quoting | undefined;
  /**
   * Collation id of character_set_client, in which the statement is written; undefined when the event does not tell.
   */
  client: number | undefined;
  /**
   * The databases with tables that the statement may write, by triggers and functions too. Undefined when the event
   * does not tell: on MariaDB, for more than 16, and where the server wrote the statement by itself.
   */
  databases: readonly string[] | undefined;
}

const CODE = {
  FLAGS2: 0,
  SQL_MODE: 1,
  AUTO_INCREMENT: 3,
  CHARSET: 4,
  TIME_ZONE: 5,
  CATALOG_NZ: 6,
  LC_TIME_NAMES: 7,
  CHARSET_DATABASE: 8,
  TABLE_MAP_FOR_UPDATE: 9,
  MASTER_DATA_WRITTEN: 10,
  INVOKER: 11,
  UPDATED_DB_NAMES: 12,
} as const;

/** Values of a fixed size that say nothing here. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [CODE.FLAGS2, 4],
  [CODE.AUTO_INCREMENT, 4],
  [CODE.LC_TIME_NAMES, 2],
  [CODE.CHARSET_DATABASE, 2],
  [CODE.TABLE_MAP_FOR_UPDATE, 8],
  [CODE.MASTER_DATA_WRITTEN, 4],
]);

const ANSI_QUOTES = 1n << 2n;
const NO_BACKSLASH_ESCAPES = 1n << 20n;
/** OVER_MAX_DBS_IN_EVENT_MTS */
const TOO_MANY = 254;

/** Reads them up to the first one that is not known: servers write those that count here before all newer ones. */
export function readQueryVariables(cursor: Cursor): QueryVariables {
  const variables: QueryVariables = { quoting: undefined, client: undefined, databases: undefined };
  while (cursor.left > 0) {
    const code = cursor.u8('the code of a status variable');
    const size = SIZES.get(code);
    if (size !== undefined) cursor.skip(size, `status variable ${code}`);
    else if (!readVariable(code, cursor, variables)) break;
  }
  return variables;
}

/** False when it is not known. */
function readVariable(code: number, cursor: Cursor, into: QueryVariables): boolean {
  switch (code) {
    case CODE.SQL_MODE: {
      const mode = cursor.u64('sql_mode');
      into.quoting = {
        ansiQuotes: (mode & ANSI_QUOTES) !== 0n,
        backslashEscapes: (mode & NO_BACKSLASH_ESCAPES) === 0n,
      };
      return true;
    }
    case CODE.CHARSET:
      into.client = cursor.u16('character_set_client');
      cursor.skip(4, 'two collations');
      return true;
    case CODE.TIME_ZONE:
    case CODE.CATALOG_NZ:
      cursor.skip(cursor.u8('the length of a text'), 'a text');
      return true;
    case CODE.INVOKER:
      cursor.skip(cursor.u8('the length of a user'), 'a user');
      cursor.skip(cursor.u8('the length of a host'), 'a host');
      return true;
    case CODE.UPDATED_DB_NAMES: {
      const count = cursor.u8('the number of databases');
      if (count !== TOO_MANY) into.databases = Array.from({ length: count }, () => cursor.zeroTerminated('a database'));
      return count !== TOO_MANY;
    }
    default:
      return false;
  }
}

/**
 * The event types of MySQL 8.0 to 9.7, and from 160 on those of MariaDB, which has the same ones up to 29 and
 * XA_PREPARE. Source: Log_event_type in libs/mysql/binlog/event/binlog_event.h of MySQL, in sql/log_event.h of MariaDB;
 * the flags in sql/log_event.h.
 */
export const EVENT = {
  QUERY: 2,
  STOP: 3,
  ROTATE: 4,
  INTVAR: 5,
  APPEND_BLOCK: 9,
  DELETE_FILE: 11,
  RAND: 13,
  USER_VAR: 14,
  FORMAT_DESCRIPTION: 15,
  XID: 16,
  BEGIN_LOAD_QUERY: 17,
  EXECUTE_LOAD_QUERY: 18,
  TABLE_MAP: 19,
  WRITE_ROWS_V1: 23,
  UPDATE_ROWS_V1: 24,
  DELETE_ROWS_V1: 25,
  INCIDENT: 26,
  HEARTBEAT: 27,
  IGNORABLE: 28,
  ROWS_QUERY: 29,
  WRITE_ROWS: 30,
  UPDATE_ROWS: 31,
  DELETE_ROWS: 32,
  GTID: 33,
  ANONYMOUS_GTID: 34,
  PREVIOUS_GTIDS: 35,
  TRANSACTION_CONTEXT: 36,
  VIEW_CHANGE: 37,
  XA_PREPARE: 38,
  PARTIAL_UPDATE_ROWS: 39,
  TRANSACTION_PAYLOAD: 40,
  HEARTBEAT_V2: 41,
  GTID_TAGGED: 42,
  ANNOTATE_ROWS: 160,
  BINLOG_CHECKPOINT: 161,
  MARIADB_GTID: 162,
  MARIADB_GTID_LIST: 163,
  START_ENCRYPTION: 164,
  QUERY_COMPRESSED: 165,
  WRITE_ROWS_COMPRESSED_V1: 166,
  UPDATE_ROWS_COMPRESSED_V1: 167,
  DELETE_ROWS_COMPRESSED_V1: 168,
  WRITE_ROWS_COMPRESSED: 169,
  UPDATE_ROWS_COMPRESSED: 170,
  DELETE_ROWS_COMPRESSED: 171,
  PARTIAL_ROW_DATA: 172,
} as const;

/** On FORMAT_DESCRIPTION: the file was not closed yet when these bytes were read. */
export const LOG_EVENT_BINLOG_IN_USE_F = 0x1;
/** Made up by the dump thread: it stands in no file, and its position says nothing. */
export const LOG_EVENT_ARTIFICIAL_F = 0x20;
/** A reader that does not know the type may pass over the event. */
export const LOG_EVENT_IGNORABLE_F = 0x80;

const names = new Map<number, string>(Object.entries(EVENT).map(([name, code]) => [code, name]));

/** The name of an event type for messages; `UNKNOWN(99)` for a code that is not in the table. */
export function eventName(code: number): string {
  return names.get(code) ?? `UNKNOWN(${code})`;
}

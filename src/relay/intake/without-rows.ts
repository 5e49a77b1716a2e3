import { RelayError } from '../../base/errors.ts';
import { eventFlags } from '../../binlog/wire/event-header.ts';
import { EVENT, eventName, LOG_EVENT_IGNORABLE_F } from '../../binlog/wire/event-types.ts';

const REMEDIES = new Map<number, string>([
  [
    EVENT.START_ENCRYPTION,
    'Start the server with encrypt_binlog = OFF, and start after the binlogs that are encrypted.',
  ],
  // MariaDB from 12.3 on cuts events of rows that are larger.
  [
    EVENT.PARTIAL_ROW_DATA,
    "Set the server's binlog_row_event_fragment_threshold to its largest value, so that it writes events of rows whole; what is written in " +
      'fragments already has to be passed over: skip that transaction, and bring the copy of its tables up to date by hand.',
  ],
]);

/**
 * Lets an event pass that neither brings rows nor begins or ends a transaction. Throws BINLOG_UNSUPPORTED for one that
 * is not known to be such.
 */
export function passWithoutRows(type: number, b: Buffer, start: number): void {
  switch (type) {
    case EVENT.FORMAT_DESCRIPTION:
    case EVENT.PREVIOUS_GTIDS:
    case EVENT.ROWS_QUERY:
    case EVENT.IGNORABLE:
    case EVENT.HEARTBEAT:
    case EVENT.HEARTBEAT_V2:
    case EVENT.STOP:
    // Values for a statement that follows as text; the statement itself is judged when it comes.
    case EVENT.INTVAR:
    case EVENT.RAND:
    case EVENT.USER_VAR:
    // The file of a LOAD DATA that follows as a statement.
    case EVENT.BEGIN_LOAD_QUERY:
    case EVENT.APPEND_BLOCK:
    case EVENT.DELETE_FILE:
    // Group replication's own book-keeping: no rows.
    case EVENT.TRANSACTION_CONTEXT:
    case EVENT.VIEW_CHANGE:
    // MariaDB: the statement of rows, which follow; what its recovery needs; where the file begins.
    case EVENT.ANNOTATE_ROWS:
    case EVENT.BINLOG_CHECKPOINT:
    case EVENT.MARIADB_GTID_LIST:
      return;
    default:
      if ((eventFlags(b, start) & LOG_EVENT_IGNORABLE_F) !== 0) return;
      throw new RelayError('BINLOG_UNSUPPORTED', `event ${eventName(type)} is not supported by this version`, {
        remedy: REMEDIES.get(type) ?? 'Report the server version and its settings.',
      });
  }
}

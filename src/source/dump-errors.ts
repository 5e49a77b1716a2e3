import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';

interface DumpError {
  readonly text: RegExp;
  readonly code: Code;
  readonly remedy?: string;
}

/**
 * Error 1236 has one number for everything that ends a dump; what happened is in its text. The texts of 8.0 (master, slave) and of 8.4 and later
 * (source, replica): sql/rpl_binlog_sender.cc and sql/rpl_source.cc of MySQL; those that speak of one GTID: sql/sql_repl.cc of MariaDB.
 */
const DUMP_ERRORS: readonly DumpError[] = [
  { text: /with the same server_uuid\/server_id/, code: 'SOURCE_SERVER_ID_TAKEN' },
  { text: /purged required binary logs/, code: 'BINLOG_PURGED' },
  { text: /Could not find first log file name/, code: 'BINLOG_PURGED' },
  // The file that was read is not in the server's list any more: reset, or removed. The next session asks where the server stands, and says which.
  { text: /could not find next log/, code: 'SOURCE_UNREACHABLE' },
  { text: /Could not find GTID state requested by slave/, code: 'BINLOG_PURGED' },
  { text: /requested to start from GTID .* not in the master's binlog/, code: 'SOURCE_ROLLED_BACK' },
  { text: /binlog on the master is missing the GTID/, code: 'SOURCE_ROLLED_BACK' },
  { text: /has more GTIDs than the (?:master|source)/, code: 'SOURCE_ROLLED_BACK' },
  { text: /position > file size/, code: 'SOURCE_ROLLED_BACK' },
  {
    text: /in AUTO_POSITION mode: this server has GTID_MODE/,
    code: 'SOURCE_CHANGED',
    remedy: 'GTIDs were turned off: SET PERSIST gtid_mode = ON again; or start with a new checkpoint folder.',
  },
  {
    text: /Cannot replicate anonymous transaction when AUTO_POSITION/,
    code: 'SOURCE_POSITION_INVALID',
    remedy:
      'GTIDs were turned on later than the start position: start behind that place, with source.start latest or a gtidSet.',
  },
  { text: /did not pass crc check|checksum/i, code: 'BINLOG_CHECKSUM' },
  {
    text: /position < 4|bogus data in log event|binlog truncated in the middle of event|Found invalid event/,
    code: 'SOURCE_POSITION_INVALID',
  },
];

/** `message` is the text of the server's error `number`. */
export function dumpError(message: string, number: number, cause: unknown): RelayError {
  const found = DUMP_ERRORS.find(({ text }) => text.test(message));
  return new RelayError(found?.code ?? 'SOURCE_ERROR', `MySQL: ${message} (${number})`, {
    cause,
    ...(found?.remedy !== undefined && { remedy: found.remedy }),
  });
}

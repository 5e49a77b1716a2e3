import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';

interface DumpError {
  readonly text: RegExp;
  readonly code: Code;
  readonly remedy?: string;
}

const BY_FILE =
  'The server has transactions without GTID. While gtid_mode is not ON the relay goes on by file and offset, and publishes them: SET GLOBAL gtid_mode = ON_PERMISSIVE (from OFF by OFF_PERMISSIVE), start the relay, and turn gtid_mode to ON only when /healthz says `idle`; then restart the relay.';

/** Of a server that looks at checksums itself: nobody can name the transaction while it sends nothing of it. */
export const VERIFYING_SERVER =
  'The server does not send what is damaged on its disk. Read from a replica that has the transactions (source.host, with GTIDs). Otherwise let it send that: SET GLOBAL source_verify_checksum = OFF (before 8.0.26 and of MariaDB master_verify_checksum), and start the relay: it stops there, and names the transaction for run --skip. Then repair the copies.';

/**
 * Error 1236 has one number for everything that ends a dump; what happened is in its text. The texts of 8.0 (master,
 * slave) and of 8.4 and later (source, replica): sql/rpl_binlog_sender.cc and sql/rpl_source.cc of MySQL; those that
 * speak of one GTID: sql/sql_repl.cc of MariaDB.
 */
const DUMP_ERRORS: readonly DumpError[] = [
  // MariaDB 11.8 names the server_id alone.
  { text: /with the same server_(?:uuid\/server_)?id/, code: 'SOURCE_SERVER_ID_TAKEN' },
  { text: /purged required binary logs/, code: 'BINLOG_PURGED' },
  { text: /Could not find first log file name/, code: 'BINLOG_PURGED' },
  // The file that was read is not in the server's list any more: reset, or removed. The next session asks where the
  // server stands, and says which.
  { text: /could not find next log/, code: 'SOURCE_UNREACHABLE' },
  // The server's disk, memory, files or line failed it for a moment; the same place can be read again.
  { text: /I\/O error reading log event/, code: 'SOURCE_UNREACHABLE' },
  { text: /memory allocation failed|out of memory/i, code: 'SOURCE_UNREACHABLE' },
  { text: /[Cc]ould not open log file/, code: 'SOURCE_UNREACHABLE' },
  { text: /failed on (?:my_net_write|net_flush|flush_net)/i, code: 'SOURCE_UNREACHABLE' },
  // It logs nothing, or cannot be a source: no waiting changes its settings.
  {
    text: /Binary log is not open/,
    code: 'SOURCE_SETTINGS',
    remedy: 'Find out in the error log of the server why its binlog is closed: changes since then are in no binlog.',
  },
  { text: /server_id is 0/, code: 'SOURCE_SETTINGS', remedy: 'Give the server a server_id other than 0.' },
  { text: /Could not find GTID state requested by slave/, code: 'BINLOG_PURGED' },
  { text: /requested to start from GTID .* not in the master's binlog/, code: 'SOURCE_ROLLED_BACK' },
  { text: /binlog on the master is missing the GTID/, code: 'SOURCE_ROLLED_BACK' },
  { text: /has more GTIDs than the (?:master|source)/, code: 'SOURCE_ROLLED_BACK' },
  { text: /position > file size/, code: 'SOURCE_ROLLED_BACK' },
  {
    text: /in AUTO_POSITION mode: this server has GTID_MODE/,
    code: 'SOURCE_CHANGED',
    remedy: BY_FILE,
  },
  {
    text: /Cannot replicate anonymous transaction when AUTO_POSITION/,
    code: 'SOURCE_CHANGED',
    remedy: BY_FILE,
  },
  {
    text: /Cannot replicate GTID-transaction when/,
    code: 'SOURCE_CHANGED',
    remedy: BY_FILE,
  },
  { text: /did not pass crc check/, code: 'BINLOG_CHECKSUM', remedy: VERIFYING_SERVER },
  // Of a configured start it is not the boundary of an event. In mid-stream the server read what was just being
  // written, or its disk is full; see run.ts.
  {
    text: /position < 4|bogus data in log event|exceeded max_allowed_packet|truncated in the middle of event|Found invalid event/,
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

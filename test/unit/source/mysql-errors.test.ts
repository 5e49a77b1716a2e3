import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { isWithoutTls } from '../../../src/mysql/thrown.ts';
import { isGrantMissing, serverErrorNumber, sourceError } from '../../../src/source/mysql-errors.ts';

/** As mysql2 gives them. */
function thrown(message: string, facts: Readonly<Record<string, unknown>> = {}): Error {
  return Object.assign(new Error(message), facts);
}

describe('sourceError', () => {
  // As measured on 9.7.4 and 8.0.12.
  it.each([
    [1045, 'SOURCE_ACCESS_DENIED', false],
    [3118, 'SOURCE_ACCESS_DENIED', false],
    [1227, 'SOURCE_GRANT_MISSING', false],
    [1142, 'SOURCE_GRANT_MISSING', false],
    [3159, 'SOURCE_TLS', false],
    [1040, 'SOURCE_UNREACHABLE', true],
    [1053, 'SOURCE_UNREACHABLE', true],
    [3169, 'SOURCE_UNREACHABLE', true],
    [4031, 'SOURCE_UNREACHABLE', true],
    [1064, 'SOURCE_ERROR', false],
  ] as const)('maps error %i of the server to %s', (errno, code, isRetryable) => {
    const error = sourceError(thrown('the text', { errno, code: 'ER_SOMETHING', sqlState: 'HY000' }));
    expect(error).toMatchObject({ code, message: `MySQL: the text (${errno})`, retryable: isRetryable });
    expect(serverErrorNumber(error)).toBe(errno);
  });

  it.each([
    ['ECONNREFUSED', 'SOURCE_UNREACHABLE', true],
    ['ETIMEDOUT', 'SOURCE_UNREACHABLE', true],
    ['PROTOCOL_CONNECTION_LOST', 'SOURCE_UNREACHABLE', true],
    ['EAI_AGAIN', 'SOURCE_UNREACHABLE', true],
    ['ENOTFOUND', 'SOURCE_HOST_UNKNOWN', true],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'SOURCE_TLS', false],
  ] as const)('maps %s to %s', (name, code, isRetryable) => {
    // Node.js gives a negative errno: not one of the server.
    const error = sourceError(thrown('the text', { errno: -111, code: name, fatal: true }));
    expect(error).toMatchObject({ code, message: 'MySQL: the text', retryable: isRetryable });
    expect(serverErrorNumber(error)).toBeUndefined();
  });

  it('takes a connection that has ended for the server being away', () => {
    const error = thrown("Can't add new command when connection is in closed state", { fatal: true });
    expect(sourceError(error).code).toBe('SOURCE_UNREACHABLE');
  });

  it.each([
    ['source', 1045, 'MySQL at db:3306, as u: the text (1045)', 'Check source.user and source.password'],
    [
      'copy.source',
      1045,
      'MySQL at db:3306 (copy.source), as u: the text (1045)',
      'Check copy.source.user and copy.so',
    ],
    [
      'verify.source',
      1053,
      'MySQL at db:3306 (verify.source): the text (1053)',
      'check verify.source.host and verify.so',
    ],
    [
      'verify.source',
      3159,
      'MySQL at db:3306 (verify.source): the text (3159)',
      'set verify.source.tls.mode to required',
    ],
    ['source', 1227, 'MySQL: the text (1227)', "TO '<source.user>'@"],
  ])('names the settings of %s', (section, errno, message, remedy) => {
    const error = sourceError(thrown('the text', { errno }), { host: 'db', port: 3306, user: 'u', section });
    expect(error.message).toBe(message);
    expect(error.remedy).toContain(remedy);
    expect(error.remedy).not.toContain('{');
  });

  it('shows every address of a host that refuses on all', () => {
    const inner = ['::1', '127.0.0.1'].map((host) =>
      thrown(`connect ECONNREFUSED ${host}:1`, { code: 'ECONNREFUSED' }),
    );
    const error = sourceError(new AggregateError(inner));
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    expect(error.message).toBe('MySQL: connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1');
  });

  it('leaves a RelayError as it is, and takes what it does not know for terminal', () => {
    const own = new RelayError('SOURCE_LOCKED', 'locked');
    expect(sourceError(own)).toBe(own);
    expect(sourceError('text')).toMatchObject({ code: 'SOURCE_ERROR', retryable: false });
    expect(sourceError(thrown('boom')).code).toBe('SOURCE_ERROR');
  });
});

it('takes the number that MariaDB has for a reader that was thrown out as the end of a dump', () => {
  const text = "A slave with the same server_uuid/server_id is already connected; the first event '.' at 4";
  const error = sourceError(thrown(text, { errno: 4052, code: 'ER_SLAVE_SAME_ID', sqlState: 'HY000' }));
  expect(error).toMatchObject({ code: 'SOURCE_SERVER_ID_TAKEN', message: `MySQL: ${text} (4052)` });
});

describe('error 1236', () => {
  const DUMP = { errno: 1236, code: 'ER_SOURCE_FATAL_ERROR_READING_BINLOG', sqlState: 'HY000' };
  // The servers' own texts, 9.7.4 and 8.0.12.
  it.each([
    [
      'SOURCE_SERVER_ID_TAKEN',
      "A replica with the same server_uuid/server_id as this replica has connected to the source; the first event '' at 4, the last event read from './binlog.000001' at 1392, the last byte read from './binlog.000001' at 1392.",
    ],
    [
      'SOURCE_SERVER_ID_TAKEN',
      "A slave with the same server_uuid/server_id as this slave has connected to the master; the first event '' at 4, the last event read from './binlog.000001' at 1364, the last byte read from './binlog.000001' at 1364.",
    ],
    ['BINLOG_PURGED', 'Could not find first log file name in binary log index file'],
    [
      'BINLOG_PURGED',
      "Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere, or provision a new replica from backup. Consider increasing the source's binary log expiration period. The GTID set sent by the replica is 'f3792cf7-e72c-11f1-b015-02fc00000001:1-5', and the missing transactions are 'f3792cf7-e72c-11f1-b015-02fc00000001:6'",
    ],
    [
      'BINLOG_PURGED',
      "Cannot replicate because the master purged required binary logs. Replicate the missing transactions from elsewhere, or provision a new slave from backup. Consider increasing the master's binary log expiration period. To find the missing transactions, see the master's error log or the manual for GTID_SUBTRACT.",
    ],
    ['SOURCE_ROLLED_BACK', "Replica has more GTIDs than the source has, using the source's SERVER_UUID."],
    ['SOURCE_ROLLED_BACK', "Slave has more GTIDs than the master has, using the master's SERVER_UUID."],
    ['SOURCE_ROLLED_BACK', 'Client requested source to start replication from position > file size'],
    ['SOURCE_ROLLED_BACK', 'Client requested master to start replication from position > file size'],
    ['SOURCE_POSITION_INVALID', 'Client requested source to start replication from position < 4'],
    ['SOURCE_POSITION_INVALID', "bogus data in log event; the first event 'binlog.000001' at 160"],
    [
      'SOURCE_POSITION_INVALID',
      "binlog truncated in the middle of event; consider out of disk space on source; the first event 'binlog.000001' at 160",
    ],
    [
      'SOURCE_CHANGED',
      'The replication sender thread cannot start in AUTO_POSITION mode: this server has GTID_MODE = OFF instead of ON.',
    ],
    // MariaDB's, 10.11.18.
    [
      'BINLOG_PURGED',
      'Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged.',
    ],
    [
      'SOURCE_ROLLED_BACK',
      "Error: connecting slave requested to start from GTID 0-21390-999999, which is not in the master's binlog",
    ],
    [
      'SOURCE_ROLLED_BACK',
      'The binlog on the master is missing the GTID 0-21390-150 requested by the slave (even though both a prior and a subsequent sequence number does exist), and GTID strict mode is enabled',
    ],
    // MariaDB's, 11.8.
    ['SOURCE_SERVER_ID_TAKEN', "A slave with the same server_id is already connected; the first event '.' at 4"],
    ['SOURCE_ERROR', 'something new'],
  ])('is %s: %s', (code, text) => {
    expect(sourceError(thrown(text, DUMP))).toMatchObject({ code, retryable: false, message: `MySQL: ${text} (1236)` });
  });

  it.each([
    'I/O error reading log event',
    'memory allocation failed reading log event',
    'could not open log file',
    'Failed on my_net_write()',
    'failed on net_flush()',
  ])('is to be tried again when the server failed for a moment: %s', (text) => {
    expect(sourceError(thrown(text, DUMP))).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it.each([
    ['SOURCE_SETTINGS', 'Binary log is not open'],
    ['SOURCE_SETTINGS', 'Misconfigured source - source server_id is 0'],
    ['SOURCE_CHANGED', 'Cannot replicate GTID-transaction when @@GLOBAL.GTID_MODE = OFF, at file ./binlog.000003'],
    ['BINLOG_CHECKSUM', 'event read from binlog did not pass crc check'],
    ['SOURCE_POSITION_INVALID', 'log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source'],
    // The session announces checksums: this text has become one that nobody expects.
    ['SOURCE_ERROR', 'Replica can not handle replication events with the checksum that source is configured to log'],
  ])('is %s, by its text: %s', (code, text) => {
    expect(sourceError(thrown(text, DUMP))).toMatchObject({ code });
  });

  it('is to be tried again when a file is gone: the next session finds out why', () => {
    const text =
      "could not find next log; the first event 'binlog.000010' at 4, the last event read from './binlog.000010'";
    expect(sourceError(thrown(text, DUMP))).toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true });
  });
});

it('tells a missing grant and a server without TLS', () => {
  expect(isGrantMissing(sourceError(thrown('denied', { errno: 1227 })))).toBe(true);
  expect(isGrantMissing(sourceError(thrown('denied', { errno: 1045 })))).toBe(false);
  expect(isWithoutTls(thrown('no TLS', { code: 'HANDSHAKE_NO_SSL_SUPPORT' }))).toBe(true);
  expect(isWithoutTls(thrown('bad TLS', { code: 'HANDSHAKE_SSL_ERROR' }))).toBe(false);
});

describe('an error of the TLS handshake, which mysql2 always calls HANDSHAKE_SSL_ERROR', () => {
  it.each([
    ['SOURCE_UNREACHABLE', 'read ECONNRESET', { errno: -104, syscall: 'read' }],
    ['SOURCE_UNREACHABLE', 'write EPIPE', { errno: -32, syscall: 'write' }],
    ['SOURCE_UNREACHABLE', 'read ETIMEDOUT', { errno: -110, syscall: 'read' }],
    ['SOURCE_UNREACHABLE', 'Client network socket disconnected before secure TLS connection was established', {}],
    ['SOURCE_UNREACHABLE', 'error:0A000126:SSL routines::unexpected eof while reading', { library: 'SSL routines' }],
    ['SOURCE_TLS', 'self-signed certificate in certificate chain', {}],
    ['SOURCE_TLS', 'error:0A000102:SSL routines::unsupported protocol', { library: 'SSL routines' }],
  ])('is %s: %s', (code, text, facts) => {
    const error = Object.assign(new Error(text), facts, { code: 'HANDSHAKE_SSL_ERROR', fatal: true });
    expect(sourceError(error)).toMatchObject({ code });
  });
});

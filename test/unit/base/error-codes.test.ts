import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type Retried } from '../../../src/base/error-codes.ts';

/** Every code stands here once: a new one is decided, not left to its constructor. */
const DECIDED: Readonly<Record<Retried, readonly string[]>> = {
  // Nothing is wrong with the configuration.
  always: [
    'SOURCE_UNREACHABLE',
    'SOURCE_HOST_UNKNOWN',
    'SOURCE_BEHIND',
    'SOURCE_NO_HOST_FIT',
    'SOURCE_MOVED',
    'COPY_REPLICA_BEHIND',
    'COPY_STREAM_BEHIND',
    'SINK_UNREACHABLE',
    'SINK_BUSY',
    'SINK_DISK_FULL',
    'CHECKPOINT_DISK_FULL',
    'CHECKPOINT_DISK_FAILS',
    'CHECKPOINT_UNREACHABLE',
    // The target of apply comes back, has room again, frees its locks; a lane is read anew.
    'TARGET_UNREACHABLE',
    'TARGET_BUSY',
    'TARGET_READ_ONLY',
    'TARGET_FULL',
    'LEDGER_FENCED',
    // The lane waits for a copy of the table.
    'ROW_MISSING',
    'VERIFY_NO_PROGRESS',
    'TOPIC_UNREACHABLE',
    'TOPIC_BUSY',
  ],
  'once-proven': [
    // Passwords are rotated, accounts locked, created again, and granted again.
    'SOURCE_ACCESS_DENIED',
    'SOURCE_GRANT_MISSING',
    'CHECKPOINT_REFUSED',
    'SINK_UNAUTHORIZED',
    'TOPIC_UNAUTHORIZED',
    // Certificates expire and are renewed; a file is missing while it is replaced.
    'SOURCE_TLS',
    'SINK_CA_UNREADABLE',
    'TOPIC_CA_UNREADABLE',
    // A name leads to another server for a while: a failover, a proxy that starts.
    'SOURCE_NOT_SUPPORTED',
    // Nobody knows what it is: before the first message most likely a mistake.
    'SINK_ERROR',
    'TOPIC_ERROR',
    // A name server that has just started knows no topic yet; a topic is made again.
    'SINK_TOPIC_MISSING',
    'SINK_TOPIC_NOT_FIFO',
    'TOPIC_MISSING',
    'TOPIC_NOT_FIFO',
    // A group is made again, or made ordered, while its readers wait.
    'GROUP_MISSING',
    'GROUP_NOT_ORDERED',
    'GROUP_GIVES_UP',
    // A mount goes read-only, or is not there for a while.
    'SINK_FILE',
    'CHECKPOINT_NOT_WRITABLE',
    // A place that was read up to is no wrong setting.
    'SOURCE_POSITION_INVALID',
    // The target is given its rights, its settings, and its tables while lanes wait.
    'TARGET_ACCESS_DENIED',
    'TARGET_GRANT_MISSING',
    'TARGET_TLS',
    'TARGET_UNSUITABLE',
    'TARGET_TABLE_MISSING',
    'TARGET_TABLE_UNFIT',
    'TARGET_ERROR',
    // Nobody knows them, but the relay worked before they came.
    'SOURCE_ERROR',
  ],
  never: [
    // Not of a part that can come back, but of the command line, the file or the process itself.
    'CONFIG_INVALID',
    'USAGE',
    'ADMIN_PORT_IN_USE',
    'ADMIN_CANNOT_LISTEN',
    'ADMIN_TOKEN_UNREADABLE',
    'ADMIN_REFUSED',
    'ADMIN_UNREACHABLE',
    'NOTICE_UNKNOWN',
    'CHECKPOINT_MISSING',
    'CHECKPOINT_STORE_MISSING',
    'VERIFY_UNHASHABLE',
    'VERIFY_UNCONFIGURED',
    'VERIFY_REPAIR_REFUSED',
    'INTERNAL',
    // Found before the first session alone.
    'SOURCE_SETTINGS',
    // Trying again would harm the other one.
    'SOURCE_LOCKED',
    'CHECKPOINT_LOCKED',
    'CHECKPOINT_TAKEN',
    'SOURCE_SERVER_ID_TAKEN',
    // To go on would lose, repeat or reorder changes: only an operator can decide that.
    'SOURCE_ROLLED_BACK',
    'SOURCE_LACKS_PUBLISHED',
    'SOURCE_CHANGED',
    'BINLOG_PURGED',
    'SINK_QUEUES_CHANGED',
    'CHECKPOINT_FOREIGN',
    'CHECKPOINT_DAMAGED',
    // What stands in the binlog stays there.
    'GTID_SET_INVALID',
    'BINLOG_CHECKSUM',
    'BINLOG_DECODE',
    'BINLOG_UNSUPPORTED',
    'BINLOG_INCIDENT',
    'BINLOG_STATEMENT',
    'DDL_STOPPED',
    'XA_UNKNOWN_BRANCH',
    'SPILL_FAILED',
    'ROW_IMAGE_NOT_FULL',
    'ROW_TOO_LARGE',
    'ROW_METADATA_NOT_FULL',
    'SINK_REJECTED',
    // What stands in the topic stays there.
    'TOPIC_GAP',
    'MESSAGE_UNREADABLE',
    'MESSAGE_UNKNOWN',
    // The stream goes on: only the copy of a table is not made.
    'COPY_WITHOUT_GTIDS',
    'COPY_TABLE_UNSUPPORTED',
    'COPY_PLACE_INVALID',
    'COPY_KEY_INVALID',
    'COPY_UNKNOWN',
    // Another relay is to be asked.
    'RELAY_STANDBY',
    // What stands in the topic stays there, and what the ledger says is for an operator to judge.
    'VALUE_REFUSED',
    'ROW_NOT_WHOLE',
    'STATEMENT_MET',
    'LEDGER_FOREIGN',
    'LEDGER_UNUSABLE',
    // The other end has gone.
    'SINK_CLOSED',
  ],
};

describe.each(Object.entries(ERROR_CODES))('%s', (_, { summary, remedy }) => {
  it('says what happened, and what an operator can do, in whole sentences', () => {
    expect(summary).toMatch(/^[A-Z].{20,}\.$/s);
    expect(remedy).toMatch(/^[A-Za-z`].{20,}[.;]$/s);
  });

  it('leaves nobody with a report as the only thing to do', () => {
    const sentences = remedy.split(/(?<=[.:;])\s+/);
    expect(sentences.filter((text) => !/^(nothing was skipped|report |this is a defect)/i.test(text))).not.toEqual([]);
  });
});

it('decides of every error whether it is terminal: always, until the configuration is proven, or never', () => {
  const found = Object.entries(ERROR_CODES).map(([code, { retried }]) => `${code} ${retried}`);
  const decided = Object.entries(DECIDED).flatMap(([retried, codes]) => codes.map((code) => `${code} ${retried}`));
  expect(found.sort()).toEqual(decided.sort());
});

/**
 * GTID of MariaDB: the first event of every transaction. Source: Gtid_log_event in sql/log_event.h and
 * sql/log_event_server.cc of MariaDB
 *
 *   number 8 | domain 4 | flags 1 | if grouped: commit id 8 | if XA: format id 4, length of gtrid 1, length of bqual 1, gtrid, bqual | of others: if ALTER in two phases, extra flags 1 | …
 *
 * The server's part of the GTID is the header's server id. Without `standalone` no BEGIN follows: the rows do, up to
 * XID, COMMIT or XA_PREPARE.
 */
import { Cursor } from '../wire/cursor.ts';
import { eventServerId, eventTimestamp, HEADER_BYTES } from '../wire/event-header.ts';
import { readXidNames } from '../statements/xid.ts';

/** One record for all transactions of a stream: written over by each. */
export interface MariadbGtidRecord {
  /** `domain-server`. Kept from one transaction to the next, so that the text is only built when it changes. */
  source: string;
  domain: number;
  serverId: number;
  gno: bigint;
  /** When it was committed where it was first written, ms since 1970; whole seconds. */
  commitMs: number;
  /** One event is all of it: a statement, such as DDL. */
  isStandalone: boolean;
  /**
   * The start of an ALTER in two phases (binlog_alter_two_phase), or its roll-back: the statement counts when its
   * COMMIT ALTER repeats it.
   */
  isUnfinishedAlter: boolean;
  /** The XA branch that the transaction prepares, as XA COMMIT names it; undefined for all others. */
  preparedXid: string | undefined;
}

export function newMariadbGtidRecord(): MariadbGtidRecord {
  return {
    source: '',
    domain: -1,
    serverId: -1,
    gno: 0n,
    commitMs: 0,
    isStandalone: false,
    isUnfinishedAlter: false,
    preparedXid: undefined,
  };
}

const FLAG = { STANDALONE: 0x01, GROUP_COMMIT_ID: 0x02, PREPARED_XA: 0x40, COMPLETED_XA: 0x80 } as const;
const EXTRA_FLAG = { START_ALTER: 0x02, ROLLBACK_ALTER: 0x08 } as const;
const DOMAIN = 8;
const FLAGS = DOMAIN + 4;
const FIXED_BYTES = FLAGS + 1;

/** `end`: after the body, without the checksum. Throws BINLOG_DECODE. */
export function readMariadbGtid(b: Buffer, start: number, end: number, into: MariadbGtidRecord): void {
  const at = start + HEADER_BYTES;
  const cursor = new Cursor('MARIADB_GTID', b, start, at, end);
  const fixed = cursor.view(FIXED_BYTES, 'a number, a domain and flags');
  into.gno = fixed.readBigUInt64LE(0);
  if (into.gno === 0n) cursor.fail('a number from 1');
  const domain = fixed.readUInt32LE(DOMAIN);
  const serverId = eventServerId(b, start);
  if (domain !== into.domain || serverId !== into.serverId) {
    into.domain = domain;
    into.serverId = serverId;
    into.source = `${domain}-${serverId}`;
  }
  const flags = fixed.readUInt8(FLAGS);
  into.commitMs = eventTimestamp(b, start) * 1000;
  into.isStandalone = (flags & FLAG.STANDALONE) !== 0;
  into.isUnfinishedAlter = false;
  into.preparedXid = undefined;
  if ((flags & FLAG.COMPLETED_XA) !== 0) return;
  if ((flags & FLAG.GROUP_COMMIT_ID) !== 0) cursor.skip(8, 'a commit id');
  if ((flags & FLAG.PREPARED_XA) !== 0) into.preparedXid = readXid(cursor);
  else if (into.isStandalone && cursor.left > 0) into.isUnfinishedAlter = isUnfinished(cursor.u8('extra flags'));
}

/** Servers before 10.8 have zeros there. */
const isUnfinished = (extraFlags: number): boolean =>
  (extraFlags & (EXTRA_FLAG.START_ALTER | EXTRA_FLAG.ROLLBACK_ALTER)) !== 0;

function readXid(cursor: Cursor): string {
  const formatId = cursor.u32('a format id');
  const gtridBytes = cursor.u8('the length of the gtrid');
  const bqualBytes = cursor.u8('the length of the bqual');
  return `${readXidNames(cursor, gtridBytes, bqualBytes)},${formatId}`;
}

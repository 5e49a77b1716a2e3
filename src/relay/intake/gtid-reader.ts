import { RelayError } from '../../base/errors.ts';
import { readGtid } from '../../binlog/events/gtid.ts';
import { newGtidRecord } from '../../binlog/events/gtid-record.ts';
import { newMariadbGtidRecord, readMariadbGtid, type MariadbGtidRecord } from '../../binlog/events/mariadb-gtid.ts';
import type { Gtids } from '../../binlog/gtids/gtids.ts';
import type { Transaction } from '../../change/change.ts';

/** Reads the identity of a transaction out of its first event. */
export class GtidReader {
  readonly #serverUuid: string;
  /** Every GTID that was read; undefined when the source runs without. */
  readonly #known: Gtids | undefined;
  readonly #mysql = newGtidRecord();
  readonly #mariadb = newMariadbGtidRecord();

  /** `serverUuid`: of the server that is read. */
  constructor(serverUuid: string, known: Gtids | undefined) {
    this.#serverUuid = serverUuid;
    this.#known = known;
  }

  /**
   * GTID, GTID_TAGGED or ANONYMOUS_GTID, at `offset` of `file`; `end` is after its body. Throws BINLOG_DECODE,
   * BINLOG_UNSUPPORTED.
   */
  readMysql(b: Buffer, start: number, end: number, file: string, offset: number, into: Transaction): void {
    readGtid(b, start, end, this.#mysql);
    const { source, gno, originalCommitMs } = this.#mysql;
    if (source === '') {
      if (this.#known !== undefined) throw withoutGtid();
      into.source = `${this.#serverUuid}/${file}`;
      into.number = String(offset);
      into.gno = undefined;
    } else {
      into.source = source;
      into.number = gno.toString();
      into.gno = gno;
    }
    into.commitTimeMs = Math.floor(originalCommitMs);
  }

  /**
   * GTID of MariaDB. Returns what else it says, until the next one is read. Throws BINLOG_DECODE, BINLOG_UNSUPPORTED.
   */
  readMariadb(b: Buffer, start: number, end: number, into: Transaction): MariadbGtidRecord {
    const gtid = this.#mariadb;
    readMariadbGtid(b, start, end, gtid);
    const { source, gno, commitMs } = gtid;
    if (this.#known?.hasGtid(source, gno) === true) throw notRising(`${source}-${gno}`);
    into.source = source;
    into.number = gno.toString();
    into.gno = gno;
    into.commitTimeMs = commitMs;
    return gtid;
  }

  /** See MariadbGtidRecord; false with MySQL. */
  get isUnfinishedAlter(): boolean {
    return this.#mariadb.isUnfinishedAlter;
  }
}

const withoutGtid = (): RelayError =>
  new RelayError('BINLOG_UNSUPPORTED', 'a transaction without GTID, in a stream that is followed by GTIDs', {
    remedy:
      'Set gtid_mode = ON on the server: with ON_PERMISSIVE some transactions have no GTID, and a resume would miss them.',
  });

const notRising = (gtid: string): RelayError =>
  new RelayError(
    'BINLOG_UNSUPPORTED',
    `the GTID ${gtid} is not above those of the same domain and server that were read before: a resume could not tell the two apart`,
    {
      details: { gtid },
      remedy:
        'SET GLOBAL gtid_strict_mode = ON on all servers, give servers that are written to at the same time domains of their own (gtid_domain_id), and start after this place with a new checkpoint folder.',
    },
  );

import { RelayError } from '../../base/errors.ts';
import { readXaPrepare } from '../../binlog/events/xa-prepare.ts';
import { parseGtids, type Flavour, type Gtids } from '../../binlog/gtids/gtids.ts';
import type { Query } from '../../binlog/statements/query.ts';
import { readStatement } from '../../binlog/statements/statement.ts';
import { eventSize } from '../../binlog/wire/event-header.ts';
import type { Transaction } from '../../change/change.ts';
import type { TableFilter } from '../../change/table-filter.ts';
import type { StartPosition } from '../../source/source.ts';
import type { EventTask, TransactionEvents } from '../kept/transaction-events.ts';
import type { XaBranch } from '../kept/xa-branch.ts';
import type { XaBranches } from '../kept/xa-branches.ts';
import type { LowWaterMark } from '../progress/low-water-mark.ts';
import { CurrentTransaction } from './current-transaction.ts';
import { judgeDataChange } from './data-change.ts';
import type { EventCheck } from './event-check.ts';
import { GtidReader } from './gtid-reader.ts';
import type { EventSteps, PendingEvents } from './pending-events.ts';
import type { StreamPlace } from './stream-place.ts';
import { TransactionTaker, type TransactionTakerOptions } from './transaction-taker.ts';

export interface TransactionReaderOptions extends TransactionTakerOptions {
  readonly start: StartPosition;
  readonly flavour: Flavour;
  readonly filter: TableFilter;
  readonly serverUuid: string;
  readonly lowWater: LowWaterMark;
  readonly xa: XaBranches;
  /** Everything that was read so far is taken, and belongs to transactions that have ended. */
  readonly onBoundary: () => void;
  /** For the events of one transaction; see TransactionEvents. */
  readonly newEvents: (check: EventTask) => TransactionEvents;
}

/** What the intake knows of the stream beside its transactions. */
export interface Stream {
  readonly at: StreamPlace;
  readonly check: EventCheck;
  readonly pending: PendingEvents;
}

/**
 * Tells transactions apart, keeps the events of the one that is being read, and hands them on when its end was read;
 * those of an XA branch when its commit was.
 */
export class TransactionReader {
  readonly counters = { transactionsRead: 0, ddlStatements: 0 };
  readonly current = new CurrentTransaction();
  /** When the last one that was taken was committed, ms since 1970; 0 before the first. */
  lastCommitMs = 0;
  readonly #options: TransactionReaderOptions;
  readonly #stream: Stream;
  /** Everything read; undefined when the source runs without GTIDs. */
  readonly #read: Gtids | undefined;
  readonly #gtids: GtidReader;
  readonly #taker: TransactionTaker;
  /** Of the current transaction. */
  #events: TransactionEvents;

  constructor(options: TransactionReaderOptions, stream: Stream) {
    this.#options = options;
    this.#stream = stream;
    const { gtidSet } = options.start;
    this.#read = gtidSet === undefined ? undefined : parseGtids(options.flavour, gtidSet);
    this.#gtids = new GtidReader(options.serverUuid, this.#read);
    this.#taker = new TransactionTaker(options, this.current);
    this.#events = this.#newEvents();
  }

  /** What the transactions that were read have: a GTID set, of MariaDB a position. */
  get gtidSet(): string | undefined {
    return this.#read?.toString();
  }

  /** GTID, GTID_TAGGED or ANONYMOUS_GTID. Returns where in the file the transaction begins. */
  begin(b: Buffer, start: number, end: number): number {
    this.#requireEnd();
    const { at } = this.#stream;
    const begins = at.offset - eventSize(b, start);
    this.#gtids.readMysql(b, start, end, at.file, begins, this.current.identity);
    this.#begun(begins);
    return begins;
  }

  /**
   * MariaDB's GTID, in which BEGIN and XA START stand as well. Returns where in the file the transaction begins, and
   * whether it is open now.
   */
  beginMariadb(b: Buffer, start: number, end: number): { readonly begins: number; readonly isOpen: boolean } {
    this.#requireEnd();
    const begins = this.#stream.at.offset - eventSize(b, start);
    const { isStandalone, preparedXid } = this.#gtids.readMariadb(b, start, end, this.current.identity);
    this.#begun(begins);
    if (!isStandalone) this.current.open();
    this.current.xid = preparedXid;
    return { begins, isOpen: !isStandalone };
  }

  #begun(begins: number): void {
    this.current.begin(this.#stream.at.file, begins);
    this.#taker.begin();
  }

  #requireEnd(): void {
    if (!this.current.isOpen) return;
    throw new RelayError('BINLOG_DECODE', 'a transaction begins before the one before it has ended');
  }

  /** QUERY, or EXECUTE_LOAD_QUERY. */
  query(b: Buffer, start: number, end: number): void {
    const { xa } = this.#options;
    const transaction = this.current;
    const statement = readStatement(b, start, end);
    switch (statement.kind) {
      case 'begin':
        if (transaction.isOver) throw new RelayError('BINLOG_DECODE', 'BEGIN without a GTID event before it');
        transaction.open();
        return;
      case 'commit':
        this.end();
        return;
      case 'rollback':
        this.#events.clear();
        this.end();
        return;
      case 'savepoint-set':
        this.#events.setSavepoint(statement.savepoint);
        return;
      case 'savepoint-rollback':
        this.#events.rollBackTo(statement.savepoint);
        return;
      case 'savepoint-release':
      case 'xa-end':
        return;
      case 'data-change':
        if (judgeDataChange(statement.query, this.#options.flavour, this.#options.filter) === 'emptied')
          this.#statement(statement.query, b, start, end);
        else if (!transaction.isOpen) this.end();
        return;
      case 'ddl':
        this.#statement(statement.query, b, start, end);
        return;
      case 'account':
        if (!transaction.isOpen) this.end();
        return;
      case 'xa-start':
        transaction.open();
        transaction.xid = statement.xid;
        return;
      case 'xa-commit':
        this.end(xa.find(statement.xid));
        return;
      case 'xa-rollback':
        this.#events.clear();
        this.end();
        xa.rolledBack(statement.xid);
    }
  }

  /**
   * One that changes tables without row events. Alone it is a transaction; among the rows of one it has its place
   * there.
   */
  #statement(query: Query, b: Buffer, start: number, end: number): void {
    if (this.current.isOpen) {
      this.counters.ddlStatements += 1;
      this.#events.addStatement(b, start, end);
      return;
    }
    if (!this.#gtids.isUnfinishedAlter) {
      this.counters.ddlStatements += 1;
      this.#taker.statement(query);
    }
    this.end();
  }

  /** A TABLE_MAP or rows event: it is kept if its table is published. */
  keep(b: Buffer, start: number, end: number): void {
    if (this.#options.rows.isPublished(b, start, end)) this.#events.add(b, start, end);
  }

  /** The bytes of the events that were read are not valid any more. Throws SPILL_FAILED. */
  settle(): void {
    this.#events.settle();
  }

  /** XA_PREPARE. */
  prepare(b: Buffer, start: number, end: number): void {
    const { isOnePhase, names } = readXaPrepare(b, start, end);
    const { xid, identity } = this.current;
    if (xid?.startsWith(`${names},`) !== true)
      throw new RelayError('BINLOG_DECODE', `XA_PREPARE of ${names} ends ${xid ?? 'no XA branch'}`);
    if (!isOnePhase) {
      this.#events.settle();
      this.#options.xa.prepared(xid, identity, this.#stream.check.writerVersion, this.#events);
      this.#events = this.#newEvents();
    }
    this.end();
  }

  /** The end of the transaction was read. `branch`: the XA branch that it commits, beside which it brings nothing. */
  end(branch?: XaBranch): void {
    const { identity } = this.current;
    const events = branch?.events ?? this.#events;
    const logged = branch === undefined ? identity : { ...branch.transaction, commitTimeMs: identity.commitTimeMs };
    const version = branch?.writerVersion ?? this.#stream.check.writerVersion;
    if (events.isOneStep) {
      this.#taker.inOneStep(events, logged, version);
      this.#moveOn();
      this.#taken(branch);
    } else {
      events.requirePublishable();
      this.#moveOn();
      this.#stream.pending.end(this.#inManySteps(events, logged, version, branch));
    }
  }

  *#inManySteps(
    events: TransactionEvents,
    logged: Transaction,
    version: number,
    branch: XaBranch | undefined,
  ): EventSteps {
    yield* this.#taker.inManySteps(events, logged, version);
    this.#taken(branch);
  }

  /** The next session begins after the transaction: what is left to take of it is here. */
  #moveOn(): void {
    const { source, gno } = this.current.identity;
    this.#stream.at.atBoundary();
    if (gno !== undefined) this.#read?.add(source, gno);
  }

  /** Everything that the transaction brings has been taken. */
  #taken(branch: XaBranch | undefined): void {
    const { source, gno, commitTimeMs } = this.current.identity;
    this.counters.transactionsRead += 1;
    this.lastCommitMs = commitTimeMs;
    this.#options.lowWater.commit(this.#stream.at.file, this.#stream.at.boundary, source, gno);
    if (branch !== undefined) this.#options.xa.committed(branch);
    this.forget();
    this.#options.onBoundary();
  }

  /** Nothing of the current transaction is needed any more, or will ever be. */
  forget(): void {
    this.current.end();
    this.#events.clear();
  }

  /** Nothing more will be read or taken. */
  close(): void {
    this.#events.release();
    this.#options.xa.close();
  }

  #newEvents(): TransactionEvents {
    return this.#options.newEvents((b, start, end) => {
      this.#taker.check(b, start, end, this.#stream.check.writerVersion);
    });
  }
}

import { RelayError } from '../base/errors.ts';
import { checkFrame, eventSize, eventType } from '../binlog/event-header.ts';
import { EVENT, eventName } from '../binlog/event-types.ts';
import { plainEvent } from '../binlog/events/compressed.ts';
import { readRotate } from '../binlog/events/rotate.ts';
import { rowsKind } from '../binlog/events/rows.ts';
import { readXaPrepare } from '../binlog/events/xa-prepare.ts';
import { parseGtids, type Flavour, type Gtids } from '../binlog/gtids.ts';
import { readStatement } from '../binlog/statement.ts';
import { nestedEvents } from '../binlog/transaction-payload.ts';
import type { StartPosition } from '../source/source.ts';
import { ChangeCounter } from './change-counter.ts';
import { CurrentTransaction } from './current-transaction.ts';
import type { StatementRead } from './ddl-policy.ts';
import { EventCheck } from './event-check.ts';
import { GtidReader } from './gtid-reader.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import { PendingEvents, type EventSteps } from './pending-events.ts';
import { placedError } from './placed-error.ts';
import type { RowReader } from './row-reader.ts';
import type { Skip } from './skip.ts';
import { SkippedTransaction } from './skipped-transaction.ts';
import { StreamPlace } from './stream-place.ts';
import type { TransactionPlace } from './transaction-place.ts';
import { passWithoutRows } from './without-rows.ts';
import type { XaBranch } from './xa-branch.ts';
import type { XaBranches } from './xa-branches.ts';

export interface IntakeOptions {
  readonly start: StartPosition;
  readonly flavour: Flavour;
  readonly serverUuid: string;
  readonly rows: RowReader;
  readonly mark: LowWaterMark;
  readonly xa: XaBranches;
  /** False when so much is held that nothing more shall be taken for now. */
  readonly hasRoom: () => boolean;
  /** A statement that is neither rows nor transaction control; called before the mark is told that its transaction has ended. May throw. */
  readonly onDdl: (ddl: StatementRead) => void;
  /** The transaction to pass without publishing it. */
  readonly skip: Skip | undefined;
  readonly onSkipped: (place: TransactionPlace) => void;
}

/**
 * Follows the stream of events: checks each, knows where it stands, tells transactions apart, and hands rows on.
 *
 * Serves all sessions of a run: after a lost connection `restart` rewinds to the last transaction boundary that was read, and the changes that
 * were taken of a transaction that was cut are not taken again. Rows of an XA branch are kept back until its commit is read.
 */
export class Intake {
  readonly counters = { eventsRead: 0, bytesRead: 0, transactionsRead: 0, transactionsSkipped: 0, ddlStatements: 0 };
  readonly #options: IntakeOptions;
  /** Everything read; undefined when the source runs without GTIDs. */
  readonly #read: Gtids | undefined;
  readonly #gtids: GtidReader;
  readonly #transaction = new CurrentTransaction();
  /** Of the transaction. */
  readonly #statements = new ChangeCounter();
  /** While one is being passed. */
  #skipped: SkippedTransaction | undefined;
  readonly #check = new EventCheck();
  readonly #at: StreamPlace;
  readonly #pending: PendingEvents;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#at = new StreamPlace(options.start.file, options.start.offset);
    const { gtidSet } = options.start;
    this.#read = gtidSet === undefined ? undefined : parseGtids(options.flavour, gtidSet);
    this.#gtids = new GtidReader(options.serverUuid, this.#read);
    this.#pending = new PendingEvents(options.hasRoom);
  }

  /** The last transaction boundary that was read: where the next session starts. */
  get position(): StartPosition {
    return { file: this.#at.file, offset: this.#at.boundary, gtidSet: this.#read?.toString() };
  }

  /** A new session begins at `position`. */
  restart(): void {
    this.#pending.drop();
    this.#options.xa.cut();
    this.#at.rewind();
    this.#check.restart();
    const transaction = this.#transaction;
    if (transaction.isOver) return;
    transaction.cut();
    this.#options.rows.rewind(transaction.serial);
    this.#statements.rewind(transaction.serial);
    this.#skipped = undefined;
  }

  /** Takes one event. Throws a RelayError that names the place; nothing after it may be read then. Not to be called while `isBusy`. */
  event(b: Buffer, start: number, end: number): void {
    try {
      this.#event(b, start, end);
    } catch (thrown) {
      throw placedError(thrown, this.#at, this.#transaction);
    }
  }

  /** True when there was no room for all of a compressed transaction or XA branch: `takeUp` before the next event. */
  get isBusy(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Goes on with it as far as there is room. Throws as `event` does. */
  takeUp(): void {
    try {
      this.#pending.takeUp();
    } catch (thrown) {
      throw placedError(thrown, this.#at, this.#transaction);
    }
  }

  #event(b: Buffer, start: number, end: number): void {
    checkFrame(b, start, end);
    const type = eventType(b, start);
    this.counters.eventsRead += 1;
    this.counters.bytesRead += end - start;
    if (this.#skipped !== undefined && this.#pass(this.#skipped, type, b, start, end)) return;
    this.#dispatch(type, b, start, this.#check.bodyEnd(type, b, start, end));
    if (!this.#pending.isEmpty) this.#pending.takeUp();
  }

  /** False when the event belongs to the next transaction. */
  #pass(skipped: SkippedTransaction, type: number, b: Buffer, start: number, end: number): boolean {
    const passed = skipped.pass(type, b, start, end);
    if (passed !== 'middle') this.#endSkip(skipped);
    return passed !== 'none';
  }

  #endSkip({ xid }: SkippedTransaction): void {
    const { skip, onSkipped, xa } = this.#options;
    this.#skipped = undefined;
    this.counters.transactionsSkipped += 1;
    onSkipped(this.#transaction.place);
    this.#commit();
    if (xid !== undefined) xa.rolledBack(xid);
    skip?.passed();
  }

  /** `end` is behind the body, without the checksum. */
  #dispatch(type: number, b: Buffer, start: number, end: number): void {
    this.#at.advance(type, b, start);
    if (rowsKind(type) !== undefined) {
      this.#requireTransaction(type);
      if (this.#options.xa.isReading) this.#keepBack(b, start, end);
      else this.#options.rows.rows(b, start, end, this.#transaction.identity, this.#transaction.serial);
      return;
    }
    switch (type) {
      case EVENT.TABLE_MAP:
        this.#options.rows.tableMap(b, start, end, this.#check.writerVersion);
        if (this.#options.xa.isReading) this.#keepBack(b, start, end);
        return;
      case EVENT.GTID:
      case EVENT.ANONYMOUS_GTID:
      case EVENT.GTID_TAGGED:
        this.#begin(b, start, end);
        return;
      case EVENT.MARIADB_GTID:
        this.#beginMariadb(b, start, end);
        return;
      case EVENT.QUERY_COMPRESSED:
      case EVENT.WRITE_ROWS_COMPRESSED_V1:
      case EVENT.UPDATE_ROWS_COMPRESSED_V1:
      case EVENT.DELETE_ROWS_COMPRESSED_V1:
      case EVENT.WRITE_ROWS_COMPRESSED:
      case EVENT.UPDATE_ROWS_COMPRESSED:
      case EVENT.DELETE_ROWS_COMPRESSED: {
        const plain = plainEvent(b, start, end);
        this.#dispatch(eventType(plain, 0), plain, 0, plain.length);
        return;
      }
      case EVENT.TRANSACTION_PAYLOAD:
        // The buffer is gone when there is room for the rest.
        this.#pending.add(this.#unpacked(Buffer.from(b.subarray(start, end))));
        return;
      case EVENT.QUERY:
        this.#query(b, start, end);
        return;
      case EVENT.XID:
        this.#commit();
        return;
      case EVENT.XA_PREPARE:
        this.#prepare(b, start, end);
        return;
      case EVENT.ROTATE:
        this.#rotate(b, start, end);
        return;
      default:
        passWithoutRows(type, b, start);
    }
  }

  #begin(b: Buffer, start: number, end: number): void {
    this.#requireEnd();
    const begins = this.#at.offset - eventSize(b, start);
    this.#gtids.readMysql(b, start, end, this.#at.file, begins, this.#transaction.identity);
    this.#begun(begins, false);
  }

  /** What stands in MariaDB's GTID event as well: BEGIN, and XA START. */
  #beginMariadb(b: Buffer, start: number, end: number): void {
    this.#requireEnd();
    const transaction = this.#transaction;
    const { isStandalone, preparedXid } = this.#gtids.readMariadb(b, start, end, transaction.identity);
    this.#begun(this.#at.offset - eventSize(b, start), !isStandalone);
    if (this.#skipped !== undefined) return;
    if (!isStandalone) transaction.open();
    if (preparedXid !== undefined) this.#startXa(preparedXid);
  }

  /** `isOpen`: BEGIN, or XA START, was read with it. */
  #begun(begins: number, isOpen: boolean): void {
    const { rows, skip } = this.#options;
    this.#transaction.begin(this.#at.file, begins);
    rows.begin();
    if (skip?.isMet(this.#transaction.place, this.#at.file, begins) === true)
      this.#skipped = new SkippedTransaction(isOpen, this.#check, this.#at);
  }

  #query(b: Buffer, start: number, end: number): void {
    const { xa } = this.#options;
    const transaction = this.#transaction;
    const statement = readStatement(b, start, end);
    switch (statement.kind) {
      case 'begin':
        if (transaction.isOver) throw new RelayError('BINLOG_DECODE', 'BEGIN without a GTID event before it');
        transaction.open();
        return;
      case 'commit':
        this.#commit();
        return;
      case 'savepoint':
      case 'xa-end':
        return;
      case 'rollback':
        throw rolledBackWithRows();
      case 'data-change':
        throw new RelayError(
          'BINLOG_STATEMENT',
          `rows were changed by a statement that is logged as text, in database ${statement.database || '(none)'}`,
        );
      case 'ddl':
        this.#ddl(statement.database, statement.text);
        return;
      case 'account':
        if (!transaction.isOpen) this.#commit();
        return;
      case 'xa-start':
        transaction.open();
        this.#startXa(statement.xid);
        return;
      case 'xa-commit':
        this.#pending.add(this.#replayed(xa.find(statement.xid)));
        return;
      case 'xa-rollback':
        if (transaction.isOpen) throw rolledBackWithRows();
        this.#commit();
        xa.rolledBack(statement.xid);
    }
  }

  #ddl(database: string, statement: string): void {
    const transaction = this.#transaction;
    if (this.#gtids.isAlterInVain) {
      this.#commit();
      return;
    }
    this.counters.ddlStatements += 1;
    const counter = this.#statements;
    counter.countIn(transaction.serial);
    const n = counter.next;
    counter.next += 1;
    if (n >= counter.taken) this.#options.onDdl({ database, statement, place: transaction.place, n });
    if (!transaction.isOpen) this.#commit();
  }

  #startXa(xid: string): void {
    this.#options.xa.start(xid, this.#transaction.identity, this.#check.writerVersion);
  }

  #keepBack(b: Buffer, start: number, end: number): void {
    if (this.#options.rows.isPublished(b, start, end)) this.#options.xa.add(b, start, end);
  }

  #prepare(b: Buffer, start: number, end: number): void {
    const { xa } = this.#options;
    const { isOnePhase, names } = readXaPrepare(b, start, end);
    const branch = xa.end(names);
    if (isOnePhase) {
      this.#pending.add(this.#replayed(branch));
      return;
    }
    xa.prepared(branch);
    this.#commit();
  }

  /** The events of a TRANSACTION_PAYLOAD. */
  *#unpacked(payload: Buffer): EventSteps {
    for (const { buffer, start, end } of nestedEvents(payload, 0, payload.length)) {
      this.#dispatch(eventType(buffer, start), buffer, start, end);
      yield;
    }
  }

  /** The rows of a branch, at its commit. They count from 0 in the transaction being read, which holds no others. */
  *#replayed(branch: XaBranch): EventSteps {
    const { rows, xa } = this.#options;
    const { identity, serial } = this.#transaction;
    const transaction = { ...branch.transaction, commitTimeMs: identity.commitTimeMs };
    for (const { buffer, start, end } of branch.events()) {
      if (eventType(buffer, start) === EVENT.TABLE_MAP) rows.tableMap(buffer, start, end, branch.writerVersion);
      else rows.rows(buffer, start, end, transaction, serial);
      yield;
    }
    this.#commit();
    xa.committed(branch);
  }

  #commit(): void {
    const { source, gno } = this.#transaction.identity;
    this.#transaction.end();
    this.#at.atBoundary();
    this.counters.transactionsRead += 1;
    if (gno !== undefined) this.#read?.add(source, gno);
    this.#options.mark.commit(this.#at.file, this.#at.boundary, source, gno);
  }

  #rotate(b: Buffer, start: number, end: number): void {
    const { file, offset } = readRotate(b, start, end);
    if (!this.#transaction.isOver) {
      throw new RelayError('BINLOG_DECODE', 'the file ends in the middle of a transaction');
    }
    // An artificial rotate at the start of a GTID dump names the file that the server begins with; what it sends of it, the set decides.
    this.#at.moveTo(file, offset);
    this.#options.mark.move(file, offset);
  }

  #requireEnd(): void {
    if (!this.#transaction.isOpen) return;
    throw new RelayError('BINLOG_DECODE', 'a transaction begins before the one before it has ended');
  }

  #requireTransaction(type: number): void {
    if (this.#transaction.isOpen) return;
    throw new RelayError('BINLOG_DECODE', `${eventName(type)} outside of a transaction`);
  }
}

const rolledBackWithRows = (): RelayError =>
  new RelayError(
    'BINLOG_UNSUPPORTED',
    'a transaction was rolled back after it had changed a table without transactions',
    {
      remedy: 'Use transactional tables (ENGINE=InnoDB) only; rows of the others stay changed after a ROLLBACK.',
    },
  );

import { asRelayError, RelayError } from '../base/errors.ts';
import { checkFrame, eventFlags, eventSize, eventType } from '../binlog/event-header.ts';
import { EVENT, eventName, LOG_EVENT_IGNORABLE_F } from '../binlog/event-types.ts';
import { plainEvent } from '../binlog/events/compressed.ts';
import { newGtidRecord, readGtid } from '../binlog/events/gtid.ts';
import { newMariadbGtidRecord, readMariadbGtid } from '../binlog/events/mariadb-gtid.ts';
import { isBegin, readQuery } from '../binlog/events/query.ts';
import { readRotate } from '../binlog/events/rotate.ts';
import { rowsKind } from '../binlog/events/rows.ts';
import { readXaPrepare } from '../binlog/events/xa-prepare.ts';
import { parseGtids, type Flavour, type Gtids } from '../binlog/gtids.ts';
import { statementKind } from '../binlog/statement-kind.ts';
import { nestedEvents } from '../binlog/transaction-payload.ts';
import { readXaStatement } from '../binlog/xid.ts';
import type { Transaction } from '../change/change.ts';
import type { StartPosition } from '../source/source.ts';
import { ChangeCounter } from './change-counter.ts';
import type { StatementRead } from './ddl-policy.ts';
import { EventCheck } from './event-check.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import type { RowReader } from './row-reader.ts';
import type { Skip } from './skip.ts';
import { SkippedTransaction } from './skipped-transaction.ts';
import { StreamPlace } from './stream-place.ts';
import { skipArgument, type TransactionPlace } from './transaction-place.ts';
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
  readonly #gtid = newGtidRecord();
  readonly #mariadbGtid = newMariadbGtidRecord();
  readonly #transaction: Transaction = { source: '', number: NO_NUMBER, gno: undefined, commitTimeMs: 0 };
  /** Identity of a transaction that was cut, until it begins again. */
  #cut: string | undefined;
  #serial = 0;
  /** Where the transaction begins, in the file of the boundary. */
  #begins = 0;
  /** Of the transaction that is being read. */
  readonly #statements = new ChangeCounter();
  /** While one is being passed. */
  #skipped: SkippedTransaction | undefined;
  #state: State = 'between';
  readonly #check = new EventCheck();
  readonly #at: StreamPlace;
  /** Events that one event brings with it, and that are not taken yet; the last sequence is to be gone on with first. */
  readonly #pending: PendingEvents[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#at = new StreamPlace(options.start.file, options.start.offset);
    const { gtidSet } = options.start;
    this.#read = gtidSet === undefined ? undefined : parseGtids(options.flavour, gtidSet);
  }

  /** The last transaction boundary that was read: where the next session starts. */
  get position(): StartPosition {
    return { file: this.#at.file, offset: this.#at.boundary, gtidSet: this.#read?.toString() };
  }

  /** Where an event that cannot be passed stands, for messages. */
  get place(): string {
    const at = `${this.#at.file}:${this.#at.offset}`;
    const { source, number } = this.#transaction;
    return this.#state === 'between' ? at : `${at}, transaction ${source}:${Buffer.from(number).toString()}`;
  }

  /** A new session begins at `position`. */
  restart(): void {
    for (const events of this.#pending.splice(0).reverse()) events.return();
    this.#options.xa.cut();
    this.#at.rewind();
    this.#check.restart();
    if (this.#state === 'between') return;
    this.#cut = identityOf(this.#transaction);
    this.#options.rows.rewind(this.#serial);
    this.#statements.rewind(this.#serial);
    this.#skipped = undefined;
    this.#state = 'between';
  }

  /** Takes one event. Throws a RelayError that names the place; nothing after it may be read then. Not to be called while `isBusy`. */
  event(b: Buffer, start: number, end: number): void {
    try {
      this.#event(b, start, end);
    } catch (thrown) {
      throw this.#placed(thrown);
    }
  }

  /** True when there was no room for all of a compressed transaction or XA branch: `takeUp` before the next event. */
  get isBusy(): boolean {
    return this.#pending.length > 0;
  }

  /** Goes on with it as far as there is room. Throws as `event` does. */
  takeUp(): void {
    try {
      this.#takeUp();
    } catch (thrown) {
      throw this.#placed(thrown);
    }
  }

  #takeUp(): void {
    let events: PendingEvents | undefined;
    while ((events = this.#pending.at(-1)) !== undefined && this.#options.hasRoom()) {
      if (events.next().done === true) this.#pending.pop();
    }
  }

  #placed(thrown: unknown): RelayError {
    const error = asRelayError(thrown);
    return new RelayError(error.code, `at ${this.place}: ${error.message}`, {
      details: { ...error.details, place: this.place },
      remedy: this.#remedyOf(error),
      cause: error,
    });
  }

  /** What an operator can always do about an error in a transaction is to pass the transaction; about a statement that stops the relay it is what he should do. */
  #remedyOf({ code, remedy }: RelayError): string {
    if (this.#state === 'between' || !/^(BINLOG|ROW|DDL|XA_UNKNOWN)_/.test(code)) return remedy;
    const way = code === 'DDL_STOPPED' ? 'To pass it' : 'Or give the whole transaction up, for all copies';
    return `${remedy} ${way}: binlog-relay run --skip ${skipArgument(this.#transactionPlace)}`;
  }

  get #transactionPlace(): TransactionPlace {
    const { source, number, gno, commitTimeMs } = this.#transaction;
    return {
      source,
      number: Buffer.from(number).toString(),
      hasGtid: gno !== undefined,
      begins: `${this.#at.file}:${this.#begins}`,
      commitTimeMs,
    };
  }

  #event(b: Buffer, start: number, end: number): void {
    checkFrame(b, start, end);
    const type = eventType(b, start);
    this.counters.eventsRead += 1;
    this.counters.bytesRead += end - start;
    if (this.#skipped !== undefined && this.#passes(this.#skipped, type, b, start, end)) return;
    this.#dispatch(type, b, start, this.#check.bodyEnd(type, b, start, end));
    if (this.#pending.length > 0) this.#takeUp();
  }

  /** Passes one event of a transaction that is skipped, damaged or not; false when it belongs to the next one: its last event could not be told. */
  #passes(skipped: SkippedTransaction, type: number, b: Buffer, start: number, end: number): boolean {
    if (BEGINS_ANOTHER.has(type)) {
      this.#endSkip(skipped);
      return false;
    }
    const bodyEnd = this.#check.soundBodyEnd(b, start, end);
    if (bodyEnd === undefined) {
      this.#at.advanceBy(end - start);
      return true;
    }
    this.#at.advance(type, b, start);
    if (skipped.endsWith(type, b, start, bodyEnd)) this.#endSkip(skipped);
    return true;
  }

  #endSkip({ xid }: SkippedTransaction): void {
    const { skip, onSkipped, xa } = this.#options;
    this.#skipped = undefined;
    this.counters.transactionsSkipped += 1;
    onSkipped(this.#transactionPlace);
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
      else this.#options.rows.rows(b, start, end, this.#transaction, this.#serial);
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
        this.#pending.push(this.#unpacked(Buffer.from(b.subarray(start, end))));
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
      // Group replication's own book-keeping: no rows.
      case EVENT.TRANSACTION_CONTEXT:
      case EVENT.VIEW_CHANGE:
      // MariaDB: the statement of rows, which follow; what its recovery needs; where the file begins.
      case EVENT.ANNOTATE_ROWS:
      case EVENT.BINLOG_CHECKPOINT:
      case EVENT.MARIADB_GTID_LIST:
        return;
      case EVENT.INCIDENT:
        throw new RelayError(
          'BINLOG_INCIDENT',
          'the server logged an incident: changes may be missing from its binlog',
        );
      default:
        if ((eventFlags(b, start) & LOG_EVENT_IGNORABLE_F) !== 0) return;
        throw new RelayError('BINLOG_UNSUPPORTED', `event ${eventName(type)} is not supported by this version`, {
          remedy:
            type === EVENT.START_ENCRYPTION
              ? 'Start the server with encrypt_binlog = OFF, and start behind the binlogs that are encrypted.'
              : 'Report the server version and its settings.',
        });
    }
  }

  #begin(b: Buffer, start: number, end: number): void {
    this.#requireEnd();
    readGtid(b, start, end, this.#gtid);
    const { source, gno, originalCommitMs } = this.#gtid;
    const transaction = this.#transaction;
    if (source === '') {
      if (this.#read !== undefined) {
        throw new RelayError(
          'BINLOG_UNSUPPORTED',
          'a transaction without GTID, in a stream that is followed by GTIDs',
          {
            remedy:
              'Set gtid_mode = ON on the server: with ON_PERMISSIVE some transactions have no GTID, and a resume would miss them.',
          },
        );
      }
      transaction.source = `${this.#options.serverUuid}/${this.#at.file}`;
      transaction.number = Buffer.from(String(this.#at.offset - eventSize(b, start)));
      transaction.gno = undefined;
    } else {
      transaction.source = source;
      transaction.number = Buffer.from(gno.toString());
      transaction.gno = gno;
    }
    transaction.commitTimeMs = Math.floor(originalCommitMs);
    this.#begun(b, start);
  }

  /** What stands in MariaDB's GTID event as well: BEGIN, and XA START. */
  #beginMariadb(b: Buffer, start: number, end: number): void {
    this.#requireEnd();
    const gtid = this.#mariadbGtid;
    readMariadbGtid(b, start, end, gtid);
    const { source, gno, commitMs, isStandalone, preparedXid } = gtid;
    if (this.#read?.hasGtid(source, gno) === true) throw notRising(`${source}-${gno}`);
    const transaction = this.#transaction;
    transaction.source = source;
    transaction.number = Buffer.from(gno.toString());
    transaction.gno = gno;
    transaction.commitTimeMs = commitMs;
    this.#begun(b, start, !isStandalone);
    if (this.#skipped !== undefined) return;
    if (!isStandalone) this.#state = 'in-transaction';
    if (preparedXid !== undefined) this.#options.xa.start(preparedXid, transaction, this.#check.writerVersion);
  }

  /** `isOpen`: BEGIN, or XA START, was read with it. */
  #begun(b: Buffer, start: number, isOpen = false): void {
    this.#begins = this.#at.offset - eventSize(b, start);
    const transaction = this.#transaction;
    // A transaction that was cut keeps its serial, and with it the counts of what was taken of it.
    if (this.#cut === undefined || this.#cut !== identityOf(transaction)) this.#serial += 1;
    this.#cut = undefined;
    this.#state = 'begun';
    this.#options.rows.begin();
    if (this.#options.skip?.isMet(this.#transactionPlace, this.#at.file, this.#begins) === true)
      this.#skipped = new SkippedTransaction(isOpen);
  }

  #query(b: Buffer, start: number, end: number): void {
    if (isBegin(b, start, end)) {
      if (this.#state === 'between') throw new RelayError('BINLOG_DECODE', 'BEGIN without a GTID event before it');
      this.#state = 'in-transaction';
      return;
    }
    const { database, statement } = readQuery(b, start, end);
    const kind = statementKind(statement);
    switch (kind) {
      case 'begin':
        if (this.#state === 'between') throw new RelayError('BINLOG_DECODE', 'BEGIN without a GTID event before it');
        this.#state = 'in-transaction';
        return;
      case 'commit':
        this.#commit();
        return;
      case 'savepoint':
        return;
      case 'rollback':
        throw rolledBackWithRows();
      case 'xa':
        this.#xaStatement(statement);
        return;
      case 'data-change':
        throw new RelayError(
          'BINLOG_STATEMENT',
          `rows were changed by a statement that is logged as text, in database ${database || '(none)'}`,
        );
      case 'ddl':
        this.#ddl(database, statement);
        return;
      case 'account':
        if (this.#state !== 'in-transaction') this.#commit();
    }
  }

  #ddl(database: string, statement: string): void {
    if (this.#mariadbGtid.isAlterInVain) {
      this.#commit();
      return;
    }
    this.counters.ddlStatements += 1;
    const counter = this.#statements;
    counter.countIn(this.#serial);
    const n = counter.next;
    counter.next += 1;
    if (n >= counter.taken) this.#options.onDdl({ database, statement, place: this.#transactionPlace, n });
    if (this.#state !== 'in-transaction') this.#commit();
  }

  #xaStatement(statement: string): void {
    const { xa } = this.#options;
    const { verb, xid } = readXaStatement(statement);
    switch (verb) {
      case 'start':
        this.#state = 'in-transaction';
        xa.start(xid, this.#transaction, this.#check.writerVersion);
        return;
      case 'end':
        return;
      case 'commit':
        this.#pending.push(this.#replayed(xa.find(xid)));
        return;
      case 'rollback':
        if (this.#state === 'in-transaction') throw rolledBackWithRows();
        this.#commit();
        xa.rolledBack(xid);
    }
  }

  #keepBack(b: Buffer, start: number, end: number): void {
    if (this.#options.rows.isPublished(b, start, end)) this.#options.xa.add(b, start, end);
  }

  #prepare(b: Buffer, start: number, end: number): void {
    const { xa } = this.#options;
    const { isOnePhase, names } = readXaPrepare(b, start, end);
    const branch = xa.end(names);
    if (isOnePhase) {
      this.#pending.push(this.#replayed(branch));
      return;
    }
    xa.prepared(branch);
    this.#commit();
  }

  /** The events of a TRANSACTION_PAYLOAD. */
  *#unpacked(payload: Buffer): PendingEvents {
    for (const { buffer, start, end } of nestedEvents(payload, 0, payload.length)) {
      this.#dispatch(eventType(buffer, start), buffer, start, end);
      yield;
    }
  }

  /** The rows of a branch, at its commit. They count from 0 in the transaction being read, which holds no others. */
  *#replayed(branch: XaBranch): PendingEvents {
    const { rows, xa } = this.#options;
    const transaction = { ...branch.transaction, commitTimeMs: this.#transaction.commitTimeMs };
    for (const { buffer, start, end } of branch.events()) {
      if (eventType(buffer, start) === EVENT.TABLE_MAP) rows.tableMap(buffer, start, end, branch.writerVersion);
      else rows.rows(buffer, start, end, transaction, this.#serial);
      yield;
    }
    this.#commit();
    xa.committed(branch);
  }

  #commit(): void {
    const { source, gno } = this.#transaction;
    this.#state = 'between';
    this.#at.atBoundary();
    this.counters.transactionsRead += 1;
    if (gno !== undefined) this.#read?.add(source, gno);
    this.#options.mark.commit(this.#at.file, this.#at.boundary, source, gno);
  }

  #rotate(b: Buffer, start: number, end: number): void {
    const { file, offset } = readRotate(b, start, end);
    if (this.#state !== 'between') {
      throw new RelayError('BINLOG_DECODE', 'the file ends in the middle of a transaction');
    }
    // An artificial rotate at the start of a GTID dump names the file that the server begins with; what it sends of it, the set decides.
    this.#at.moveTo(file, offset);
    this.#options.mark.move(file, offset);
  }

  #requireEnd(): void {
    if (this.#state !== 'in-transaction') return;
    throw new RelayError('BINLOG_DECODE', 'a transaction begins before the one before it has ended');
  }

  #requireTransaction(type: number): void {
    if (this.#state === 'in-transaction') return;
    throw new RelayError('BINLOG_DECODE', `${eventName(type)} outside of a transaction`);
  }
}

/** `begun`: the GTID event was read, and what follows is a single statement or BEGIN. */
type State = 'between' | 'begun' | 'in-transaction';

/** One event is taken at each step. `return` leaves out the rest. */
type PendingEvents = Generator<undefined, void, undefined>;

const rolledBackWithRows = (): RelayError =>
  new RelayError(
    'BINLOG_UNSUPPORTED',
    'a transaction was rolled back after it had changed a table without transactions',
    {
      remedy: 'Use transactional tables (ENGINE=InnoDB) only; rows of the others stay changed after a ROLLBACK.',
    },
  );

const notRising = (gtid: string): RelayError =>
  new RelayError(
    'BINLOG_UNSUPPORTED',
    `the GTID ${gtid} is not above those of the same domain and server that were read before: a resume could not tell the two apart`,
    {
      details: { gtid },
      remedy:
        'SET GLOBAL gtid_strict_mode = ON on all servers, give servers that are written to at the same time domains of their own (gtid_domain_id), and start behind this place with a new checkpoint folder.',
    },
  );

const identityOf = ({ source, number }: Transaction): string => `${source}:${Buffer.from(number).toString()}`;

/** With one of these at the latest a transaction is over. */
const BEGINS_ANOTHER: ReadonlySet<number> = new Set([
  EVENT.GTID,
  EVENT.ANONYMOUS_GTID,
  EVENT.GTID_TAGGED,
  EVENT.MARIADB_GTID,
  EVENT.ROTATE,
  EVENT.STOP,
]);

const NO_NUMBER = new Uint8Array(0);

import { RelayError } from '../../base/errors.ts';
import { plainEvent } from '../../binlog/events/compressed.ts';
import { readRotate } from '../../binlog/events/rotate.ts';
import { rowsKind } from '../../binlog/rows/rows.ts';
import { eventFlags, eventSize, eventTimestamp, eventType } from '../../binlog/wire/event-header.ts';
import { EVENT, eventName, LOG_EVENT_ARTIFICIAL_F } from '../../binlog/wire/event-types.ts';
import { nestedEvents } from '../../binlog/wire/transaction-payload.ts';
import type { FilePosition } from '../../binlog/binlog.ts';
import type { StartPosition } from '../../source/source.ts';
import type { RelayCounters } from '../relay.ts';
import { EventCheck } from './event-check.ts';
import { incidentError } from './incident.ts';
import { PendingEvents, type EventSteps } from './pending-events.ts';
import { placedError } from './placed-error.ts';
import type { Skip } from './skip.ts';
import { SkippedTransaction } from './skipped-transaction.ts';
import { StreamPlace } from './stream-place.ts';
import type { TransactionPlace } from './transaction-place.ts';
import { TransactionReader, type TransactionReaderOptions } from './transaction-reader.ts';
import { passWithoutRows } from './without-rows.ts';

export interface IntakeOptions extends TransactionReaderOptions {
  /** False when so much is held that nothing more shall be taken for now. */
  readonly hasRoom: () => boolean;
  /** The transaction to pass without publishing it. */
  readonly skip: Skip | undefined;
  readonly onSkipped: (place: TransactionPlace) => void;
  /** The server crashed while it wrote this transaction, and never committed it. */
  readonly onUnfinished: (place: TransactionPlace) => void;
}

type IntakeCounters = Pick<
  RelayCounters,
  'eventsRead' | 'bytesRead' | 'transactionsRead' | 'transactionsSkipped' | 'ddlStatements'
>;

/**
 * Follows the stream of events: checks each, knows where it stands, and gives it to the reader of transactions. What
 * was read of a transaction that is rolled back, cut off or never committed is forgotten.
 *
 * Serves all sessions of a run: after a lost connection `restart` rewinds to the last end of a transaction that was
 * read.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #counters = { eventsRead: 0, bytesRead: 0, transactionsSkipped: 0 };
  readonly #check = new EventCheck();
  readonly #at: StreamPlace;
  readonly #pending: PendingEvents;
  readonly #transactions: TransactionReader;
  /** While one is being passed. */
  #skipped: SkippedTransaction | undefined;
  #hasLeftServer = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#at = new StreamPlace(options.start.file, options.start.offset);
    this.#pending = new PendingEvents(options.hasRoom);
    const stream = { at: this.#at, check: this.#check, pending: this.#pending };
    this.#transactions = new TransactionReader(options, stream);
  }

  get counters(): IntakeCounters {
    return { ...this.#counters, ...this.#transactions.counters };
  }

  /** The last transaction boundary that was read: where the next session starts. */
  get position(): StartPosition {
    return { file: this.#at.file, offset: this.#at.boundary, gtidSet: this.#transactions.gtidSet };
  }

  /** When the last transaction before `position` was committed, ms since 1970; 0 before the first of the run. */
  get lastCommitMs(): number {
    return this.#transactions.lastCommitMs;
  }

  /** Nothing of a transaction is read that is not taken whole. */
  get isAtBoundary(): boolean {
    return !this.isBusy && this.#transactions.current.isOver && this.#skipped === undefined;
  }

  /** At a boundary: everything before it was read, or has nothing that is to be read. */
  get passed(): FilePosition {
    return { file: this.#at.file, offset: this.#at.passed };
  }

  /** Changes with all that is read, but not with signs of life of a server that has nothing. */
  get readTo(): string {
    return `${this.#at.file}:${this.#at.offset}`;
  }

  /** A new session begins at `position`. */
  restart(): void {
    this.#at.rewind();
    this.#check.restart();
    this.#pending.cut();
    // What is pending now has ended: the next session begins after it.
    if (!this.isBusy) this.#forget();
  }

  /** Nothing more will be read or taken. */
  close(): void {
    this.#pending.drop();
    this.#transactions.close();
  }

  /** File and offset are of another server from now on. */
  leaveServer(): void {
    this.#hasLeftServer = true;
  }

  /**
   * Takes one event. Throws a RelayError that names the place; nothing after it may be read then. Not to be called
   * while `isBusy`.
   */
  event(b: Buffer, start: number, end: number): void {
    try {
      this.#event(b, start, end);
    } catch (thrown) {
      throw placedError(thrown, this.#at, this.#transactions.current);
    }
  }

  /** The bytes of the events that were read are not valid any more. Throws as `event` does. */
  endOfRead(): void {
    try {
      this.#transactions.settle();
    } catch (thrown) {
      throw placedError(thrown, this.#at, this.#transactions.current);
    }
  }

  /**
   * True while a transaction that was read is not taken whole, for want of room or of time: `takeUp` before the next
   * event.
   */
  get isBusy(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Goes on with it as far as there is room, and for a moment only. Throws as `event` does. */
  takeUp(): void {
    try {
      this.#pending.takeUp();
    } catch (thrown) {
      throw placedError(thrown, this.#at, this.#transactions.current);
    }
  }

  #event(b: Buffer, start: number, end: number): void {
    this.#check.frame(b, start, end);
    const type = eventType(b, start);
    this.#counters.eventsRead += 1;
    this.#counters.bytesRead += end - start;
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
    this.#counters.transactionsSkipped += 1;
    onSkipped(this.#transactions.current.place);
    this.#transactions.end();
    if (xid !== undefined) xa.rolledBack(xid);
    skip?.passed();
  }

  /** `end` is after the body, without the checksum. */
  #dispatch(type: number, b: Buffer, start: number, end: number): void {
    this.#at.advance(type, b, start);
    if (rowsKind(type) !== undefined) {
      this.#requireTransaction(type);
      this.#transactions.keep(b, start, end);
      return;
    }
    switch (type) {
      case EVENT.TABLE_MAP:
        this.#requireTransaction(type);
        this.#options.rows.tableMap(b, start, end, this.#check.writerVersion);
        this.#transactions.keep(b, start, end);
        return;
      case EVENT.GTID:
      case EVENT.ANONYMOUS_GTID:
      case EVENT.GTID_TAGGED:
        this.#meet(this.#transactions.begin(b, start, end), false);
        return;
      case EVENT.MARIADB_GTID: {
        const { begins, isOpen } = this.#transactions.beginMariadb(b, start, end);
        this.#meet(begins, isOpen);
        return;
      }
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
        this.#pending.unpack(this.#unpacked(Buffer.from(b.subarray(start, end))));
        return;
      case EVENT.QUERY:
      case EVENT.EXECUTE_LOAD_QUERY:
        this.#transactions.query(b, start, end);
        return;
      case EVENT.XID:
        this.#transactions.end();
        return;
      case EVENT.XA_PREPARE:
        this.#transactions.prepare(b, start, end);
        return;
      case EVENT.ROTATE:
        this.#rotate(b, start, end);
        return;
      default:
        if (type === EVENT.INCIDENT) this.#incident(b, start);
        else passWithoutRows(type, b, start);
        if (!this.#transactions.current.isOver) return;
        if (type === EVENT.HEARTBEAT) this.#at.hear(b, start);
        this.#passBetweenTransactions();
        this.#options.onBoundary();
    }
  }

  /** Throws BINLOG_INCIDENT unless it is the one that is to be skipped, or was passed already. */
  #incident(b: Buffer, start: number): void {
    const { skip, onSkipped } = this.#options;
    if (!this.#transactions.current.isOver) throw incidentError(undefined);
    // A session that follows MariaDB's GTIDs gets it again until a transaction that comes after it is published.
    if (this.#at.offset <= this.#at.boundary) return;
    const begins = `${this.#at.file}:${this.#at.offset - eventSize(b, start)}`;
    if (skip?.isAt(begins) !== true) throw incidentError(begins);
    this.#counters.transactionsSkipped += 1;
    onSkipped({ source: '', number: '', hasGtid: false, begins, commitTimeMs: eventTimestamp(b, start) * 1000 });
    skip.passed();
  }

  /**
   * What stands between transactions is passed as well: an idle server may end in it, and has nothing that comes after.
   */
  #passBetweenTransactions(): void {
    // The head of a file that is opened once more: see #rotate.
    if (this.#at.offset < this.#at.boundary) return;
    this.#at.atBoundary();
    this.#options.lowWater.move(this.#at.file, this.#at.boundary);
  }

  /** A transaction begins at `begins` in the file. `isOpen`: BEGIN, or XA START, was read with it. */
  #meet(begins: number, isOpen: boolean): void {
    const { skip } = this.#options;
    if (skip?.isMet(this.#transactions.current.place, this.#at.file, begins) === true)
      this.#skipped = new SkippedTransaction(isOpen, this.#check, this.#at);
  }

  /** The events of a TRANSACTION_PAYLOAD. */
  *#unpacked(payload: Buffer): EventSteps {
    for (const { buffer, start, end } of nestedEvents(payload, 0, payload.length)) {
      const sizeBytes = end - start;
      this.#dispatch(eventType(buffer, start), buffer, start, end);
      // The next one may be written over it.
      this.#transactions.settle();
      yield sizeBytes;
    }
  }

  #forget(): void {
    this.#transactions.forget();
    this.#skipped = undefined;
  }

  #rotate(b: Buffer, start: number, end: number): void {
    const { file, offset } = readRotate(b, start, end);
    if (!this.#transactions.current.isOver) this.#fileEndsInTransaction(b, start);
    // An artificial rotate at the start of a GTID dump names the file that the server begins with; what it sends of it,
    // the set decides.
    if (!this.#hasLeftServer && file === this.#at.file && (eventFlags(b, start) & LOG_EVENT_ARTIFICIAL_F) !== 0) {
      this.#at.reopen(offset);
      return;
    }
    this.#at.moveTo(file, offset);
    this.#options.lowWater.move(file, offset);
    this.#options.onBoundary();
  }

  /**
   * A server that crashes while it writes a transaction leaves the beginning of it at the end of the file. At its next
   * start it rolls it back, begins another file, and may give the same GTID out again (MariaDB; MySQL cuts the file
   * off). A file that was closed in order ends in a ROTATE of its own, and never in a transaction.
   */
  #fileEndsInTransaction(b: Buffer, start: number): void {
    if ((eventFlags(b, start) & LOG_EVENT_ARTIFICIAL_F) === 0)
      throw new RelayError('BINLOG_DECODE', 'the file ends in the middle of a transaction');
    this.#options.onUnfinished(this.#transactions.current.place);
    this.#forget();
  }

  #requireTransaction(type: number): void {
    if (this.#transactions.current.isOpen) return;
    throw new RelayError('BINLOG_DECODE', `${eventName(type)} outside of a transaction`);
  }
}

import { EVENT } from '../../binlog/wire/event-types.ts';
import { eventType } from '../../binlog/wire/event-header.ts';
import { readQuery, type Query } from '../../binlog/statements/query.ts';
import type { Transaction } from '../../change/change.ts';
import { ChangeCounter } from '../tables/change-counter.ts';
import type { CurrentTransaction } from './current-transaction.ts';
import type { StatementRead } from './ddl-policy.ts';
import type { EventSteps } from './pending-events.ts';
import type { RowReader } from '../tables/row-reader.ts';
import type { EventTask, TransactionEvents } from '../kept/transaction-events.ts';

export interface TransactionTakerOptions {
  readonly rows: RowReader;
  /** Finds out whether rows can be published, and does nothing with them. */
  readonly rowCheck: RowReader;
  /**
   * A statement that is neither rows nor transaction control; called before the mark is told that its transaction has
   * ended. May throw.
   */
  readonly onDdl: (ddl: StatementRead) => void;
}

/** Takes the events of transactions whose end was read: rows, and the statements among them. */
export class TransactionTaker {
  readonly #options: TransactionTakerOptions;
  /** The one whose end was read. */
  readonly #current: CurrentTransaction;
  readonly #statements = new ChangeCounter();
  /** Which one the rows were logged in, and the version of the server that logged them. */
  #logged: Transaction;
  #writerVersion = 0;
  /** What its table maps say was true when its first one was read, and still is. */
  #areTablesKnown = false;
  /** See Tables: when the current transaction began. */
  #tablesVersion = 0;

  constructor(options: TransactionTakerOptions, current: CurrentTransaction) {
    this.#options = options;
    this.#current = current;
    this.#logged = current.identity;
  }

  /** A transaction begins. */
  begin(): void {
    const { rows } = this.#options;
    rows.begin();
    this.#tablesVersion = rows.tablesVersion;
  }

  /** Finds out whether an event of the current transaction can be taken; see TransactionEvents. */
  check(b: Buffer, start: number, end: number, writerVersion: number): void {
    const { rows, rowCheck } = this.#options;
    const { identity, serial } = this.#current;
    const type = eventType(b, start);
    if (type === EVENT.TABLE_MAP) rows.tableMap(b, start, end, writerVersion);
    // Changes count again when they are taken.
    else if (type !== EVENT.QUERY) rowCheck.rows(b, start, end, identity, -serial);
  }

  /** Takes everything, or nothing if it throws. `logged`: which transaction the events are of. */
  inOneStep(events: TransactionEvents, logged: Transaction, writerVersion: number): void {
    this.#beginTaking(logged, writerVersion);
    try {
      events.forEach(this.#take);
    } catch (error) {
      this.#options.rows.takeBack(this.#current.serial);
      throw error;
    }
  }

  *inManySteps(events: TransactionEvents, logged: Transaction, writerVersion: number): EventSteps {
    this.#beginTaking(logged, writerVersion);
    for (const { buffer, start, end } of events.events()) {
      const sizeBytes = end - start;
      this.#take(buffer, start, end);
      yield sizeBytes;
    }
  }

  #beginTaking(logged: Transaction, writerVersion: number): void {
    this.#logged = logged;
    this.#writerVersion = writerVersion;
    this.#areTablesKnown =
      logged === this.#current.identity && this.#options.rows.tablesVersion === this.#tablesVersion;
  }

  /** A statement of the current transaction. */
  statement({ database, statement, quoting }: Query): void {
    const { place, serial } = this.#current;
    const counter = this.#statements;
    counter.countIn(serial);
    const n = counter.next;
    counter.next += 1;
    this.#options.onDdl({ database, statement, quoting, place, n });
  }

  readonly #take: EventTask = (b, start, end) => {
    const { rows } = this.#options;
    switch (eventType(b, start)) {
      case EVENT.TABLE_MAP:
        if (!this.#areTablesKnown) rows.tableMap(b, start, end, this.#writerVersion);
        return;
      case EVENT.QUERY:
        this.statement(readQuery(b, start, end));
        return;
      default:
        // Rows of an XA branch count in the transaction of its commit, which holds no others.
        rows.rows(b, start, end, this.#logged, this.#current.serial);
    }
  };
}

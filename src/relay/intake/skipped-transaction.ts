import { EVENT } from '../../binlog/wire/event-types.ts';
import { plainEvent } from '../../binlog/events/compressed.ts';
import { readStatement, type Statement } from '../../binlog/statements/statement.ts';
import type { EventCheck } from './event-check.ts';
import type { StreamPlace } from './stream-place.ts';

/** Passes the events of a transaction up to its end, and reads no more of them than it takes to find that. */
export class SkippedTransaction {
  /** BEGIN or XA START was read: it ends with a commit. Otherwise it is one statement, or one payload. */
  #isOpen: boolean;
  /** The XA branch that it commits or rolls back. */
  xid: string | undefined;

  readonly #check: EventCheck;
  readonly #at: StreamPlace;

  constructor(isOpen: boolean, check: EventCheck, at: StreamPlace) {
    this.#isOpen = isOpen;
    this.#check = check;
    this.#at = at;
  }

  /** Passes the next event after its GTID event, damaged or not. */
  pass(type: number, b: Buffer, start: number, end: number): Passed {
    if (BEGINS_ANOTHER.has(type)) return 'none';
    const bodyEnd = this.#check.soundBodyEnd(b, start, end);
    if (bodyEnd === undefined) {
      this.#at.advanceBy(end - start);
      return 'middle';
    }
    this.#at.advance(type, b, start);
    return this.#endsWith(type, b, start, bodyEnd) ? 'last' : 'middle';
  }

  #endsWith(type: number, b: Buffer, start: number, end: number): boolean {
    switch (type) {
      case EVENT.XID:
      case EVENT.XA_PREPARE:
      case EVENT.TRANSACTION_PAYLOAD:
        return true;
      case EVENT.QUERY:
      case EVENT.QUERY_COMPRESSED:
        return this.#endsWithStatement(statementOf(type, b, start, end));
      default:
        return false;
    }
  }

  #endsWithStatement(statement: Statement | undefined): boolean {
    switch (statement?.kind) {
      case 'begin':
      case 'xa-start':
        this.#isOpen = true;
        return false;
      case 'savepoint-set':
      case 'savepoint-rollback':
      case 'savepoint-release':
      case 'xa-end':
        return false;
      case 'commit':
      case 'rollback':
        return true;
      case 'xa-commit':
      case 'xa-rollback':
        this.xid = statement.xid;
        return true;
      case 'data-change':
      case 'ddl':
      case 'account':
      case undefined:
        return !this.#isOpen;
    }
  }
}

/**
 * What an event was of the transaction; `none`: it belongs to the next one, and is not passed: the last one could not
 * be told.
 */
type Passed = 'middle' | 'last' | 'none';

/** With one of these at the latest a transaction is over. */
const BEGINS_ANOTHER: ReadonlySet<number> = new Set([
  EVENT.GTID,
  EVENT.ANONYMOUS_GTID,
  EVENT.GTID_TAGGED,
  EVENT.MARIADB_GTID,
  EVENT.ROTATE,
  EVENT.STOP,
]);

/** Undefined when it cannot be read. */
function statementOf(type: number, b: Buffer, start: number, end: number): Statement | undefined {
  try {
    if (type === EVENT.QUERY) return readStatement(b, start, end);
    const plain = plainEvent(b, start, end);
    return readStatement(plain, 0, plain.length);
  } catch {
    return undefined;
  }
}

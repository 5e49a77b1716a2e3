import { EVENT } from '../binlog/event-types.ts';
import { plainEvent } from '../binlog/events/compressed.ts';
import { readQuery } from '../binlog/events/query.ts';
import { statementKind } from '../binlog/statement-kind.ts';
import { readXaStatement } from '../binlog/xid.ts';

/** Finds the end of a transaction whose events are to be passed, and reads no more of them than that takes. */
export class SkippedTransaction {
  /** BEGIN or XA START was read: it ends with a commit. Otherwise it is one statement, or one payload. */
  #isOpen: boolean;
  /** The XA branch that it commits or rolls back. */
  xid: string | undefined;

  constructor(isOpen: boolean) {
    this.#isOpen = isOpen;
  }

  /** Takes the next event behind its GTID event; true when it is the last one. `end` is behind its body. */
  endsWith(type: number, b: Buffer, start: number, end: number): boolean {
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

  #endsWithStatement(statement: string): boolean {
    switch (statementKind(statement)) {
      case 'begin':
        this.#isOpen = true;
        return false;
      case 'commit':
      case 'rollback':
        return true;
      case 'savepoint':
        return false;
      case 'xa':
        return this.#endsWithXa(statement);
      case 'data-change':
      case 'ddl':
      case 'account':
        return !this.#isOpen;
    }
  }

  #endsWithXa(statement: string): boolean {
    try {
      const { verb, xid } = readXaStatement(statement);
      if (verb === 'start') this.#isOpen = true;
      if (verb === 'commit' || verb === 'rollback') this.xid = xid;
      return verb === 'commit' || verb === 'rollback';
    } catch {
      return !this.#isOpen;
    }
  }
}

/** Empty when it cannot be read. */
function statementOf(type: number, b: Buffer, start: number, end: number): string {
  try {
    if (type === EVENT.QUERY) return readQuery(b, start, end).statement;
    const plain = plainEvent(b, start, end);
    return readQuery(plain, 0, plain.length).statement;
  } catch {
    return '';
  }
}

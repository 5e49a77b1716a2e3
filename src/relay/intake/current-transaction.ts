import type { Transaction } from '../../change/change.ts';
import type { TransactionPlace } from './transaction-place.ts';

/** The transaction that is being read: which one it is, where it begins, and whether rows may come. */
export class CurrentTransaction {
  /** Filled again for each one, before `begin`. */
  readonly identity: Transaction = { source: '', number: '', gno: undefined, commitTimeMs: 0 };
  /** Rises with each one. */
  serial = 0;
  /** Of the XA branch whose rows it brings; see XaStatement. */
  xid: string | undefined;
  #state: State = 'between';
  #file = '';
  #begins = 0;

  /** None is being read. */
  get isOver(): boolean {
    return this.#state === 'between';
  }

  /** BEGIN, or XA START, was read: rows may come, and statements do not end it. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** `<source>:<number>`, as its change ids begin. */
  get name(): string {
    const { source, number } = this.identity;
    return `${source}:${number}`;
  }

  get place(): TransactionPlace {
    const { source, number, gno, commitTimeMs } = this.identity;
    return {
      source,
      number,
      hasGtid: gno !== undefined,
      begins: `${this.#file}:${this.#begins}`,
      commitTimeMs,
    };
  }

  /** Its GTID event was read, which stands at `offset` of `file`. */
  begin(file: string, offset: number): void {
    this.#file = file;
    this.#begins = offset;
    this.serial += 1;
    this.xid = undefined;
    this.#state = 'begun';
  }

  /** BEGIN, or XA START. */
  open(): void {
    this.#state = 'open';
  }

  /** It is over, or will never be read to its end. */
  end(): void {
    this.#state = 'between';
  }
}

/** `begun`: the GTID event was read, and what follows is a single statement or BEGIN. */
type State = 'between' | 'begun' | 'open';

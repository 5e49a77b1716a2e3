import type { Transaction } from '../change/change.ts';
import type { TransactionPlace } from './transaction-place.ts';

/** The transaction that is being read: which one it is, where it begins, and whether rows may come. */
export class CurrentTransaction {
  /** Filled anew for each one, before `begin`. */
  readonly identity: Transaction = { source: '', number: '', gno: undefined, commitTimeMs: 0 };
  /** Rises with each one. One that was cut and comes again keeps it, and with it the counts of what was taken of it. */
  serial = 0;
  #state: State = 'between';
  #file = '';
  #begins = 0;
  /** Identity of one that was cut, until it begins again. */
  #cut: string | undefined;

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
    if (this.#cut === undefined || this.#cut !== this.name) this.serial += 1;
    this.#cut = undefined;
    this.#state = 'begun';
  }

  /** BEGIN, or XA START. */
  open(): void {
    this.#state = 'open';
  }

  end(): void {
    this.#state = 'between';
  }

  /** The connection was lost in it: it will come again, from its beginning. */
  cut(): void {
    this.#cut = this.name;
    this.#state = 'between';
  }
}

/** `begun`: the GTID event was read, and what follows is a single statement or BEGIN. */
type State = 'between' | 'begun' | 'open';

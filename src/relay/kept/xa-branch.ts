import type { Transaction } from '../../change/change.ts';
import type { Segment } from '../progress/low-water-mark.ts';
import type { TransactionEvents } from './transaction-events.ts';

/** One XA branch that is prepared: its rows wait until it is known whether they count. */
export interface XaBranch {
  /** See XaStatement. */
  readonly xid: string;
  /** The one in which the rows were logged: their change ids are made of it. */
  readonly transaction: Transaction;
  /** Version of the server that logged them. */
  readonly writerVersion: number;
  readonly events: TransactionEvents;
  /** What holds the low-water mark. */
  readonly segment: Segment;
  /** The operator was told that it has been open for long. */
  isReported: boolean;
}

import { RelayError } from '../../base/errors.ts';
import type { Transaction } from '../../change/change.ts';
import type { LowWaterMark } from '../progress/low-water-mark.ts';
import type { OpenXaBranch } from '../relay.ts';
import type { TransactionEvents } from './transaction-events.ts';
import type { XaBranch } from './xa-branch.ts';

export interface XaBranchesOptions {
  readonly lowWater: LowWaterMark;
  /** How much memory all branches together may take; those that come beyond go to files. */
  readonly memoryBytes: number;
}

/**
 * The XA branches of a stream that are prepared, and their rows until each is committed or rolled back.
 *
 * MySQL logs a branch in two transactions: its rows, ended by XA_PREPARE, and later, from whatever session, XA COMMIT
 * or XA ROLLBACK. From the one to the other the branch is open, and the low-water mark stays before it: the next run
 * reads the rows again.
 */
export class XaBranches {
  readonly #options: XaBranchesOptions;
  /** By xid. */
  readonly #open = new Map<string, XaBranch>();

  constructor(options: XaBranchesOptions) {
    this.#options = options;
  }

  /** No branch is open. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Those that are prepared, the oldest first. */
  get open(): readonly OpenXaBranch[] {
    return Array.from(this.#open.values(), describe);
  }

  /**
   * XA_PREPARE was read: `events` are the branch's from now on. To be called before the mark is told that the
   * transaction has ended. Throws SPILL_FAILED.
   */
  prepared(xid: string, transaction: Transaction, writerVersion: number, events: TransactionEvents): void {
    // Its name can be taken only when the server has the older branch no more: it crashed before it had prepared it.
    this.rolledBack(xid);
    const segment = this.#options.lowWater.holdBranch();
    this.#open.set(xid, {
      xid,
      transaction: { ...transaction },
      writerVersion,
      events,
      segment,
      isReported: false,
    });
    if (this.#memoryBytes() > this.#options.memoryBytes) events.spill();
  }

  /** The open branch that is being committed. Throws XA_UNKNOWN_BRANCH. */
  find(xid: string): XaBranch {
    const branch = this.#open.get(xid);
    if (branch !== undefined) return branch;
    throw new RelayError('XA_UNKNOWN_BRANCH', `XA COMMIT ${xid}: its XA PREPARE was not read`, { details: { xid } });
  }

  /** The rows were taken. To be called after the mark was told that the transaction of the commit has ended. */
  committed(branch: XaBranch): void {
    this.#options.lowWater.commitBranch(branch.segment);
    this.#forget(branch);
  }

  /** A branch that was prepared before the stream began may be rolled back: nothing of it was published. */
  rolledBack(xid: string): void {
    const branch = this.#open.get(xid);
    if (branch === undefined) return;
    this.#options.lowWater.rollBackBranch(branch.segment);
    this.#forget(branch);
  }

  /** The branches that are open since before `thanMs`, each once. */
  newlyOlder(thanMs: number): readonly OpenXaBranch[] {
    const found = Array.from(this.#open.values()).filter(
      ({ transaction, isReported }) => !isReported && transaction.commitTimeMs < thanMs,
    );
    for (const branch of found) branch.isReported = true;
    return found.map(describe);
  }

  /** Forgets everything, and closes all files. */
  close(): void {
    for (const { events } of this.#open.values()) events.release();
    this.#open.clear();
  }

  #forget({ xid, events }: XaBranch): void {
    this.#open.delete(xid);
    events.release();
  }

  #memoryBytes(): number {
    let bytes = 0;
    for (const { events } of this.#open.values()) bytes += events.memoryBytes;
    return bytes;
  }
}

const describe = ({ xid, transaction, events }: XaBranch): OpenXaBranch => ({
  xid,
  sinceMs: transaction.commitTimeMs,
  bytes: events.sizeBytes,
});

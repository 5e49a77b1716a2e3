import { RelayError } from '../base/errors.ts';
import { HeldPart, type HeldBytes } from '../base/growing-bytes.ts';
import type { Transaction } from '../change/change.ts';
import type { LowWaterMark } from './low-water-mark.ts';
import type { OpenXaBranch } from './relay.ts';
import type { CreateSpillFile } from './spill.ts';
import { XaBranch } from './xa-branch.ts';

export interface XaBranchesOptions {
  readonly mark: LowWaterMark;
  readonly held: HeldBytes;
  /** How much memory all branches together may take; what comes beyond goes to files. */
  readonly memoryBytes: number;
  readonly createSpillFile: CreateSpillFile;
}

/**
 * The XA branches of a stream, and their rows until each is committed or rolled back.
 *
 * MySQL logs a branch in two transactions: its rows, ended by XA_PREPARE, and later, from whatever session, XA COMMIT or XA ROLLBACK. From the one
 * to the other the branch is open, and the low-water mark stays before it: the next run reads the rows again. `one phase` is both in one.
 */
export class XaBranches {
  readonly #options: XaBranchesOptions;
  readonly #memory: HeldPart;
  /** By xid. */
  readonly #open = new Map<string, XaBranch>();
  /** The branch of the transaction that is being read, until it is prepared or committed in one phase. */
  #reading: XaBranch | undefined;

  constructor(options: XaBranchesOptions) {
    this.#options = options;
    this.#memory = new HeldPart(options.held);
  }

  /** Rows that come belong to a branch. */
  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** No branch is open. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Those that are prepared, the oldest first. */
  get open(): readonly OpenXaBranch[] {
    return Array.from(this.#open.values(), describe);
  }

  /** XA START was read. */
  start(xid: string, transaction: Transaction, writerVersion: number): void {
    this.#reading = new XaBranch(xid, transaction, writerVersion, this.#memory);
  }

  /** Keeps one event of the branch that is being read. Throws XA_SPILL. */
  add(b: Buffer, start: number, end: number): void {
    const branch = this.#branchBeingRead();
    const { memoryBytes, createSpillFile } = this.#options;
    if (!branch.isSpilled && this.#memory.bytes + branch.growth(end - start) > memoryBytes)
      branch.spill(createSpillFile);
    branch.add(b, start, end);
  }

  /** All rows of the branch with these names were read: it is to be `prepared`, or replayed and `committed`. */
  end(names: string): XaBranch {
    const branch = this.#branchBeingRead();
    if (!branch.xid.startsWith(`${names},`))
      throw new RelayError('BINLOG_DECODE', `XA_PREPARE of ${names} ends the XA branch ${branch.xid}`);
    branch.seal();
    return branch;
  }

  /** To be called before the mark is told that the transaction has ended. */
  prepared(branch: XaBranch): void {
    // Its name can be taken only when the server has the older branch no more: it crashed before it had prepared it.
    this.rolledBack(branch.xid);
    branch.segment = this.#options.mark.holdBranch();
    this.#open.set(branch.xid, branch);
    this.#reading = undefined;
  }

  /** The open branch that is being committed. Throws XA_UNKNOWN_BRANCH. */
  find(xid: string): XaBranch {
    const branch = this.#open.get(xid);
    if (branch !== undefined) return branch;
    throw new RelayError('XA_UNKNOWN_BRANCH', `XA COMMIT ${xid}: its XA PREPARE was not read`, { details: { xid } });
  }

  /** The rows were taken. To be called after the mark was told that the transaction of the commit has ended. */
  committed(branch: XaBranch): void {
    if (branch.segment !== undefined) this.#options.mark.commitBranch(branch.segment);
    if (this.#reading === branch) this.#reading = undefined;
    else this.#open.delete(branch.xid);
    branch.release();
  }

  /** A branch that was prepared before the stream began may be rolled back: nothing of it was published. */
  rolledBack(xid: string): void {
    const branch = this.#open.get(xid);
    if (branch === undefined) return;
    if (branch.segment !== undefined) this.#options.mark.rollBackBranch(branch.segment);
    this.#open.delete(xid);
    branch.release();
  }

  /** The connection was lost: the branch that was being read will be read again. */
  cut(): void {
    this.#reading?.release();
    this.#reading = undefined;
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
    this.cut();
    for (const branch of this.#open.values()) branch.release();
    this.#open.clear();
  }

  #branchBeingRead(): XaBranch {
    if (this.#reading !== undefined) return this.#reading;
    throw new RelayError('BINLOG_DECODE', 'an XA branch is prepared that was not started');
  }
}

const describe = ({ xid, transaction, sizeBytes }: XaBranch): OpenXaBranch => ({
  xid,
  sinceMs: transaction.commitTimeMs,
  bytes: sizeBytes,
});

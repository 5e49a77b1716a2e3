import { noGtids, parseGtids, type Flavour, type Gtids } from '../binlog/gtids.ts';
import type { StartPosition } from '../source/source.ts';

/**
 * Turns acknowledgements, which come in any order, into the one position with everything before it acknowledged.
 *
 * Transactions are grouped in segments; a new segment starts with the transaction in which a message takes its first row. The message holds
 * that segment until it is acknowledged, so the mark may pass a segment when it and all before it are held by nobody. There are at most as
 * many segments as unacknowledged messages, however many transactions pass. A transaction costs two stores here, no object.
 *
 * The transaction that prepares an XA branch holds its segment as well, until the branch ends. When it ends by a commit, the mark passes both
 * transactions in one step or none of them: a run that started between them would meet the commit without the rows.
 *
 * Invariant 1: the mark never passes a change whose message is not acknowledged. Pure.
 */
export class LowWaterMark {
  readonly #flavour: Flavour;
  readonly #gtids: Gtids | undefined;
  #file: string;
  #offset: number;
  readonly #segments: Segment[];
  #open: Segment;

  constructor(start: StartPosition, flavour: Flavour = 'mysql') {
    this.#flavour = flavour;
    this.#gtids = start.gtidSet === undefined ? undefined : parseGtids(flavour, start.gtidSet);
    this.#file = start.file;
    this.#offset = start.offset;
    this.#open = new Segment(0, start.file, start.offset, noGtids(flavour));
    this.#segments = [this.#open];
  }

  /** A message takes its first row, of the transaction that is being read. Give the result back to `release`. */
  hold(transactionTimeMs: number): Segment {
    const segment = this.#segmentOfTransaction();
    if (segment.holders === 0) segment.sinceMs = transactionTimeMs;
    segment.holders += 1;
    return segment;
  }

  /** The transaction that is being read prepares a branch. Give the result to `commitBranch` or `rollBackBranch`. */
  holdBranch(): Segment {
    const segment = this.#segmentOfTransaction();
    segment.branches += 1;
    return segment;
  }

  /** The transaction that was committed last has committed the branch: its rows are in messages that hold the mark themselves. */
  commitBranch(segment: Segment): void {
    segment.branches -= 1;
    segment.passesWith = this.#open.number;
  }

  rollBackBranch(segment: Segment): void {
    segment.branches -= 1;
  }

  /** The message is acknowledged. */
  release(segment: Segment): void {
    segment.holders -= 1;
  }

  /** The transaction that was being read ends at `offset` of `file`. `gno` is undefined for one without GTID. */
  commit(file: string, offset: number, source: string, gno: bigint | undefined): void {
    const open = this.#open;
    open.file = file;
    open.offset = offset;
    open.transactions += 1;
    if (gno !== undefined && this.#gtids !== undefined) open.gtids.add(source, gno);
  }

  /** The stream moved on without a transaction: a new file, or events that the server skipped. Counts only between transactions. */
  move(file: string, offset: number): void {
    this.#open.file = file;
    this.#open.offset = offset;
  }

  /** The mark as it is now. */
  position(): StartPosition {
    this.#advance();
    return { file: this.#file, offset: this.#offset, gtidSet: this.#gtids?.toString() };
  }

  /** Commit time of the oldest transaction that an unacknowledged message holds. */
  get oldestHeldMs(): number | undefined {
    return this.#segments.find((segment) => segment.holders > 0)?.sinceMs;
  }

  #segmentOfTransaction(): Segment {
    if (this.#open.transactions > 0) this.#append(this.#open.file, this.#open.offset);
    return this.#open;
  }

  #append(file: string, offset: number): void {
    this.#open = new Segment(this.#open.number + 1, file, offset, noGtids(this.#flavour));
    this.#segments.push(this.#open);
  }

  #advance(): void {
    for (const segment of this.#segments.splice(0, this.#passable())) this.#pass(segment);
    if (this.#segments.length === 0) this.#append(this.#file, this.#offset);
  }

  /** How many segments, from the oldest on, the mark may pass. */
  #passable(): number {
    let count = 0;
    let passesWith = 0;
    for (const [i, segment] of this.#segments.entries()) {
      if (segment.holders > 0 || segment.branches > 0) break;
      passesWith = Math.max(passesWith, segment.passesWith);
      if (passesWith <= segment.number) count = i + 1;
    }
    return count;
  }

  #pass(segment: Segment): void {
    this.#file = segment.file;
    this.#offset = segment.offset;
    this.#gtids?.union(segment.gtids);
  }
}

/** Consecutive transactions; see LowWaterMark, which alone changes it. */
export class Segment {
  /** Messages whose oldest row belongs to this segment. */
  holders = 0;
  /** Open XA branches that were prepared in this segment. */
  branches = 0;
  /** Number of the segment that the mark has to pass in the same step as this one; its own, or below, when there is none. */
  passesWith = 0;
  /** Commit time of the transaction that the first holder took a row of, ms since 1970. */
  sinceMs = 0;
  /** Transactions that ended in this segment. */
  transactions = 0;
  file: string;
  /** Offset behind its last transaction. */
  offset: number;
  readonly gtids: Gtids;
  /** Rises from segment to segment. */
  readonly number: number;

  constructor(number: number, file: string, offset: number, gtids: Gtids) {
    this.gtids = gtids;
    this.number = number;
    this.file = file;
    this.offset = offset;
  }
}

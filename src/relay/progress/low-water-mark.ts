import { noGtids, parseGtids, type Flavour, type Gtids } from '../../binlog/gtids/gtids.ts';
import type { StartPosition } from '../../source/source.ts';

/**
 * Turns acknowledgements, which come in any order, into the one position with everything before it acknowledged.
 *
 * Transactions are grouped in segments; a new segment starts with the transaction in which a message takes its first
 * row. The message holds that segment until it is acknowledged, so the mark may pass a segment when it and all before
 * it are held by nobody. Neighbours that nobody holds become one, so there are at most some twice as many segments as
 * unacknowledged messages and open branches, however many transactions pass, and however long the mark stands still. A
 * transaction costs two stores here, no object.
 *
 * The transaction that prepares an XA branch holds its segment as well, until the branch ends. When it ends by a
 * commit, the mark passes both transactions in one step or none of them: a run that started between them would meet the
 * commit without the rows.
 *
 * Invariant 1: the mark never passes a change whose message is not acknowledged. Pure.
 */
export class LowWaterMark {
  readonly #flavour: Flavour;
  readonly #gtids: Gtids | undefined;
  #file: string;
  #offset: number;
  #oldest: Segment;
  /** The newest: of the transaction that is being read, and of those that come. */
  #open: Segment;

  constructor(start: StartPosition, flavour: Flavour = 'mysql') {
    this.#flavour = flavour;
    this.#gtids = start.gtidSet === undefined ? undefined : parseGtids(flavour, start.gtidSet);
    this.#file = start.file;
    this.#offset = start.offset;
    this.#open = new Segment(0, start.file, start.offset, noGtids(flavour));
    this.#oldest = this.#open;
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

  /**
   * The transaction that was committed last has committed the branch: its rows are in messages that hold the mark
   * themselves.
   */
  commitBranch(segment: Segment): void {
    segment.branches -= 1;
    segment.passesWith = this.#open.number;
    if (segment.isFree) this.#merge(segment);
  }

  rollBackBranch(segment: Segment): void {
    segment.branches -= 1;
    if (segment.isFree) this.#merge(segment);
  }

  /** The message is acknowledged. */
  release(segment: Segment): void {
    segment.holders -= 1;
    if (segment.isFree) this.#merge(segment);
  }

  /** The transaction that was being read ends at `offset` of `file`. `gno` is undefined for one without GTID. */
  commit(file: string, offset: number, source: string, gno: bigint | undefined): void {
    const open = this.#open;
    open.file = file;
    open.offset = offset;
    open.transactions += 1;
    if (gno !== undefined && this.#gtids !== undefined) open.gtids.add(source, gno);
  }

  /**
   * The stream moved on without a transaction: a new file, or events that the server skipped. Counts only between
   * transactions.
   */
  move(file: string, offset: number): void {
    this.#open.file = file;
    this.#open.offset = offset;
  }

  /** The mark as it is now. */
  position(): StartPosition {
    this.#advance();
    return { file: this.#file, offset: this.#offset, gtidSet: this.#gtids?.toString() };
  }

  /** Where the mark will be when everything that was taken is acknowledged. */
  taken(): StartPosition {
    const gtids = this.#gtids === undefined ? undefined : parseGtids(this.#flavour, this.#gtids.toString());
    for (let segment: Segment | undefined = this.#oldest; segment !== undefined; segment = segment.next)
      gtids?.union(segment.gtids);
    return { file: this.#open.file, offset: this.#open.offset, gtidSet: gtids?.toString() };
  }

  /** Commit time of the oldest transaction that an unacknowledged message holds. */
  get oldestHeldMs(): number | undefined {
    for (let segment: Segment | undefined = this.#oldest; segment !== undefined; segment = segment.next)
      if (segment.holders > 0) return segment.sinceMs;
    return undefined;
  }

  /** How many segments there are. */
  get segments(): number {
    let count = 0;
    for (let segment: Segment | undefined = this.#oldest; segment !== undefined; segment = segment.next) count += 1;
    return count;
  }

  #segmentOfTransaction(): Segment {
    if (this.#open.transactions > 0) this.#append(this.#open.file, this.#open.offset);
    return this.#open;
  }

  #append(file: string, offset: number): void {
    const segment = new Segment(this.#open.number + 1, file, offset, noGtids(this.#flavour));
    segment.previous = this.#open;
    this.#open.next = segment;
    this.#open = segment;
  }

  /** Nobody holds the segment any more: it becomes one with its neighbours that nobody holds. */
  #merge(segment: Segment): void {
    const { previous, next } = segment;
    if (previous?.isFree === true && mayPassTogether(previous, segment)) this.#joinToNext(previous, segment);
    if (next?.isFree === true && mayPassTogether(segment, next)) this.#joinToNext(segment, next);
  }

  /** `next` takes over what `segment` holds: it is the one that may be open. */
  #joinToNext(segment: Segment, next: Segment): void {
    segment.gtids.union(next.gtids);
    next.gtids = segment.gtids;
    next.transactions += segment.transactions;
    next.passesWith = Math.max(next.passesWith, segment.passesWith);
    next.previous = segment.previous;
    if (segment.previous === undefined) this.#oldest = next;
    else segment.previous.next = next;
  }

  #advance(): void {
    const passable = this.#passable();
    if (passable === undefined) return;
    this.#file = passable.file;
    this.#offset = passable.offset;
    for (let segment: Segment | undefined = this.#oldest; segment !== passable.next; segment = segment?.next)
      if (segment !== undefined) this.#gtids?.union(segment.gtids);
    if (passable.next === undefined) this.#append(passable.file, passable.offset);
    this.#oldest = passable.next ?? this.#open;
    this.#oldest.previous = undefined;
  }

  /** The newest segment, from the oldest on, that the mark may pass. */
  #passable(): Segment | undefined {
    let found: Segment | undefined;
    let passesWith = 0;
    for (let segment: Segment | undefined = this.#oldest; segment?.isFree === true; segment = segment.next) {
      passesWith = Math.max(passesWith, segment.passesWith);
      if (passesWith <= segment.number) found = segment;
    }
    return found;
  }
}

/** The mark could not pass the earlier one of two neighbours sooner than both. */
const mayPassTogether = (earlier: Segment, later: Segment): boolean =>
  later.passesWith <= later.number || later.passesWith <= earlier.passesWith;

/** Consecutive transactions; see LowWaterMark, which alone changes it. */
export class Segment {
  /** Messages whose oldest row belongs to this segment. */
  holders = 0;
  /** Open XA branches that were prepared in this segment. */
  branches = 0;
  /**
   * Number of the segment that the mark has to pass in the same step as this one; its own, or below, when there is
   * none.
   */
  passesWith = 0;
  /** Commit time of the transaction that the first holder took a row of, ms since 1970. */
  sinceMs = 0;
  /** Transactions that ended in this segment. */
  transactions = 0;
  file: string;
  /** Offset after its last transaction. */
  offset: number;
  gtids: Gtids;
  /** Rises from segment to segment. */
  readonly number: number;
  previous: Segment | undefined;
  next: Segment | undefined;

  constructor(number: number, file: string, offset: number, gtids: Gtids) {
    this.gtids = gtids;
    this.number = number;
    this.file = file;
    this.offset = offset;
  }

  /** Neither a message nor a branch holds it. */
  get isFree(): boolean {
    return this.holders === 0 && this.branches === 0;
  }
}

import { GtidSet } from '../binlog/gtid-set.ts';
import type { StartPosition } from '../source/source.ts';

/**
 * Turns acknowledgements, which come in any order, into the one position with everything before it acknowledged.
 *
 * Transactions are grouped in segments; a new segment starts with the transaction in which a message takes its first row. The message holds
 * that segment until it is acknowledged, so the mark may pass a segment when it and all before it are held by nobody. There are at most as
 * many segments as unacknowledged messages, however many transactions pass. A transaction costs two stores here, no object.
 *
 * Invariant 1: the mark never passes a change whose message is not acknowledged. Pure.
 */
export class LowWaterMark {
  readonly #gtids: GtidSet | undefined;
  #file: string;
  #offset: number;
  readonly #segments: Segment[];
  #open: Segment;

  constructor(start: StartPosition) {
    this.#gtids = start.gtidSet === undefined ? undefined : GtidSet.parse(start.gtidSet);
    this.#file = start.file;
    this.#offset = start.offset;
    this.#open = new Segment(start.file, start.offset);
    this.#segments = [this.#open];
  }

  /** A message takes its first row, of the transaction that is being read. Give the result back to `release`. */
  hold(transactionTimeMs: number): Segment {
    if (this.#open.transactions > 0) {
      this.#open = new Segment(this.#open.file, this.#open.offset);
      this.#segments.push(this.#open);
    }
    if (this.#open.holders === 0) this.#open.sinceMs = transactionTimeMs;
    this.#open.holders += 1;
    return this.#open;
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

  #advance(): void {
    const blocked = this.#segments.findIndex((segment) => segment.holders > 0);
    const passable = this.#segments.splice(0, blocked < 0 ? this.#segments.length - 1 : blocked);
    for (const segment of passable) this.#pass(segment);
    if (blocked < 0) {
      this.#pass(this.#open);
      this.#open = new Segment(this.#file, this.#offset);
      this.#segments[0] = this.#open;
    }
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
  /** Commit time of the transaction that the first holder took a row of, ms since 1970. */
  sinceMs = 0;
  /** Transactions that ended in this segment. */
  transactions = 0;
  file: string;
  /** Offset behind its last transaction. */
  offset: number;
  readonly gtids = new GtidSet();

  constructor(file: string, offset: number) {
    this.file = file;
    this.offset = offset;
  }
}

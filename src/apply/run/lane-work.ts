import type { LaneMark } from '../../topic/gate.ts';
import type { TopicMessage } from '../../topic/topic.ts';
import type { LaneProgress } from '../ledger/complete.ts';
import type { LaneState } from '../ledger/ledger.ts';
import { Statements } from '../rows/statements.ts';
import type { Tail } from '../rows/tail.ts';

/** What the next transaction of a lane writes, while messages join it. */
export class LaneWork {
  readonly stream: string;
  readonly from: LaneState;
  to: LaneState;
  readonly statements = new Statements();
  /** Statements of the ledger besides that which moves the lane. */
  readonly notes: string[] = [];
  /** Tables whose old rows it removes. */
  readonly replaced = new Set<string>();
  /** Where the run of the relay that begins with it started from. */
  resume: string | undefined;
  messages = 0;
  /** Rows of tables without a key that are looked for. */
  searchedRows = 0;
  #only: TopicMessage | undefined;

  constructor(stream: string, from: LaneState) {
    this.stream = stream;
    this.from = from;
    this.to = from;
  }

  get isEmpty(): boolean {
    return this.messages === 0;
  }

  /** The message, when there is but one. */
  get only(): TopicMessage | undefined {
    return this.messages === 1 ? this.#only : undefined;
  }

  isFull(bytes: number, rows: number, searchedRows: number): boolean {
    return this.statements.bytes >= bytes || this.statements.rows >= rows || this.searchedRows >= searchedRows;
  }

  /** The rows of the message are added. */
  end(message: TopicMessage, mark: LaneMark, { gtid, committedMs }: Tail): void {
    this.#move(message, mark, { gtid, committedMs });
  }

  /** The message has no rows that are written. */
  pass(message: TopicMessage, mark: LaneMark): void {
    this.#move(message, mark, {});
  }

  /** The message says how far the lane is. */
  say(message: TopicMessage, mark: LaneMark, progress: LaneProgress): void {
    this.#move(message, mark, { progress });
  }

  waitFor(id: string): void {
    this.to = { ...this.to, waitsFor: id };
  }

  #move(message: TopicMessage, { epoch, sequence, resume }: LaneMark, changes: Partial<LaneState>): void {
    // What was said in an epoch before counts no more from the first message of the next one on.
    const progress = epoch === this.to.epoch ? this.to.progress : undefined;
    this.to = { ...this.to, epoch, sequence, waitsFor: undefined, progress, ...changes };
    this.messages += 1;
    this.#only = message;
    this.resume ??= resume;
  }
}

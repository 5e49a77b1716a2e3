import { RelayError } from '../../base/errors.ts';
import type { NestedEvent } from '../../binlog/wire/event-sequence.ts';
import { KeptEvents, type KeptEventsOptions } from './kept-events.ts';

/** Does something with one event; `end` is after its body. */
export type EventTask = (b: Buffer, start: number, end: number) => void;

export interface TransactionEventsOptions extends KeptEventsOptions {
  /**
   * The events of a transaction of up to this size are taken in one step, however much is held. Not more than
   * `memoryBytes`.
   */
  readonly oneStepBytes: number;
}

/**
 * What was read of one transaction: its events that bring rows of published tables, and the statements among them.
 *
 * Nothing of it leaves before its end was read: it may still be rolled back, in whole or to a savepoint, and a server
 * that crashes or is replaced in the middle of it never commits it. And nothing of it leaves if anything in it cannot
 * be published: what is taken in one step can be taken back, and the events of a larger transaction are checked as they
 * come, before the first of them is taken. Invariant 17.
 */
export class TransactionEvents {
  readonly #oneStepBytes: number;
  readonly #check: EventTask;
  readonly #kept: KeptEvents;
  #hasStatements = false;
  /** How much of what is kept was checked: everything or, while one step would do, nothing. */
  #checkedBytes = 0;
  /**
   * Why it cannot be published, and where the event begins that cannot. It matters only if the transaction is
   * committed.
   */
  #unpublishable: { readonly error: unknown; readonly at: number } | undefined;
  /** Size at each savepoint, the oldest first. */
  readonly #savepoints = new Map<string, number>();

  /**
   * `check` throws what taking the event would throw, and changes nothing. It is given the events in order, from the
   * first or the next one on.
   */
  constructor(options: TransactionEventsOptions, check: EventTask) {
    this.#oneStepBytes = options.oneStepBytes;
    this.#check = check;
    this.#kept = new KeptEvents(options);
  }

  get isEmpty(): boolean {
    return this.#kept.isEmpty;
  }

  get sizeBytes(): number {
    return this.#kept.sizeBytes;
  }

  /** See KeptEvents. */
  get memoryBytes(): number {
    return this.#kept.memoryBytes;
  }

  /**
   * They may be taken in one step, which has to be taken back if it fails. Otherwise `requirePublishable`, then take
   * them as there is room.
   */
  get isOneStep(): boolean {
    return !this.#hasStatements && this.#kept.sizeBytes <= this.#oneStepBytes;
  }

  /** What was read stays where it is during the read only. Throws SPILL_FAILED. */
  settle(): void {
    this.#kept.settle();
  }

  /**
   * A TABLE_MAP or rows event of a published table, whose bytes stay as they are until `settle`. Throws SPILL_FAILED.
   */
  add(b: Buffer, start: number, end: number): void {
    const at = this.#kept.sizeBytes;
    this.#kept.add(b, start, end);
    if (this.isOneStep) return;
    if (this.#checkedBytes === at) this.#checkOne(b, start, end, at);
    else this.#checkAll();
    this.#checkedBytes = this.#kept.sizeBytes;
  }

  /**
   * A statement that stands among the rows. Reading waits at some until they are acknowledged, so one step will not do.
   * Throws SPILL_FAILED.
   */
  addStatement(b: Buffer, start: number, end: number): void {
    this.#hasStatements = true;
    this.add(b, start, end);
  }

  /** SAVEPOINT. One of the same name is replaced. */
  setSavepoint(name: string): void {
    this.#savepoints.delete(name);
    this.#savepoints.set(name, this.#kept.sizeBytes);
  }

  /** ROLLBACK TO: what came after the savepoint never happened. Throws BINLOG_DECODE. */
  rollBackTo(name: string): void {
    const sizeBytes = this.#savepoints.get(name);
    if (sizeBytes === undefined)
      throw new RelayError('BINLOG_DECODE', 'ROLLBACK TO a savepoint that the transaction has not set');
    for (const later of [...this.#savepoints.keys()].reverse()) {
      if (later === name) break;
      this.#savepoints.delete(later);
    }
    this.#kept.truncate(sizeBytes);
    this.#checkedBytes = Math.min(this.#checkedBytes, sizeBytes);
    if (this.#unpublishable !== undefined && this.#unpublishable.at >= sizeBytes) this.#unpublishable = undefined;
  }

  /** Throws what makes it impossible to publish all of them. */
  requirePublishable(): void {
    if (this.#unpublishable !== undefined) throw this.#unpublishable.error;
  }

  /** For one step. */
  forEach(task: EventTask): void {
    this.#kept.forEach(task);
  }

  /** In order, any number of times. Throws SPILL_FAILED. */
  events(): Generator<NestedEvent, void, undefined> {
    return this.#kept.events();
  }

  /** They have to wait for long: they leave memory. Throws SPILL_FAILED. */
  spill(): void {
    this.#kept.spill();
  }

  /** The next transaction begins. */
  clear(): void {
    this.#kept.clear();
    this.#hasStatements = false;
    this.#checkedBytes = 0;
    this.#unpublishable = undefined;
    if (this.#savepoints.size > 0) this.#savepoints.clear();
  }

  /** It must not be used again. */
  release(): void {
    this.#kept.release();
  }

  #checkAll(): void {
    let at = 0;
    for (const { buffer, start, end } of this.#kept.events()) {
      this.#checkOne(buffer, start, end, at);
      at += end - start;
    }
  }

  #checkOne(b: Buffer, start: number, end: number, at: number): void {
    if (this.#unpublishable !== undefined) return;
    try {
      this.#check(b, start, end);
    } catch (error) {
      this.#unpublishable = { error, at };
    }
  }
}

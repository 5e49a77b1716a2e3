import type { Lease } from './lease.ts';

interface Waiter {
  readonly resolve: (lease: Lease | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The batches that have come and those that were taken: at most one of each queue is taken at a time, whatever the
 * broker sends.
 */
export class Batches {
  readonly #waiting: Lease[] = [];
  readonly #taken = new Map<string, Lease>();
  readonly #waiters: Waiter[] = [];
  #end: { readonly error?: Error } | undefined;

  /**
   * A batch that has just come. The broker keeps a queue while a batch of it is under way, so one that is had here
   * already is lost.
   */
  add(lease: Lease): void {
    for (const older of [...this.#waiting, ...this.#taken.values()]) {
      if (older.queueKey === lease.queueKey) older.lose();
    }
    if (this.#end !== undefined) {
      lease.release();
      return;
    }
    this.#waiting.push(lease);
    this.#serve();
  }

  /** The oldest batch whose queue is free; undefined after `close`. */
  next(): Promise<Lease | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#serve();
    });
  }

  /** The batch is settled: the next one of its queue may be taken. */
  settled(lease: Lease): void {
    if (this.#taken.get(lease.queueKey) === lease) this.#taken.delete(lease.queueKey);
    this.#serve();
  }

  /** Ends the waiting: `next` gives nothing more, or throws `error`. What waits is handed back. */
  close(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    for (const lease of this.#waiting.splice(0)) lease.release();
    this.#serve();
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const lease = this.#end === undefined ? this.#takeNext() : undefined;
      if (lease === undefined && this.#end === undefined) return;
      const waiter = this.#waiters.shift();
      if (this.#end?.error !== undefined) waiter?.reject(this.#end.error);
      else waiter?.resolve(lease);
    }
  }

  #takeNext(): Lease | undefined {
    for (const [index, lease] of this.#waiting.entries()) {
      if (this.#taken.has(lease.queueKey)) continue;
      this.#waiting.splice(index, 1);
      if (lease.lost.aborted) {
        // It comes again; nobody has seen it.
        lease.release();
        return this.#takeNext();
      }
      this.#taken.set(lease.queueKey, lease);
      return lease;
    }
    return undefined;
  }
}

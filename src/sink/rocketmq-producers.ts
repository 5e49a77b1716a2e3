import type { BrokerProducer } from './rocketmq-client.ts';

interface Lease {
  readonly producer: BrokerProducer;
  inFlight: number;
  retired: boolean;
}

/**
 * The producer in use, and those on their way in or out. A producer is replaced without waiting for anybody: sends take
 * the new one from then on, and the old one is disposed of when its last send has settled, never under it.
 */
export class Producers {
  readonly #live = new Set<BrokerProducer>();
  #current: Lease | undefined;
  #closed = false;

  get ready(): boolean {
    return this.#current !== undefined;
  }

  /** Readies `producer` with `prepare` and puts it to use; disposes of it if that fails. */
  async replace<T>(producer: BrokerProducer, prepare: () => Promise<T>): Promise<T> {
    this.#live.add(producer);
    try {
      this.#assertOpen();
      const prepared = await prepare();
      this.#assertOpen();
      const old = this.#current;
      this.#current = { producer, inFlight: 0, retired: false };
      if (old !== undefined) {
        old.retired = true;
        if (old.inFlight === 0) void this.#dispose(old.producer);
      }
      return prepared;
    } catch (thrown) {
      await this.#dispose(producer);
      throw thrown;
    }
  }

  /** Runs `work` on the producer in use, which stays alive until it settles. */
  async use<Result>(work: (producer: BrokerProducer) => Promise<Result>): Promise<Result> {
    const lease = this.#current;
    if (lease === undefined) throw new Error('no producer is ready');
    lease.inFlight += 1;
    try {
      return await work(lease.producer);
    } finally {
      lease.inFlight -= 1;
      if (lease.retired && lease.inFlight === 0) void this.#dispose(lease.producer);
    }
  }

  /** Disposes of every producer, whatever it is doing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#current = undefined;
    await Promise.all([...this.#live].map((producer) => this.#dispose(producer)));
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('closed while a producer was starting');
  }

  async #dispose(producer: BrokerProducer): Promise<void> {
    await producer.dispose();
    this.#live.delete(producer);
  }
}

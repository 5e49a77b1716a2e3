import type { Clock } from '../base/clock.ts';
import { delayMs, isAborted } from '../base/retry.ts';
import type { BrokerConsumer, Delivery } from './consumer.ts';
import type { TopicBatch, TopicMessage } from './topic.ts';

export interface LeaseDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** The connection in use. */
  readonly consumer: () => Pick<BrokerConsumer, 'acknowledge' | 'keep'>;
  readonly invisibleMs: number;
  /** Ends everything that waits: the connection is going away. */
  readonly ended: AbortSignal;
  readonly onLost: (lease: Lease) => void;
  /** Called once, when the queue is free again. */
  readonly onSettled: (lease: Lease) => void;
}

const BACKOFF = { firstMs: 100, lastMs: 2000 };
/** What is handed back comes again after this. */
const RELEASE_MS = 1000;
/** Of the time that the broker grants, so much is counted on: it runs from before the messages arrive. */
const SURE = 0.8;
/** How often it is asked for more in that time. */
const RENEWALS = 3;

/**
 * A batch, and the broker's promise to keep it for this reader, which is renewed until the batch is settled. If it
 * could not be renewed in time, the batch is lost: another reader may have it by now.
 */
export class Lease implements TopicBatch {
  readonly queueKey: string;
  readonly messages: readonly TopicMessage[];
  readonly #deliveries: readonly Delivery[];
  readonly #deps: LeaseDeps;
  readonly #lost = new AbortController();
  /** Ends the renewals. */
  readonly #settling = new AbortController();
  readonly #renewing: Promise<void>;
  /** Monotonic ms: until then nobody else gets the batch. */
  #sureUntilMs: number;

  /** `deliveries`: of one queue, at least one, just arrived. `messages`: those of them that are handed out. */
  constructor(
    deliveries: readonly Delivery[],
    deps: LeaseDeps,
    messages: readonly TopicMessage[] = deliveries.map(({ message }) => message),
  ) {
    this.#deliveries = deliveries;
    this.messages = messages;
    this.#deps = deps;
    this.queueKey = deliveries[0] === undefined ? '' : queueKeyOf(deliveries[0].message);
    this.#sureUntilMs = deps.clock.monotonic() + deps.invisibleMs * SURE;
    this.#renewing = this.#renew();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Says that the batch is lost, whatever the broker has promised: it has given it away. */
  lose(): void {
    if (isAborted(this.lost) || isAborted(this.#settling.signal)) return;
    this.#lost.abort('lost');
    this.#deps.onLost(this);
  }

  async acknowledge(count = this.messages.length): Promise<void> {
    if (!this.#begin()) return;
    await this.#renewing;
    const end = this.#endOf(count);
    const [done, rest] = [this.#deliveries.slice(0, end), this.#deliveries.slice(end)];
    if (!isAborted(this.lost)) await Promise.all([this.#tell(done), this.#handBack(rest)]);
    this.#deps.onSettled(this);
  }

  /** How many deliveries the first `count` messages are, with what is dropped before the next one. */
  #endOf(count: number): number {
    const next = this.messages[count];
    return next === undefined ? this.#deliveries.length : this.#deliveries.findIndex(({ message }) => message === next);
  }

  release(): void {
    void this.acknowledge(0);
  }

  /** True for the first call only: a batch is settled once. */
  #begin(): boolean {
    if (isAborted(this.#settling.signal)) return false;
    this.#settling.abort('settled');
    return true;
  }

  async #tell(deliveries: readonly Delivery[]): Promise<void> {
    const { clock, random, consumer, ended, onLost } = this.#deps;
    let remaining = deliveries;
    for (let failures = 1; remaining.length > 0; failures += 1) {
      try {
        const { expired, failed } = await consumer().acknowledge(remaining);
        if (expired.length > 0) break;
        remaining = failed;
        if (remaining.length === 0) return;
      } catch {
        // The broker is away: the loop decides whether there is time to try again.
      }
      if (isAborted(ended) || clock.monotonic() >= this.#sureUntilMs) break;
      await clock.sleep(delayMs(BACKOFF, failures, random), ended);
    }
    if (remaining.length === 0) return;
    this.#lost.abort('lost');
    onLost(this);
  }

  /** Without a promise: if it fails, they come again when the time is over. */
  async #handBack(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    await this.#deps
      .consumer()
      .keep(deliveries, RELEASE_MS)
      .catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { clock, random, consumer, invisibleMs } = this.#deps;
    const { signal } = this.#settling;
    let failures = 0;
    for (;;) {
      const waitMs = failures === 0 ? (invisibleMs * SURE) / RENEWALS : delayMs(BACKOFF, failures, random);
      await clock.sleep(Math.min(waitMs, Math.max(0, this.#sureUntilMs - clock.monotonic())), signal);
      if (isAborted(signal) || isAborted(this.lost)) return;
      if (clock.monotonic() >= this.#sureUntilMs) break;
      const askedMs = clock.monotonic();
      try {
        await consumer().keep(this.#deliveries, invisibleMs);
        this.#sureUntilMs = askedMs + invisibleMs * SURE;
        failures = 0;
      } catch {
        // Away, or given to somebody else meanwhile: both end at the time that was sure.
        failures += 1;
      }
    }
    this.lose();
  }
}

export const queueKeyOf = ({ broker, queue }: Pick<TopicMessage, 'broker' | 'queue'>): string => `${broker}/${queue}`;

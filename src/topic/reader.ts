import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { delayMs, isAborted } from '../base/retry.ts';
import { currentCredentials, readAuthorities } from '../rocketmq/access.ts';
import { Proxies } from '../rocketmq/proxies.ts';
import { Batches } from './batches.ts';
import {
  createConsumer as createRealConsumer,
  type BrokerConsumer,
  type ConsumerSettings,
  type CreateConsumer,
  type Delivery,
} from './consumer.ts';
import { Lease, queueKeyOf } from './lease.ts';
import { placeOfTorn, tornBecause, TornInRow } from './torn.ts';
import { assertGroup, assertReadable, silenceOf, topicError, type ReadingPlace } from './topic-errors.ts';
import type { TopicBatch, TopicEvent, TopicMessage, TopicOptions, TopicReader } from './topic.ts';

export interface TopicDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** For the client's own log, at level debug. */
  readonly logger: Pick<Logger, 'debug' | 'isLevelEnabled'>;
  readonly onEvent?: (event: TopicEvent) => void;
  /** Replaced in tests. */
  readonly createConsumer?: CreateConsumer;
}

/**
 * Connects to the topic and begins to receive. Throws when the endpoint does not answer, when the topic or the group is
 * not there or does not keep order, when the group would give messages up, or when access is refused: the first
 * connection is tried once.
 */
export async function openTopic(options: TopicOptions, deps: TopicDeps): Promise<TopicReader> {
  const reader = new RocketmqReader(options, deps);
  await reader.open();
  return reader;
}

const STARTUP_MS = 15_000;
const CLOSE_MS = 5000;
const HAND_BACK_MS = 1000;
/** As long as a request may take; and a little more. */
const QUIET_MS = 6000;
const CLOSE_STEP_MS = 20;
/** As many as one request may bring; the broker sends no more than 256 KB of a queue, or one message. */
const BATCH = 32;
const BACKOFF = { firstMs: 100, lastMs: 5000 };
/** After this long of failures only, a new connection is tried, with the secrets as they stand in their files now. */
const RENEW_AFTER_MS = 30_000;
/** The same where another may do at once: the proxy does not answer and there are others, or a secret was refused. */
const RENEW_SOON_MS = 5000;

class RocketmqReader implements TopicReader {
  readonly #options: TopicOptions;
  readonly #proxies: Proxies;
  readonly #deps: TopicDeps;
  readonly #create: CreateConsumer;
  readonly #invisibleMs: number;
  readonly #batches = new Batches();
  readonly #torn = new TornInRow();
  /** Those that are not settled. */
  readonly #leases = new Set<Lease>();
  /** Aborted by `close`; and when the connection is going away. */
  readonly #closing = new AbortController();
  readonly #ended = new AbortController();
  #consumer: BrokerConsumer | undefined;
  #workers: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;
  /** A receive has succeeded: what fails later was right once. */
  #isProven = false;
  #failures = 0;
  /** Monotonic ms: since when every receive failed, or a new connection was tried last. */
  #failingSinceMs: number | undefined;
  #renewal: Promise<void> | undefined;
  /** What keeps a new connection from being made, where that is no silence: it says more than the one that fails. */
  #refusal: RelayError | undefined;
  #attempts = 0;

  constructor(options: TopicOptions, deps: TopicDeps) {
    this.#options = options;
    this.#proxies = new Proxies(options.endpoint, options.endpoints);
    this.#deps = deps;
    this.#create = deps.createConsumer ?? createRealConsumer;
    this.#invisibleMs = options.invisibleMs ?? 30_000;
  }

  async open(): Promise<void> {
    this.#consumer = await this.#connect();
    this.#workers = Promise.all(Array.from({ length: this.#options.workers ?? 4 }, () => this.#work()));
  }

  next(): Promise<TopicBatch | undefined> {
    return this.#batches.next();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort('closed');
    this.#batches.close();
    const { clock } = this.#deps;
    const untilSettled = async (ms: number): Promise<void> => {
      const endMs = clock.monotonic() + ms;
      while (this.#leases.size > 0 && clock.monotonic() < endMs) await clock.sleep(CLOSE_STEP_MS);
    };
    // A request that is under way would take messages for this reader after it has gone, and nobody else would get
    // them for a while: each ends by itself.
    const done = new AbortController();
    const quiet = Promise.all([this.#workers, untilSettled(CLOSE_MS)]).then(() => done.abort('quiet'));
    await Promise.race([quiet, clock.sleep(QUIET_MS, done.signal)]);
    for (const lease of this.#leases) lease.release();
    await untilSettled(HAND_BACK_MS);
    this.#ended.abort('closed');
    await this.#consumer?.dispose();
    await Promise.all([this.#workers, this.#renewal]);
  }

  async #work(): Promise<void> {
    const { clock, random } = this.#deps;
    const { signal } = this.#closing;
    let attempt = this.#newAttempt();
    let failures = 0;
    while (!isAborted(signal)) {
      try {
        const deliveries = await this.#receive(attempt);
        attempt = this.#newAttempt();
        failures = 0;
        this.#succeeded();
        this.#take(deliveries);
      } catch (thrown) {
        if (isAborted(signal)) return;
        const error = topicError(thrown, this.#place);
        if (!error.isRetried(this.#isProven)) {
          this.#batches.close(error);
          return;
        }
        failures += 1;
        this.#failed(error);
        await clock.sleep(delayMs(BACKOFF, failures, random), signal);
      }
    }
  }

  #receive(attempt: string): Promise<readonly Delivery[]> {
    const consumer = this.#current();
    // It may have been made another one since.
    assertGroup(consumer.group, this.#place);
    return consumer.poll(attempt, BATCH, this.#invisibleMs);
  }

  #take(deliveries: readonly Delivery[]): void {
    const { clock, random } = this.#deps;
    for (const ofQueue of byQueue(deliveries)) {
      const deps = {
        clock,
        random,
        consumer: () => this.#current(),
        invisibleMs: this.#invisibleMs,
        ended: this.#ended.signal,
        onLost: ({ messages: [first] }: Lease) => {
          if (first !== undefined) this.#tell({ what: 'lost', queue: first.queue, offset: first.offset });
        },
        onSettled: (settled: Lease) => {
          this.#leases.delete(settled);
          this.#batches.settled(settled);
        },
      };
      const lease = new Lease(ofQueue, deps, this.#notTorn(ofQueue));
      this.#leases.add(lease);
      this.#batches.add(lease);
    }
  }

  /** Throws MESSAGE_UNREADABLE when too many are torn. */
  #notTorn(deliveries: readonly Delivery[]): readonly TopicMessage[] {
    const messages: TopicMessage[] = [];
    for (const { message } of deliveries) {
      const why = tornBecause(message);
      if (why === undefined) {
        this.#torn.whole(message);
        messages.push(message);
        continue;
      }
      this.#torn.torn(message, why);
      this.#tell({ what: 'torn', place: placeOfTorn(message), why });
    }
    return messages;
  }

  #succeeded(): void {
    this.#isProven = true;
    this.#failingSinceMs = undefined;
    this.#refusal = undefined;
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#tell({ what: 'back' });
  }

  #failed(error: RelayError): void {
    this.#failures += 1;
    this.#tell({ what: 'away', error: this.#refusal ?? error, failures: this.#failures });
    const nowMs = this.#deps.clock.monotonic();
    this.#failingSinceMs ??= nowMs;
    const isSoon =
      error.code === 'TOPIC_UNAUTHORIZED' || (error.code === 'TOPIC_UNREACHABLE' && this.#proxies.count > 1);
    const patienceMs = isSoon ? RENEW_SOON_MS : RENEW_AFTER_MS;
    if (this.#renewal !== undefined || nowMs - this.#failingSinceMs < patienceMs) return;
    this.#failingSinceMs = nowMs;
    this.#renewal = this.#reconnect();
  }

  /** Never throws: the workers go on with the connection in use, which may yet recover by itself. */
  async #reconnect(): Promise<void> {
    // The one in use had its time.
    this.#proxies.turn();
    try {
      const consumer = await this.#connect();
      const old = this.#consumer;
      this.#consumer = consumer;
      this.#refusal = undefined;
      await old?.dispose();
      if (isAborted(this.#ended.signal)) await consumer.dispose();
    } catch (thrown) {
      const error = topicError(thrown, this.#place);
      this.#refusal = error.retryable ? undefined : error;
      this.#tell({ what: 'away', error, failures: this.#failures });
    } finally {
      this.#renewal = undefined;
    }
  }

  /** Throws errors of the relay. */
  #connect(): Promise<BrokerConsumer> {
    return this.#proxies.untilOneWorks(
      (endpoint) => this.#connectTo(endpoint),
      (thrown) => thrown instanceof RelayError && thrown.retryable && !isAborted(this.#closing.signal),
    );
  }

  async #connectTo(endpoint: string): Promise<BrokerConsumer> {
    const { clock, logger } = this.#deps;
    let consumer: BrokerConsumer | undefined;
    try {
      consumer = this.#create(await this.#settings(endpoint), { clock, logger });
      const inTime = <T>(work: Promise<T>, asked: readonly string[]): Promise<T> =>
        withDeadline(clock, STARTUP_MS, work, () => silenceOf(this.#place, STARTUP_MS, asked));
      const probe = await inTime(consumer.probe(), [endpoint]);
      assertReadable(probe, this.#place);
      // It connects to what the proxy calls itself.
      await inTime(consumer.start(), probe.addresses);
      assertGroup(consumer.group, this.#place);
      return consumer;
    } catch (thrown) {
      await consumer?.dispose();
      throw topicError(thrown, this.#place);
    }
  }

  async #settings(endpoint: string): Promise<ConsumerSettings> {
    const { topic, group, namespace, tls } = this.#options;
    return {
      endpoint,
      topic,
      group,
      namespace: namespace ?? '',
      credentials: currentCredentials(this.#options, '', 'TOPIC_UNAUTHORIZED'),
      tls: tls?.enabled === true ? { ca: await readAuthorities(tls.ca, 'tls.ca', 'TOPIC_CA_UNREADABLE') } : undefined,
    };
  }

  get #place(): ReadingPlace {
    return { ...this.#options, namespace: this.#options.namespace ?? '', endpoint: this.#proxies.current };
  }

  #current(): BrokerConsumer {
    if (this.#consumer === undefined) throw new RelayError('INTERNAL', 'the reader of the topic is not open');
    return this.#consumer;
  }

  #tell(event: TopicEvent): void {
    if (!isAborted(this.#closing.signal)) this.#deps.onEvent?.(event);
  }

  #newAttempt(): string {
    this.#attempts += 1;
    return `${this.#deps.random().toString(36).slice(2)}-${this.#attempts}`;
  }
}

/** A request may bring messages of several queues, each queue's in their order. */
function byQueue(deliveries: readonly Delivery[]): Iterable<readonly Delivery[]> {
  const queues = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const key = queueKeyOf(delivery.message);
    const ofQueue = queues.get(key);
    if (ofQueue === undefined) queues.set(key, [delivery]);
    else ofQueue.push(delivery);
  }
  return queues.values();
}

import type { Clock } from '../base/clock.ts';
import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { withDeadline } from '../base/deadline.ts';
import { isAborted } from '../base/retry.ts';
import { currentCredentials, readAuthorities } from '../rocketmq/access.ts';
import { destinationOf } from '../rocketmq/place.ts';
import { Proxies } from '../rocketmq/proxies.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';
import { laneNames } from './lane-names.ts';
import { LaneOffsets } from './lane-offsets.ts';
import { assertSendable, maxBodyBytes } from './message-limits.ts';
import {
  createProducer as createRealProducer,
  type BrokerProducer,
  type CreateProducer,
  type ProducerSettings,
} from './rocketmq-client.ts';
import { brokerError, type Phase } from './rocketmq-errors.ts';
import { assertPublishable } from './rocketmq-probe.ts';
import { Producers } from './rocketmq-producers.ts';
import type { OutboundMessage, Sink, SinkInfo } from './sink.ts';
import { changeOf } from './topic-changes.ts';
import { Unanswered } from './unanswered.ts';

export interface RocketmqOptions {
  /** host:port of the gRPC proxy that is used first. */
  readonly endpoint: string;
  /** All proxies, in the order in which they are tried, the first among them: all of the same cluster. */
  readonly endpoints?: readonly string[] | undefined;
  readonly topic: string;
  /** Empty: none. */
  readonly namespace: string;
  readonly accessKey?: string | undefined;
  readonly accessSecret?: string | undefined;
  /** Where they stand, when they were read from files. */
  readonly accessKeyFile?: string | undefined;
  readonly accessSecretFile?: string | undefined;
  readonly tls: {
    readonly enabled: boolean;
    /** PEM, or the path of a PEM file. */
    readonly ca?: Buffer | string | undefined;
  };
  /** At least 1000. */
  readonly sendTimeoutMs: number;
}

export interface RocketmqDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Replaced in tests. */
  readonly createProducer?: CreateProducer;
}

export interface RocketmqSink extends Sink {
  /**
   * What the broker says of the topic, without making ready to send. Throws what `open` would for a topic that cannot
   * be asked for.
   */
  probe(): Promise<TopicProbe>;
}

export function createRocketmqSink(options: RocketmqOptions, deps: RocketmqDeps): RocketmqSink {
  return new TopicSink(options, deps);
}

const STARTUP_MS = 15_000;
/** On top of the client's own deadline, which normally ends a send. */
const SEND_MARGIN_MS = 500;
/**
 * The client neither follows a moved route nor forgives an address that failed: after so long without an
 * acknowledgement, while something was sent, a new producer is tried. It resolves the name of the proxy anew.
 */
const RENEW_AFTER_MS = 30_000;
/** The same where another may do at once: the proxy does not answer and there are others, or a secret was refused. */
const RENEW_SOON_MS = 5000;
const ATTEND_MS = 5000;
/**
 * So many times ATTEND_MS. The proxy may answer with what it knew 20 s before, and learns more only when it is asked:
 * the next look sees that.
 */
const LOOK_EVERY = 2;

class TopicSink implements RocketmqSink {
  readonly destination: string;
  readonly #options: RocketmqOptions;
  readonly #deps: RocketmqDeps;
  readonly #create: CreateProducer;
  readonly #proxies: Proxies;
  readonly #producers = new Producers();
  readonly #offsets = new LaneOffsets();
  /** Queues that took messages when it was opened. */
  #openedQueues = 0;
  /** Of the newest producer. */
  #maxBodyBytes = maxBodyBytes();
  /** What the newest route says against going on. */
  #change: RelayError | undefined;
  /** Of the producer in use: what becomes of sends that began with another says nothing about it. */
  #unanswered = new Unanswered();
  /** Monotonic ms: since when every look at the topic failed, or a new producer was tried last. */
  #blindSinceMs: number | undefined;
  /** Code of the newest failure. */
  #newest: Code | undefined;
  #told: (problem: RelayError | undefined) => void = () => undefined;
  #renewal: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closed = new AbortController();

  constructor(options: RocketmqOptions, deps: RocketmqDeps) {
    this.destination = destinationOf(options);
    this.#options = options;
    this.#deps = deps;
    this.#create = deps.createProducer ?? createRealProducer;
    this.#proxies = new Proxies(options.endpoint, options.endpoints);
  }

  async probe(): Promise<TopicProbe> {
    return this.#atAnyProxy('open', async (endpoint) => {
      const producer = await this.#newProducer(endpoint);
      try {
        return await this.#ask(producer);
      } finally {
        await producer.dispose();
      }
    });
  }

  async open(): Promise<SinkInfo> {
    if (this.#closing !== undefined) throw this.#closedError();
    if (this.#producers.ready) throw new RelayError('INTERNAL', 'the sink is open already');
    const probe = await this.#replaceProducer('open');
    this.#openedQueues = probe.queues;
    this.#warnOfAddress(probe);
    void this.#attend();
    const { endpoint, endpoints = [endpoint] } = this.#options;
    return {
      destination: this.destination,
      // No answer of the proxy names its cluster; brokers of two clusters mostly have the same names.
      endpoints: endpoints.map((address) => address.toLowerCase()),
      queues: probe.queues,
      maxBodyBytes: this.#maxBodyBytes,
      laneNames: (count) => laneNames(probe.queues, count, 'lane-'),
    };
  }

  watch(told: (problem: RelayError | undefined) => void): void {
    this.#told = told;
  }

  async send(message: OutboundMessage): Promise<void> {
    assertSendable(message, this.#maxBodyBytes);
    if (this.#closing !== undefined || !this.#producers.ready) throw this.#closedError();
    if (this.#change !== undefined) throw this.#change;
    this.#renewWhenStale();
    const { clock } = this.#deps;
    const unanswered = this.#unanswered;
    unanswered.sent(clock.monotonic());
    let offset: number;
    try {
      const deadlineMs = this.#options.sendTimeoutMs + SEND_MARGIN_MS;
      offset = await this.#producers.use((producer) =>
        withDeadline(clock, deadlineMs, producer.publish(message), () => this.#silence(deadlineMs)),
      );
      unanswered.acknowledged(clock.monotonic());
    } catch (thrown) {
      unanswered.failed();
      if (this.#isClosing()) throw this.#closedError();
      const error = this.#errorOf(thrown, 'send');
      if (unanswered === this.#unanswered) this.#newest = error.code;
      throw error;
    }
    this.#offsets.stored(message, offset, this.destination);
  }

  close(): Promise<void> {
    this.#closed.abort();
    this.#closing ??= this.#producers.close();
    return this.#closing;
  }

  /**
   * Asked for by a method, because the compiler takes a field that was undefined before an `await` to be so after it.
   */
  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Ends with the sink. */
  async #attend(): Promise<void> {
    const { signal } = this.#closed;
    for (let round = 1; ; round += 1) {
      await this.#deps.clock.sleep(ATTEND_MS, signal);
      if (isAborted(signal)) return;
      // Here too: while sends hang, or nothing is sent, no send would see that it is time.
      this.#renewWhenStale();
      if (round % LOOK_EVERY === 0) this.#looking ??= this.#look();
    }
  }

  /** Asks for the route, and tells what it says; never throws. */
  async #look(): Promise<void> {
    let problem: RelayError | undefined;
    try {
      await this.#producers.use((producer) => this.#ask(producer));
      this.#blindSinceMs = undefined;
      problem = this.#change;
    } catch (thrown) {
      problem = this.#errorOf(thrown, 'look');
      // What was seen before may be over: sends find out for themselves.
      this.#change = undefined;
      this.#blindSinceMs ??= this.#deps.clock.monotonic();
      this.#newest = problem.code;
    }
    this.#looking = undefined;
    if (!this.#isClosing()) this.#told(problem);
  }

  async #replaceProducer(phase: 'open' | 'send'): Promise<TopicProbe> {
    return this.#atAnyProxy(phase, async (endpoint) => {
      const producer = await this.#newProducer(endpoint);
      const ready = await this.#producers.replace(producer, async () => {
        const probe = await this.#ask(producer);
        assertPublishable(probe, this.#options);
        await withDeadline(this.#deps.clock, STARTUP_MS, producer.start(), () => this.#silence(STARTUP_MS));
        this.#maxBodyBytes = maxBodyBytes(producer.maxMessageBytes);
        return probe;
      });
      this.#unanswered = new Unanswered();
      this.#blindSinceMs = undefined;
      this.#newest = undefined;
      return ready;
    });
  }

  /** Throws errors of the relay. */
  async #atAnyProxy<T>(phase: 'open' | 'send', connect: (endpoint: string) => Promise<T>): Promise<T> {
    return this.#proxies.untilOneWorks(
      async (endpoint) => {
        try {
          return await connect(endpoint);
        } catch (thrown) {
          if (this.#isClosing()) throw this.#closedError();
          const error = this.#errorOf(thrown, phase);
          if (this.#proxies.count > 1)
            this.#deps.logger.warn({ endpoint, code: error.code, error: error.message }, 'a proxy could not be used');
          throw error;
        }
      },
      (thrown) => thrown instanceof RelayError && thrown.retryable,
    );
  }

  async #ask(producer: BrokerProducer): Promise<TopicProbe> {
    const silence = (): RelayError => this.#silence(STARTUP_MS);
    const probe = await withDeadline(this.#deps.clock, STARTUP_MS, producer.probe(), silence);
    if (this.#openedQueues > 0) this.#change = changeOf(probe, this.#openedQueues, this.#options);
    return probe;
  }

  /** Never waits and never throws: sends go on with the producer in use, which may yet recover by itself. */
  #renewWhenStale(): void {
    const { clock, logger } = this.#deps;
    const nowMs = clock.monotonic();
    const sinceMs = Math.min(this.#unanswered.sinceMs ?? Infinity, this.#blindSinceMs ?? Infinity);
    const isSoon =
      this.#newest === 'SINK_UNAUTHORIZED' || (this.#newest === 'SINK_UNREACHABLE' && this.#proxies.count > 1);
    const patienceMs = isSoon ? RENEW_SOON_MS : RENEW_AFTER_MS;
    if (this.#renewal !== undefined || nowMs - sinceMs < patienceMs) return;
    this.#unanswered.beginAgain(nowMs);
    if (this.#blindSinceMs !== undefined) this.#blindSinceMs = nowMs;
    const renew = async (): Promise<void> => {
      // The one in use had its time.
      this.#proxies.turn();
      try {
        await this.#replaceProducer('send');
        logger.info(
          { destination: this.destination, endpoint: this.#proxies.current },
          'connected again to RocketMQ after a time without an answer',
        );
      } catch (thrown) {
        logger.debug({ err: thrown }, 'a new connection to RocketMQ failed, too');
      } finally {
        this.#renewal = undefined;
      }
    };
    this.#renewal = renew();
  }

  async #newProducer(endpoint: string): Promise<BrokerProducer> {
    const { topic, namespace, tls, sendTimeoutMs } = this.#options;
    const settings: ProducerSettings = {
      endpoint,
      topic,
      namespace,
      credentials: currentCredentials(this.#options, 'sink.', 'SINK_UNAUTHORIZED'),
      tls: tls.enabled ? { ca: await readAuthorities(tls.ca, 'SINK_CA_UNREADABLE') } : undefined,
      sendTimeoutMs,
    };
    return this.#create(settings, this.#deps);
  }

  #warnOfAddress({ addresses }: TopicProbe): void {
    const configured = this.#proxies.current;
    if (addresses.includes(configured)) return;
    this.#deps.logger.warn(
      { configured, announced: addresses },
      'the proxy announces another address than the configured one: messages are sent there, it must be reachable',
    );
  }

  #errorOf(thrown: unknown, phase: Phase): RelayError {
    return brokerError(thrown, { ...this.#options, endpoint: this.#proxies.current }, phase);
  }

  #silence(ms: number): RelayError {
    return new RelayError(
      'SINK_UNREACHABLE',
      `${this.destination} at ${this.#proxies.current} did not answer within ${ms} ms.`,
    );
  }

  #closedError(): RelayError {
    return new RelayError('SINK_CLOSED', `${this.destination} is not open.`);
  }
}

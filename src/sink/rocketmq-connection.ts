import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { currentCredentials, readAuthorities } from '../rocketmq/access.ts';
import { destinationOf } from '../rocketmq/place.ts';
import { Proxies } from '../rocketmq/proxies.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';
import { maxBodyBytes } from './message-limits.ts';
import { createProducer as createRealProducer, type BrokerProducer, type CreateProducer } from './rocketmq-client.ts';
import { brokerError, type Phase } from './rocketmq-errors.ts';
import { assertPublishable } from './rocketmq-probe.ts';
import { Producers } from './rocketmq-producers.ts';
import type { OutboundMessage } from './sink.ts';

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

const STARTUP_MS = 15_000;
/** On top of the client's own deadline, which normally ends a send. */
const SEND_MARGIN_MS = 500;

/** To the topic, by one producer after the other. Throws errors of the relay. */
export class Connection {
  readonly destination: string;
  readonly #options: RocketmqOptions;
  readonly #deps: RocketmqDeps;
  readonly #create: CreateProducer;
  readonly #proxies: Proxies;
  readonly #producers = new Producers();
  /** The proxy of the producer in use. */
  #endpoint: string;
  #maxBodyBytes = maxBodyBytes();
  #closing: Promise<void> | undefined;

  constructor(options: RocketmqOptions, deps: RocketmqDeps) {
    this.destination = destinationOf(options);
    this.#options = options;
    this.#deps = deps;
    this.#create = deps.createProducer ?? createRealProducer;
    this.#proxies = new Proxies(options.endpoint, options.endpoints);
    this.#endpoint = this.#proxies.current;
  }

  get isReady(): boolean {
    return this.#producers.ready && this.#closing === undefined;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** host:port of the proxy in use. */
  get endpoint(): string {
    return this.#endpoint;
  }

  /** Whether another proxy may do what this one does not. */
  get hasOthers(): boolean {
    return this.#proxies.count > 1;
  }

  /** As the producer in use was told. */
  get maxBodyBytes(): number {
    return this.#maxBodyBytes;
  }

  /** Asks for the route, of any proxy, and leaves nothing. */
  async probe(): Promise<TopicProbe> {
    return this.#atAnyProxy('open', async (endpoint) => {
      const producer = await this.#newProducer(endpoint);
      try {
        return await this.#ask(producer, endpoint);
      } finally {
        await producer.dispose();
      }
    });
  }

  /**
   * Puts a new producer to use, of the first proxy that does; the one before stays until then. `isStale`: the proxy in
   * use had its time.
   */
  async connect(phase: Phase, isStale = false): Promise<TopicProbe> {
    if (isStale) this.#proxies.turn();
    return this.#atAnyProxy(phase, async (endpoint) => {
      const producer = await this.#newProducer(endpoint);
      const route = await this.#producers.replace(producer, async () => {
        const probe = await this.#ask(producer, endpoint);
        assertPublishable(probe, this.#options);
        await this.#within(STARTUP_MS, producer.start(), endpoint);
        this.#maxBodyBytes = maxBodyBytes(producer.maxMessageBytes);
        return probe;
      });
      this.#endpoint = endpoint;
      return route;
    });
  }

  /** The route, by the producer in use. */
  async look(): Promise<TopicProbe> {
    try {
      return await this.#producers.use((producer) => this.#ask(producer, this.#endpoint));
    } catch (thrown) {
      throw this.#errorOf(thrown, 'look', this.#endpoint);
    }
  }

  /** Resolves to the offset. */
  async publish(message: OutboundMessage): Promise<number> {
    const endpoint = this.#endpoint;
    const deadlineMs = this.#options.sendTimeoutMs + SEND_MARGIN_MS;
    try {
      return await this.#producers.use((producer) => this.#within(deadlineMs, producer.publish(message), endpoint));
    } catch (thrown) {
      throw this.#errorOf(thrown, 'send', endpoint);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#producers.close();
    return this.#closing;
  }

  closedError(): RelayError {
    return new RelayError('SINK_CLOSED', `${this.destination} is not open.`);
  }

  #atAnyProxy<T>(phase: Phase, work: (endpoint: string) => Promise<T>): Promise<T> {
    return this.#proxies.untilOneWorks(
      async (endpoint) => {
        try {
          return await work(endpoint);
        } catch (thrown) {
          const error = this.#errorOf(thrown, phase, endpoint);
          if (this.hasOthers && !this.isClosing)
            this.#deps.logger.warn({ endpoint, code: error.code, error: error.message }, 'a proxy could not be used');
          throw error;
        }
      },
      (thrown) => thrown instanceof RelayError && thrown.retryable,
    );
  }

  #ask(producer: BrokerProducer, endpoint: string): Promise<TopicProbe> {
    return this.#within(STARTUP_MS, producer.probe(), endpoint);
  }

  #within<T>(ms: number, work: Promise<T>, endpoint: string): Promise<T> {
    const silence = (): RelayError =>
      new RelayError('SINK_UNREACHABLE', `${this.destination} at ${endpoint} did not answer within ${ms} ms.`);
    return withDeadline(this.#deps.clock, ms, work, silence);
  }

  #errorOf(thrown: unknown, phase: Phase, endpoint: string): RelayError {
    return this.isClosing ? this.closedError() : brokerError(thrown, { ...this.#options, endpoint }, phase);
  }

  async #newProducer(endpoint: string): Promise<BrokerProducer> {
    const { topic, namespace, tls, sendTimeoutMs } = this.#options;
    const settings = {
      endpoint,
      topic,
      namespace,
      credentials: currentCredentials(this.#options, 'sink.', 'SINK_UNAUTHORIZED'),
      tls: tls.enabled ? { ca: await readAuthorities(tls.ca, 'sink.tls.ca', 'SINK_CA_UNREADABLE') } : undefined,
      sendTimeoutMs,
    };
    return this.#create(settings, this.#deps);
  }
}

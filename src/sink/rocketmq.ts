import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { withDeadline } from '../base/deadline.ts';
import { currentCredentials, readAuthorities } from '../rocketmq/access.ts';
import { destinationOf } from '../rocketmq/place.ts';
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
import { brokerError } from './rocketmq-errors.ts';
import { assertPublishable } from './rocketmq-probe.ts';
import { Producers } from './rocketmq-producers.ts';
import type { OutboundMessage, Sink, SinkInfo } from './sink.ts';

export interface RocketmqOptions {
  /** host:port of the gRPC proxy, exactly one. */
  readonly endpoint: string;
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
 * The client neither follows a moved route nor forgives an address that failed: after this long of failures only, a new
 * producer is tried.
 */
const RENEW_AFTER_MS = 30_000;

class TopicSink implements RocketmqSink {
  readonly destination: string;
  readonly #options: RocketmqOptions;
  readonly #deps: RocketmqDeps;
  readonly #create: CreateProducer;
  readonly #producers = new Producers();
  readonly #offsets = new LaneOffsets();
  /** Queues that took messages when it was opened, and that do by the newest route. */
  #openedQueues = 0;
  /** Of the newest producer. */
  #maxBodyBytes = maxBodyBytes();
  #routeQueues = 0;
  /** Monotonic ms: since when every send failed, or a new producer was tried last. */
  #failingSinceMs: number | undefined;
  #renewal: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RocketmqOptions, deps: RocketmqDeps) {
    this.destination = destinationOf(options);
    this.#options = options;
    this.#deps = deps;
    this.#create = deps.createProducer ?? createRealProducer;
  }

  async probe(): Promise<TopicProbe> {
    const producer = await this.#newProducer();
    try {
      return await this.#ask(producer);
    } catch (thrown) {
      throw brokerError(thrown, this.#options, 'open');
    } finally {
      await producer.dispose();
    }
  }

  async open(): Promise<SinkInfo> {
    if (this.#closing !== undefined) throw this.#closedError();
    if (this.#producers.ready) throw new RelayError('INTERNAL', 'the sink is open already');
    return this.renew();
  }

  async renew(): Promise<SinkInfo> {
    const probe = await this.#replaceProducer('open');
    this.#openedQueues = probe.queues;
    this.#failingSinceMs = undefined;
    this.#warnOfAddress(probe);
    return {
      destination: this.destination,
      // No answer of the proxy names its cluster; brokers of two clusters mostly have the same names.
      endpoint: this.#options.endpoint.toLowerCase(),
      queues: probe.queues,
      maxBodyBytes: this.#maxBodyBytes,
      laneNames: (count) => laneNames(probe.queues, count, 'lane-'),
    };
  }

  async send(message: OutboundMessage): Promise<void> {
    assertSendable(message, this.#maxBodyBytes);
    if (this.#closing !== undefined || !this.#producers.ready) throw this.#closedError();
    this.#assertSameQueues();
    this.#renewWhenStale();
    try {
      const deadlineMs = this.#options.sendTimeoutMs + SEND_MARGIN_MS;
      const offset = await this.#producers.use((producer) =>
        withDeadline(this.#deps.clock, deadlineMs, producer.publish(message), () => this.#silence(deadlineMs)),
      );
      this.#failingSinceMs = undefined;
      this.#offsets.stored(message, offset, this.destination);
    } catch (thrown) {
      if (this.#isClosing()) throw this.#closedError();
      const error = brokerError(thrown, this.#options, 'send');
      if (error.retryable) this.#failingSinceMs ??= this.#deps.clock.monotonic();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#producers.close();
    return this.#closing;
  }

  /**
   * Asked for by a method, because the compiler takes a field that was undefined before an `await` to be so after it.
   */
  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  async #replaceProducer(phase: 'open' | 'send'): Promise<TopicProbe> {
    try {
      const producer = await this.#newProducer();
      return await this.#producers.replace(producer, async () => {
        const probe = await this.#ask(producer);
        assertPublishable(probe, this.#options);
        await withDeadline(this.#deps.clock, STARTUP_MS, producer.start(), () => this.#silence(STARTUP_MS));
        this.#maxBodyBytes = maxBodyBytes(producer.maxMessageBytes);
        return probe;
      });
    } catch (thrown) {
      throw this.#isClosing() ? this.#closedError() : brokerError(thrown, this.#options, phase);
    }
  }

  async #ask(producer: BrokerProducer): Promise<TopicProbe> {
    const silence = (): RelayError => this.#silence(STARTUP_MS);
    const probe = await withDeadline(this.#deps.clock, STARTUP_MS, producer.probe(), silence);
    this.#routeQueues = probe.writableQueues;
    return probe;
  }

  /** Never waits and never throws: sends go on with the producer in use, which may yet recover by itself. */
  #renewWhenStale(): void {
    const { clock, logger } = this.#deps;
    const nowMs = clock.monotonic();
    if (this.#renewal !== undefined || this.#failingSinceMs === undefined) return;
    if (nowMs - this.#failingSinceMs < RENEW_AFTER_MS) return;
    this.#failingSinceMs = nowMs;
    const renew = async (): Promise<void> => {
      try {
        await this.#replaceProducer('send');
        logger.info({ destination: this.destination }, 'connected again to RocketMQ after a time of failures');
      } catch (thrown) {
        logger.debug({ err: thrown }, 'a new connection to RocketMQ failed, too');
      } finally {
        this.#renewal = undefined;
      }
    };
    this.#renewal = renew();
  }

  async #newProducer(): Promise<BrokerProducer> {
    const { endpoint, topic, namespace, tls, sendTimeoutMs } = this.#options;
    const settings: ProducerSettings = {
      endpoint,
      topic,
      namespace,
      credentials: currentCredentials(this.#options, 'sink.', 'SINK_UNAUTHORIZED'),
      tls: tls.enabled ? { ca: await readAuthorities(tls.ca, 'SINK_CA_UNREADABLE') } : undefined,
      sendTimeoutMs,
    };
    return this.#create(settings, {
      clock: this.#deps.clock,
      logger: this.#deps.logger,
      onRoute: (probe) => (this.#routeQueues = probe.writableQueues),
    });
  }

  /**
   * The broker spreads lanes over the writable queues: with another number of them, rows would change their queue in
   * mid-stream.
   */
  #assertSameQueues(): void {
    const [opened, now] = [this.#openedQueues, this.#routeQueues];
    if (now === opened) return;
    const destination = this.destination;
    if (now > opened) {
      throw new RelayError(
        'SINK_QUEUES_CHANGED',
        `${destination} had ${opened} queues and now has ${now}; no message of this relay was seen in another queue than before.`,
      );
    }
    throw new RelayError('SINK_BUSY', `${destination}: ${now} of ${opened} queues take messages.`, {
      remedy:
        'Bring the missing broker back. If the topic was made smaller on purpose, let all readers drain it and start the relay again.',
    });
  }

  #warnOfAddress({ addresses }: TopicProbe): void {
    const configured = this.#options.endpoint;
    if (addresses.includes(configured)) return;
    this.#deps.logger.warn(
      { configured, announced: addresses },
      'the proxy announces another address than the configured one: messages are sent there, it must be reachable',
    );
  }

  #silence(ms: number): RelayError {
    return new RelayError(
      'SINK_UNREACHABLE',
      `${this.destination} at ${this.#options.endpoint} did not answer within ${ms} ms.`,
    );
  }

  #closedError(): RelayError {
    return new RelayError('SINK_CLOSED', `${this.destination} is not open.`);
  }
}

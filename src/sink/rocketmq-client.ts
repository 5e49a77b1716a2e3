import { Producer, type SendReceipt } from 'rocketmq-client-nodejs';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { ClientLife } from '../rocketmq/client-life.ts';
import { clientLogger } from '../rocketmq/client-logger.ts';
import { probeOf, routeRequest, type TopicProbe } from '../rocketmq/topic-probe.ts';
import { SendChannels } from './rocketmq-channels.ts';
import type { OutboundMessage } from './sink.ts';

export interface ProducerSettings {
  /** host:port of the gRPC proxy, exactly one. */
  readonly endpoint: string;
  readonly topic: string;
  readonly namespace: string;
  readonly credentials: { readonly accessKey: string; readonly accessSecret: string } | undefined;
  /** Undefined: not encrypted. */
  readonly tls: { readonly ca: Buffer | undefined } | undefined;
  readonly sendTimeoutMs: number;
}

export interface ProducerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One connection to the topic. Errors are the client's own; the sink classifies them. */
export interface BrokerProducer {
  /** Asks for the route, no more. May be called before `start`. */
  probe(): Promise<TopicProbe>;
  /** May hang for as long as the proxy is silent, until the producer is disposed of. */
  start(): Promise<void>;
  /** maxMessageSize of the proxy, in bytes; undefined when it has not said. Known once `start` has resolved. */
  readonly maxMessageBytes: number | undefined;
  /** Resolves when the broker has stored the message, to its offset in its queue. */
  publish(message: OutboundMessage): Promise<number>;
  /** Ends within 3 s whatever state it is in, after which no timer and no socket of it is left. */
  dispose(): Promise<void>;
}

export type CreateProducer = (settings: ProducerSettings, deps: ProducerDeps) => BrokerProducer;

class RocketmqProducer extends Producer implements BrokerProducer {
  // Declared, not defined: the field is the base class's, which makes one of its own first.
  declare protected readonly rpcClientManager: SendChannels;
  readonly #topic: string;
  readonly #life: ClientLife;

  constructor(settings: ProducerSettings, deps: ProducerDeps) {
    const logger = clientLogger(deps.logger);
    super({
      endpoints: settings.endpoint,
      namespace: settings.namespace,
      // More than one topic makes a startup hang that misses one of them.
      topics: [settings.topic],
      requestTimeout: settings.sendTimeoutMs,
      // A repeat inside the client is sent at once and may pass the lane's next message: the relay repeats.
      maxAttempts: 1,
      sslEnabled: settings.tls !== undefined,
      ...(settings.credentials !== undefined && { sessionCredentials: settings.credentials }),
      logger,
    });
    this.#topic = settings.topic;
    this.#life = new ClientLife(deps.clock);
    this.rpcClientManager.close();
    this.rpcClientManager = new SendChannels(this, logger, {
      namespace: settings.namespace,
      tls: settings.tls,
      clock: deps.clock,
    });
  }

  async probe(): Promise<TopicProbe> {
    const request = routeRequest(this.#topic, this.endpoints);
    return probeOf(await this.rpcClientManager.queryRoute(this.endpoints, request, this.requestTimeout));
  }

  start(): Promise<void> {
    return this.#life.start(this);
  }

  get maxMessageBytes(): number | undefined {
    const { maxBodySizeBytes } = this.publishingSettings;
    return maxBodySizeBytes > 0 ? maxBodySizeBytes : undefined;
  }

  async publish(message: OutboundMessage): Promise<number> {
    const answer: SendReceipt = await this.send({
      topic: this.#topic,
      messageGroup: message.lane,
      tag: message.tag,
      keys: [...message.keys],
      properties: new Map(message.properties),
      body: message.body,
    });
    // The client passes an answer without an entry as a success without a receipt.
    const receipt = answer as SendReceipt | undefined;
    if (receipt === undefined) throw new Error('the broker answered without a receipt');
    // Of the rest of a receipt the queue is wrong: the client takes its first one, the proxy another.
    return receipt.offset;
  }

  dispose(): Promise<void> {
    return this.#life.dispose(this, this.rpcClientManager);
  }

  protected override sleep(ms: number): Promise<void> {
    return this.#life.sleep(ms);
  }
}

export const createProducer: CreateProducer = (settings, deps) => new RocketmqProducer(settings, deps);

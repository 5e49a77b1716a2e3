import { FilterExpression, MessageView, SimpleConsumer, StatusChecker } from 'rocketmq-client-nodejs';
import definitionPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import type { Clock } from '../base/clock.ts';
import { RelayError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { ClientLife } from '../rocketmq/client-life.ts';
import { clientLogger } from '../rocketmq/client-logger.ts';
import { probeOf, routeRequest, type TopicProbe } from '../rocketmq/topic-probe.ts';
import { ReceiveChannels } from './receive-channels.ts';
import { INVALID_RECEIPT_HANDLE, type GroupFacts } from './topic-errors.ts';
import { placeOf, type TopicMessage } from './topic.ts';

export interface ConsumerSettings {
  /** host:port of the gRPC proxy, exactly one. */
  readonly endpoint: string;
  readonly topic: string;
  readonly group: string;
  readonly namespace: string;
  readonly credentials: { readonly accessKey: string; readonly accessSecret: string } | undefined;
  /** Undefined: not encrypted. */
  readonly tls: { readonly ca: Buffer | undefined } | undefined;
}

export interface ConsumerDeps {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'debug' | 'isLevelEnabled'>;
}

/** A message that the broker keeps for this reader. */
export interface Delivery {
  readonly message: TopicMessage;
  /** The client's own view of it, whose receipt handle a renewal replaces. */
  readonly view: MessageView;
}

export interface AckOutcome {
  /** The broker no longer keeps them for this reader. */
  readonly expired: readonly Delivery[];
  /** Not acknowledged, for a reason that may pass: `reason`. */
  readonly failed: readonly Delivery[];
  readonly reason: string;
}

/** One connection to the topic. Errors are the client's own; the reader classifies them. */
export interface BrokerConsumer {
  /** Asks for the route, no more. May be called before `start`. */
  probe(): Promise<TopicProbe>;
  /** May hang for as long as the proxy is silent, until the consumer is disposed of. */
  start(): Promise<void>;
  /** What the proxy has said of the group last. Known once `start` has resolved. */
  readonly group: GroupFacts;
  /**
   * Waits some seconds for messages; none is no error. A call that follows a failed one with the same `attempt` gets
   * what the failed one may have taken.
   */
  poll(attempt: string, max: number, invisibleMs: number): Promise<readonly Delivery[]>;
  acknowledge(deliveries: readonly Delivery[]): Promise<AckOutcome>;
  /** They become visible to others in so many ms from now, not earlier and not later. */
  keep(deliveries: readonly Delivery[], invisibleMs: number): Promise<void>;
  /** Ends within 3 s whatever state it is in, after which no timer and no socket of it is left. */
  dispose(): Promise<void>;
}

export type CreateConsumer = (settings: ConsumerSettings, deps: ConsumerDeps) => BrokerConsumer;

const REQUEST_MS = 3000;
/**
 * How long the proxy waits for messages: it takes no less than 5 s. A little more than that, so that it is no number
 * that anybody would configure: see `onSettingsCommand`.
 */
const POLL_MS = 5001;
const OK = 20_000;

/** google-protobuf comes without types. */
interface ProtobufDuration {
  getSeconds(): number;
  getNanos(): number;
}

class RocketmqConsumer extends SimpleConsumer implements BrokerConsumer {
  // Declared, not defined: the field is the base class's, which makes one of its own first.
  declare protected readonly rpcClientManager: ReceiveChannels;
  group: GroupFacts = { isKnown: false, isOrdered: false, attempts: 0 };
  readonly #topic: string;
  readonly #namespace: string;
  readonly #life: ClientLife;
  /** Which broker is asked next. */
  #turn = 0;

  constructor(settings: ConsumerSettings, deps: ConsumerDeps) {
    const logger = clientLogger(deps.logger);
    super({
      endpoints: settings.endpoint,
      namespace: settings.namespace,
      consumerGroup: settings.group,
      subscriptions: new Map([[settings.topic, FilterExpression.SUB_ALL]]),
      requestTimeout: REQUEST_MS,
      awaitDuration: POLL_MS,
      sslEnabled: settings.tls !== undefined,
      ...(settings.credentials !== undefined && { sessionCredentials: settings.credentials }),
      logger,
    });
    this.#topic = settings.topic;
    this.#namespace = settings.namespace;
    this.#life = new ClientLife(deps.clock);
    this.rpcClientManager.close();
    this.rpcClientManager = new ReceiveChannels(this, logger, {
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

  /**
   * The proxy answers the settings that a client sends with those of its group: whether it is ordered, how often it
   * gives a message, and its own time to poll. Of a group that it does not know it sends everything back as it was.
   */
  override onSettingsCommand(...[endpoints, settings]: Parameters<SimpleConsumer['onSettingsCommand']>): void {
    const subscription = settings.getSubscription();
    const poll = subscription?.getLongPollingTimeout() as ProtobufDuration | undefined;
    const pollMs = (poll?.getSeconds() ?? 0) * 1000 + (poll?.getNanos() ?? 0) / 1_000_000;
    const isOrdered = subscription?.getFifo() === true;
    const attempts = settings.getBackoffPolicy()?.getMaxAttempts() ?? 0;
    this.group = { isOrdered, isKnown: isOrdered || pollMs !== POLL_MS, attempts };
    super.onSettingsCommand(endpoints, settings);
  }

  /** The client leaves the namespace of the group away, here and below. */
  override settingsCommand(): servicePb.TelemetryCommand {
    const command = super.settingsCommand();
    const subscription = command.getSettings()?.getSubscription();
    subscription?.getGroup()?.setResourceNamespace(this.#namespace);
    for (const entry of subscription?.getSubscriptionsList() ?? []) {
      entry.getTopic()?.setResourceNamespace(this.#namespace);
    }
    return command;
  }

  async poll(attempt: string, max: number, invisibleMs: number): Promise<readonly Delivery[]> {
    const { messageQueues } = await this.getRouteData(this.#topic);
    // The proxy looks at the broker alone, and gives messages of any of its queues.
    const ofBrokers = [...new Map(messageQueues.map((queue) => [queue.broker.name, queue])).values()];
    const queue = ofBrokers[this.#turn++ % ofBrokers.length];
    if (queue === undefined) throw new Error(`the topic ${this.#topic} has no queue`);
    const request = this.wrapReceiveMessageRequest(max, queue, FilterExpression.SUB_ALL, invisibleMs, POLL_MS);
    request.setAttemptId(attempt).setGroup(this.#resource(this.consumerGroup));
    const { endpoints, name } = queue.broker;
    const responses = await this.rpcClientManager.receiveMessage(endpoints, request, POLL_MS + REQUEST_MS);
    for (const response of responses) StatusChecker.check(response.getStatus()?.toObject());
    return responses.flatMap((response) => {
      const message = response.getMessage();
      if (message === undefined) return [];
      const view = new MessageView(message, queue);
      const queueId = message.getSystemProperties()?.getQueueId() ?? -1;
      return [{ view, message: messageOf(view, name, queueId) }];
    });
  }

  async acknowledge(deliveries: readonly Delivery[]): Promise<AckOutcome> {
    const [first] = deliveries;
    if (first === undefined) return { expired: [], failed: [], reason: '' };
    const request = new servicePb.AckMessageRequest()
      .setGroup(this.#resource(this.consumerGroup))
      .setTopic(this.#resource(this.#topic));
    for (const { view } of deliveries) {
      request.addEntries().setMessageId(view.messageId).setReceiptHandle(view.receiptHandle);
    }
    const response = await this.rpcClientManager.ackMessage(first.view.endpoints, request, REQUEST_MS);
    const codes = new Map(
      response.getEntriesList().map((entry) => [entry.getReceiptHandle(), Number(entry.getStatus()?.getCode())]),
    );
    // An answer without entries speaks of all of them.
    if (codes.size === 0) StatusChecker.check(response.getStatus()?.toObject());
    const codeOf = ({ view }: Delivery): number => codes.get(view.receiptHandle) ?? OK;
    return {
      expired: deliveries.filter((delivery) => codeOf(delivery) === INVALID_RECEIPT_HANDLE),
      failed: deliveries.filter((delivery) => ![OK, INVALID_RECEIPT_HANDLE].includes(codeOf(delivery))),
      reason: response.getStatus()?.getMessage() ?? '',
    };
  }

  async keep(deliveries: readonly Delivery[], invisibleMs: number): Promise<void> {
    await Promise.all(deliveries.map(({ view }) => this.changeInvisibleDuration(view, invisibleMs)));
  }

  dispose(): Promise<void> {
    return this.#life.dispose(this, this.rpcClientManager);
  }

  protected override sleep(ms: number): Promise<void> {
    return this.#life.sleep(ms);
  }

  #resource(name: string): definitionPb.Resource {
    return new definitionPb.Resource().setName(name).setResourceNamespace(this.#namespace);
  }
}

export const createConsumer: CreateConsumer = (settings, deps) => new RocketmqConsumer(settings, deps);

/** Throws MESSAGE_UNREADABLE for a body that is not the one that was sent: the client only notes it. */
function messageOf(view: MessageView, broker: string, queue: number): TopicMessage {
  const message = {
    topic: view.topic,
    lane: view.messageGroup ?? '',
    tag: view.tag ?? '',
    keys: view.keys,
    properties: view.properties,
    body: view.body,
    broker,
    queue,
    offset: BigInt(view.offset ?? -1),
    attempt: view.deliveryAttempt ?? 1,
  };
  if (view.corrupted) {
    throw new RelayError('MESSAGE_UNREADABLE', `${placeOf(message)}: the body does not have its checksum.`);
  }
  return message;
}

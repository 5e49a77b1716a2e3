/**
 * Reads a FIFO topic in order with the Node client's SimpleConsumer. The group must have been created as ordered: any
 * other gets messages out of order as soon as an acknowledgement is missing.
 */
import { SimpleConsumer, type MessageView } from 'rocketmq-client-nodejs';
import serviceGrpcPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';

export interface TopicMessage {
  /** The message group. */
  readonly lane: string;
  readonly tag: string;
  readonly keys: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** In its queue. */
  readonly offset: number;
  /** 1 at the first delivery, as the broker counts. */
  readonly attempt: number;
  /** When this process received it, ms since 1970. */
  readonly receivedMs: number;
}

export interface TopicReaderOptions {
  /** host:port of the gRPC proxy. */
  readonly endpoint: string;
  readonly topic: string;
  readonly group: string;
  /** Receives under way at the same time; each takes messages of one queue. Default 8. */
  readonly workers?: number;
  /** How long a message that was handed out is kept from other readers. Default 30 s. */
  readonly invisibleMs?: number;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** The client's default request timeout leaves no less for one long poll. */
const POLL_MS = 3000;
const BATCH = 32;
const RETRY_MS = 200;
const SHUTDOWN_TIMEOUT_MS = 5000;

/**
 * The messages of a topic, those of a lane in their order, until `signal` aborts. A message is acknowledged some time
 * after the next one is asked for; one that was not comes again, so delivery is at least once. While the broker is away
 * the reader waits for it; only the first connection throws.
 */
export async function* readTopic(options: TopicReaderOptions): AsyncGenerator<TopicMessage, void, undefined> {
  const { topic, group, signal, workers = 8, invisibleMs = 30_000 } = options;
  const consumer = new Consumer({
    endpoints: options.endpoint,
    namespace: '',
    consumerGroup: group,
    subscriptions: new Map([[topic, '*']]),
    awaitDuration: POLL_MS,
    logger: silent,
  });
  await consumer.startup();
  const inbox = new Inbox();
  const end = (): void => inbox.close();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    for (let worker = 0; worker < workers; worker++) void receiveInto(inbox, consumer, invisibleMs);
    for (;;) {
      const delivery = await inbox.next();
      if (delivery === undefined) return;
      yield delivery.message;
      delivery.done();
    }
  } finally {
    signal.removeEventListener('abort', end);
    inbox.close();
    await settledWithin(SHUTDOWN_TIMEOUT_MS, consumer.shutdown());
  }
}

/**
 * An ordered group has at most one batch of a queue under way, so a batch that is handed over and acknowledged as one
 * keeps the order of its lanes.
 */
async function receiveInto(inbox: Inbox, consumer: Consumer, invisibleMs: number): Promise<void> {
  while (!inbox.isClosed) {
    try {
      const batch = await consumer.receive(BATCH, invisibleMs);
      await inbox.deliver(batch);
      await Promise.all(batch.map((view) => consumer.ack(view)));
    } catch {
      // The broker is away, or the messages became visible again before they were acknowledged: they come again.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * `shutdown` takes every listener off the telemetry stream before that has ended: a broker that dies in this moment
 * would end this process as well, by an 'error' event that nobody listens to.
 */
class Consumer extends SimpleConsumer {
  #telemetry: ReturnType<SimpleConsumer['createTelemetryStream']> | undefined;

  override createTelemetryStream(
    ...args: Parameters<SimpleConsumer['createTelemetryStream']>
  ): ReturnType<SimpleConsumer['createTelemetryStream']> {
    this.#telemetry = super.createTelemetryStream(...args);
    return this.#telemetry;
  }

  override async shutdown(): Promise<void> {
    try {
      await super.shutdown();
    } finally {
      this.#telemetry?.on('error', ignore);
    }
  }
}

/**
 * The client passes no options to gRPC, which after an outage waits up to two minutes before it tries again, for all
 * connections of a process to the same address: a reader would seem to have read everything. Reading CommonJS, one may
 * put another class in its place.
 */
const GRPC_OPTIONS = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 1000 };
const Bare = serviceGrpcPb.MessagingServiceClient;
serviceGrpcPb.MessagingServiceClient = class extends Bare {
  constructor(...[address, credentials, options]: ConstructorParameters<typeof Bare>) {
    super(address, credentials, { ...GRPC_OPTIONS, ...options });
  }
};

interface Delivery {
  readonly message: TopicMessage;
  done(): void;
}

/** Where the workers put messages and the one reader takes them. */
class Inbox {
  readonly #deliveries: Delivery[] = [];
  #wake: () => void = () => undefined;
  isClosed = false;

  /** Resolves when the reader is done with all of them; never, once the inbox is closed. */
  deliver(batch: readonly MessageView[]): Promise<unknown> {
    const done = batch.map(
      (view) => new Promise<void>((resolve) => this.#deliveries.push({ message: toMessage(view), done: resolve })),
    );
    this.#wake();
    return Promise.all(done);
  }

  /** Undefined once the inbox is closed. */
  async next(): Promise<Delivery | undefined> {
    while (!this.isClosed) {
      const delivery = this.#deliveries.shift();
      if (delivery !== undefined) return delivery;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return undefined;
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }
}

function toMessage(view: MessageView): TopicMessage {
  return {
    lane: view.messageGroup ?? '',
    tag: view.tag ?? '',
    keys: view.keys,
    properties: view.properties,
    body: view.body,
    offset: view.offset ?? -1,
    attempt: view.deliveryAttempt ?? 1,
    receivedMs: Date.now(),
  };
}

async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

const ignore = (): void => undefined;
const silent = { info: ignore, warn: ignore, error: ignore };

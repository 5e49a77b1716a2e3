import type { Code } from '../base/error-codes.ts';
import { asRelayError, RelayError } from '../base/errors.ts';
import { isAborted } from '../base/retry.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';
import { laneNames } from './lane-names.ts';
import { LaneOffsets } from './lane-offsets.ts';
import { assertSendable } from './message-limits.ts';
import { Connection, type RocketmqDeps, type RocketmqOptions } from './rocketmq-connection.ts';
import { namedMessage } from './rocketmq-errors.ts';
import type { OutboundMessage, Sink, SinkInfo } from './sink.ts';
import { changeOf } from './topic-changes.ts';
import { Unanswered } from './unanswered.ts';

export type { RocketmqDeps, RocketmqOptions } from './rocketmq-connection.ts';

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
  readonly #connection: Connection;
  readonly #offsets = new LaneOffsets();
  /** Queues that took messages when it was opened. */
  #openedQueues = 0;
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
  readonly #closed = new AbortController();

  constructor(options: RocketmqOptions, deps: RocketmqDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#connection = new Connection(options, deps);
    this.destination = this.#connection.destination;
  }

  probe(): Promise<TopicProbe> {
    return this.#connection.probe();
  }

  async open(): Promise<SinkInfo> {
    if (this.#connection.isClosing) throw this.#connection.closedError();
    if (this.#connection.isReady) throw new RelayError('INTERNAL', 'the sink is open already');
    const info = await this.renew();
    void this.#attend();
    return info;
  }

  async renew(): Promise<SinkInfo> {
    const probe = await this.#connection.connect('open');
    this.#openedQueues = probe.queues;
    this.#warnOfAddress(probe);
    const { endpoint, endpoints = [endpoint] } = this.#options;
    return {
      destination: this.destination,
      // No answer of the proxy names its cluster; brokers of two clusters mostly have the same names.
      endpoints: endpoints.map((address) => address.toLowerCase()),
      queues: probe.queues,
      maxBodyBytes: this.#connection.maxBodyBytes,
      laneNames: (count) => laneNames(probe.queues, count, 'lane-'),
    };
  }

  watch(told: (problem: RelayError | undefined) => void): void {
    this.#told = told;
  }

  async send(message: OutboundMessage): Promise<void> {
    try {
      await this.#send(message);
    } catch (thrown) {
      throw namedMessage(asRelayError(thrown), message);
    }
  }

  async #send(message: OutboundMessage): Promise<void> {
    assertSendable(message, this.#connection.maxBodyBytes);
    if (!this.#connection.isReady) throw this.#connection.closedError();
    if (this.#change !== undefined) throw this.#change;
    this.#renewWhenStale();
    const { clock } = this.#deps;
    const unanswered = this.#unanswered;
    unanswered.sent(clock.monotonic());
    let offset: number;
    try {
      offset = await this.#connection.publish(message);
      unanswered.acknowledged(clock.monotonic());
    } catch (thrown) {
      unanswered.failed();
      const error = asRelayError(thrown);
      if (unanswered === this.#unanswered) this.#newest = error.code;
      throw error;
    }
    this.#offsets.stored(message, offset, this.destination);
  }

  close(): Promise<void> {
    this.#closed.abort();
    return this.#connection.close();
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
      this.#seen(await this.#connection.look());
      this.#blindSinceMs = undefined;
      problem = this.#change;
    } catch (thrown) {
      problem = asRelayError(thrown);
      // What was seen before may be over: sends find out for themselves.
      this.#change = undefined;
      this.#blindSinceMs ??= this.#deps.clock.monotonic();
      this.#newest = problem.code;
    }
    this.#looking = undefined;
    if (!this.#connection.isClosing) this.#told(problem);
  }

  #seen(probe: TopicProbe): void {
    this.#change = changeOf(probe, this.#openedQueues, this.#options);
  }

  /** Never waits and never throws: sends go on with the producer in use, which may yet recover by itself. */
  #renewWhenStale(): void {
    const nowMs = this.#deps.clock.monotonic();
    const sinceMs = Math.min(this.#unanswered.sinceMs ?? Infinity, this.#blindSinceMs ?? Infinity);
    const isSoon =
      this.#newest === 'SINK_UNAUTHORIZED' || (this.#newest === 'SINK_UNREACHABLE' && this.#connection.hasOthers);
    const patienceMs = isSoon ? RENEW_SOON_MS : RENEW_AFTER_MS;
    if (this.#renewal !== undefined || nowMs - sinceMs < patienceMs) return;
    this.#unanswered.beginAgain(nowMs);
    if (this.#blindSinceMs !== undefined) this.#blindSinceMs = nowMs;
    this.#renewal = this.#renew();
  }

  async #renew(): Promise<void> {
    const { logger } = this.#deps;
    const { destination } = this;
    try {
      this.#seen(await this.#connection.connect('send', true));
      this.#unanswered = new Unanswered();
      this.#blindSinceMs = undefined;
      this.#newest = undefined;
      const { endpoint } = this.#connection;
      logger.info({ destination, endpoint }, 'connected again to RocketMQ after a time without an answer');
    } catch (thrown) {
      const { code, message } = asRelayError(thrown);
      logger.debug({ code, error: message }, 'a new connection to RocketMQ failed, too');
    } finally {
      this.#renewal = undefined;
    }
  }

  #warnOfAddress({ addresses }: TopicProbe): void {
    const configured = this.#connection.endpoint;
    if (addresses.includes(configured)) return;
    this.#deps.logger.warn(
      { configured, announced: addresses },
      'the proxy announces another address than the configured one: messages are sent there, it must be reachable',
    );
  }
}

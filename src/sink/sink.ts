import type { RelayError } from '../base/errors.ts';

/**
 * The room where messages go. A sink does not retry, does not reorder and does not pack: it carries one message to its
 * broker and says whether the broker has it.
 */

/**
 * What one send carries. The relay does not touch it until the promise of its send settles. When that resolves, and no
 * attempt before it was rejected, the bytes of the body are used again: who wants to keep them makes a copy.
 */
export interface OutboundMessage {
  /** Name of the message's lane: RocketMQ's message group. The caller has at most one request of a lane in flight. */
  readonly lane: string;
  readonly tag: string;
  /** Values by which an operator finds the message in the broker; may be empty. */
  readonly keys: readonly string[];
  /** Legal for RocketMQ already (format/properties.ts encodes them). */
  readonly properties: ReadonlyMap<string, string>;
  /** The UTF-8 body; never empty. */
  readonly body: Buffer;
}

export interface SinkInfo {
  /** What the checkpoint is bound to, in words: `rocketmq topic order-binlog`, `file /data/changes.jsonl`. */
  readonly destination: string;
  /**
   * Addresses of its broker, as configured, all of the same cluster: a destination of the same name behind another
   * address may be another cluster's. Undefined without a broker.
   */
  readonly endpoints?: readonly string[];
  /**
   * Queues that lanes are spread over; 1 for sinks without queues. Another number than the checkpoint's moves rows to
   * other queues.
   */
  readonly queues: number;
  /** The largest body that the sink takes, in bytes; undefined when it has no limit of its own. */
  readonly maxBodyBytes?: number;
  /** `count` lane names that spread evenly over the queues; the same names for the same two numbers, always. */
  laneNames(count: number): readonly string[];
}

export interface Sink {
  /** See SinkInfo; known before `open`, which may have to wait for the broker. Undefined for a sink without one. */
  readonly destination?: string;
  /**
   * Makes ready to send and says where to. Throws a RelayError: retryable ones while the broker is away, others when
   * only an operator can mend it.
   */
  open(): Promise<SinkInfo>;
  /**
   * What `open` has said, as it is now, and a new connection: for a sink that was open for long and has sent nothing.
   * Absent where there is nothing to renew. Throws as `open` does.
   */
  renew?(): Promise<SinkInfo>;
  /**
   * Resolves when the broker has acknowledged the message; rejects with a RelayError, retryable or not. Settles within
   * the send deadline of a sink that has a broker; the others settle when their stream or disk does. A message that was
   * rejected may have arrived all the same.
   */
  send(message: OutboundMessage): Promise<void>;
  /**
   * Looks after the destination while nothing is sent, too, from `open` to `close`. `told` gets what keeps it from
   * taking messages as it did when it was opened; undefined when nothing does. A fault is seen within a minute.
   */
  watch?(told: (problem: RelayError | undefined) => void): void;
  /**
   * Releases everything within 5 s, whatever the broker does, and rejects the sends that are still out with
   * SINK_CLOSED. Idempotent.
   */
  close(): Promise<void>;
}

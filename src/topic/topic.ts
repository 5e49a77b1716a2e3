/**
 * Reads the topic: what other rooms may know of it.
 *
 * A topic has lanes; the messages of a lane come in the order in which the relay sent them, at least once. The
 * readers of one consumer group share the lanes: one of them at a time has a lane, as long as it acknowledges in
 * time.
 */

/** A message as the broker delivered it; the body is not looked at yet. */
export interface TopicMessage {
  /** The message group. */
  readonly lane: string;
  /** `database.table`, or `copy`, `ddl`, `progress`. */
  readonly tag: string;
  readonly keys: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Where it is in the broker, for errors: `order-binlog, queue 3, offset 4711`. */
  readonly queue: number;
  readonly offset: bigint;
  /** 1 at the first delivery, as the broker counts. */
  readonly attempt: number;
}

/** Neighbours of one queue, in order. They are acknowledged together, and nothing of that queue comes before that. */
export interface TopicBatch {
  readonly messages: readonly TopicMessage[];
  /** Tells the broker that all of it is done; what is not acknowledged comes again, to whoever asks. */
  acknowledge(): Promise<void>;
  /** Hands it back: it comes again after a while. */
  release(): void;
}

export interface TopicReader {
  /** Waits for the next batch; several may be under way, each of another queue. Undefined after `close`. */
  next(): Promise<TopicBatch | undefined>;
  /** Ends reading; batches under way may still be acknowledged until the promise is fulfilled. */
  close(): Promise<void>;
}

/**
 * Reads the topic: what other rooms may know of it.
 *
 * A topic has lanes; the messages of a lane come in the order in which the relay sent them, at least once. The
 * readers of one consumer group share the lanes: one of them at a time has a lane, as long as it acknowledges in
 * time.
 */
import type { RelayError } from '../base/errors.ts';

/** A message as the broker delivered it; the body is not looked at yet. */
export interface TopicMessage {
  readonly topic: string;
  /** The message group. */
  readonly lane: string;
  /** `database.table`, or `copy`, `ddl`, `progress`. */
  readonly tag: string;
  readonly keys: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly broker: string;
  /** Where it is in the broker, for errors: see `placeOf`. */
  readonly queue: number;
  readonly offset: bigint;
  /** 1 at the first delivery, as the broker counts: not every repeat is counted. */
  readonly attempt: number;
}

/**
 * Neighbours of one queue, in order. They are acknowledged together, and nothing of that queue comes before that.
 * However long that takes, the broker is told again and again to keep them for this reader.
 */
export interface TopicBatch {
  /** Without those that were dropped because they are torn: there may be none. */
  readonly messages: readonly TopicMessage[];
  /**
   * Aborted when the broker may give them to another reader, because it could not be told in time that this one still
   * has them. What is done by then is done; they come again.
   */
  readonly lost: AbortSignal;
  /**
   * Tells the broker that all of them are done, or the first `count`; what is not acknowledged comes again, to whoever
   * asks. Resolves also when the broker could not be told: then all of them come again. Never rejects.
   */
  acknowledge(count?: number): Promise<void>;
  /** Hands it back: it comes again after about a second. */
  release(): void;
}

export interface TopicReader {
  /**
   * Waits for the next batch; several may be under way, each of another queue. Undefined after `close`. While the
   * broker is away it waits, and goes on alone. Throws what no waiting mends: the reader is of no use after that, but
   * for `close`.
   */
  next(): Promise<TopicBatch | undefined>;
  /**
   * Ends reading. Batches under way may still be acknowledged for up to five seconds; then they are handed back. So
   * long it may also take until the broker has answered the requests for messages; a message that such an answer brings
   * is handed back. The promise is fulfilled when no timer and no socket is left. Never rejects.
   */
  close(): Promise<void>;
}

/** What a reader does not throw, since it goes on. */
export type TopicEvent =
  /** Nothing can be received; it is tried again. `failures`: in a row, of all receives. */
  | { readonly what: 'away'; readonly error: RelayError; readonly failures: number }
  /** It can be received again. */
  | { readonly what: 'back' }
  /** See `TopicBatch.lost`. */
  | { readonly what: 'lost'; readonly queue: number; readonly offset: bigint }
  /**
   * The broker has a message in part, as when it is killed while it stores one: it was dropped. It was never
   * acknowledged to the relay, which sends it again. `place`: see `placeOf`. `why`: what it lacks.
   */
  | { readonly what: 'torn'; readonly place: string; readonly why: string };

export interface TopicOptions {
  /** host:port of the gRPC proxy that is used first. */
  readonly endpoint: string;
  /** All proxies, in the order in which they are tried, the first among them: all of the same cluster. */
  readonly endpoints?: readonly string[] | undefined;
  readonly topic: string;
  /** The consumer group: it must exist, and be ordered. */
  readonly group: string;
  /** Empty: none. */
  readonly namespace?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly accessSecret?: string | undefined;
  /** Where they stand, when they were read from files: they are read again at every new connection. */
  readonly accessKeyFile?: string | undefined;
  readonly accessSecretFile?: string | undefined;
  readonly tls?:
    | {
        readonly enabled: boolean;
        /** PEM, or the path of a PEM file. */
        readonly ca?: Buffer | string | undefined;
      }
    | undefined;
  /** Requests for messages under way at the same time; each may bring batches of several queues. Default 4. */
  readonly workers?: number | undefined;
  /**
   * How long a queue stands still after a reader died with a batch of it, in ms. Default 30,000; RocketMQ takes no less
   * than 10,000.
   */
  readonly invisibleMs?: number | undefined;
}

/** `topic order-binlog, lane lane-3 (broker-a, queue 3, offset 4711)`. */
export function placeOf({ topic, lane, broker, queue, offset }: TopicMessage): string {
  return `topic ${topic}${lane === '' ? '' : `, lane ${lane}`} (${broker}, queue ${queue}, offset ${offset})`;
}

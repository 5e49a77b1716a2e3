import type { OutboundMessage, Sink, SinkInfo } from '../../src/sink/sink.ts';
import { laneNames } from '../../src/sink/lane-names.ts';

const QUEUES = 8;
/**
 * As many reads as fill the messages of all lanes in a backlog: a broker answers after some milliseconds, not at once.
 */
const TURNS_PER_REQUEST = 32;

/** A broker that costs nothing: every message is acknowledged some turns later, and dropped. */
export class LateSink implements Sink {
  readonly counts = { messages: 0, changes: 0, bytes: 0 };
  readonly #onAcknowledged: () => void;
  readonly #turnsPerRequest: number;
  readonly #waiting: { readonly message: OutboundMessage; readonly due: number; readonly acknowledge: () => void }[] =
    [];
  #turn = 0;

  /**
   * `onAcknowledged` is called after each turn in which messages were. Nothing gathers in the messages of a format of
   * one row: waiting would only count turns.
   */
  constructor(isOneRow: boolean, onAcknowledged: () => void) {
    this.#turnsPerRequest = isOneRow ? 1 : TURNS_PER_REQUEST;
    this.#onAcknowledged = onAcknowledged;
  }

  open(): Promise<SinkInfo> {
    return Promise.resolve({
      destination: 'nowhere',
      queues: QUEUES,
      laneNames: (count) => laneNames(QUEUES, count, 'lane-'),
    });
  }

  send(message: OutboundMessage): Promise<void> {
    const due = this.#turn + this.#turnsPerRequest;
    return new Promise((acknowledge) => this.#waiting.push({ message, due, acknowledge }));
  }

  /** A turn of the event loop has passed. */
  turn(): void {
    this.#turn += 1;
    const before = this.counts.messages;
    for (let oldest = this.#waiting[0]; oldest !== undefined && oldest.due <= this.#turn; oldest = this.#waiting[0]) {
      this.#waiting.shift();
      const { body, properties } = oldest.message;
      this.counts.messages += 1;
      this.counts.changes += Number(properties.get('rows'));
      this.counts.bytes += body.length;
      oldest.acknowledge();
    }
    if (this.counts.messages > before) this.#onAcknowledged();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

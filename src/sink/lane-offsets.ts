import { RelayError } from '../base/errors.ts';
import type { OutboundMessage } from './sink.ts';

interface Stored {
  readonly offset: number;
  readonly lastChange: string;
}

/**
 * Notices that a lane has moved to another queue, at the first message that it concerns. A lane is a message group,
 * which the broker puts into one queue as long as the queues of the topic stay the same; there the offsets of its
 * messages rise. In a new queue they begin at 0 again.
 *
 * What it cannot notice: a lane that moves to a queue that is further than its own. That happens when queues are taken
 * away, which the route says.
 */
export class LaneOffsets {
  readonly #newest = new Map<string, Stored>();

  /** `offset`: where the broker has stored the message. Throws SINK_QUEUES_CHANGED. */
  stored({ lane, properties }: OutboundMessage, offset: number, destination: string): void {
    const before = this.#newest.get(lane);
    const lastChange = properties.get('last') ?? '';
    if (before === undefined || offset > before.offset) {
      this.#newest.set(lane, { offset, lastChange });
      return;
    }
    const first = `${properties.get('first') ?? ''} to ${lastChange} (sequence ${properties.get('sequence') ?? ''})`;
    throw new RelayError(
      'SINK_QUEUES_CHANGED',
      `${destination}: lane ${lane} has moved to another queue. Its message with the changes ${first} was stored there at offset ${offset}, after ` +
        `the one that ends with ${before.lastChange} at offset ${before.offset} of the queue before. Everything before it is in its old place, unless the topic was deleted and made again.`,
      { details: { lane, offset, before: before.offset } },
    );
  }
}

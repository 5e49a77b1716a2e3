import type { RelayError } from '../../base/errors.ts';
import type { HeldBytes } from '../../base/growing-bytes.ts';
import { retried, type Backoff } from '../../base/retry.ts';
import type { MarkName } from '../../format/format.ts';
import type { OutboundMessage, Sink } from '../../sink/sink.ts';
import type { LowWaterMark } from '../progress/low-water-mark.ts';
import type { Right } from '../progress/right.ts';
import type { Message } from './message.ts';
import { marksOf, sealAnnounced, sealRows, type SealedAnnounced, type SealOptions } from './seal.ts';

export interface DeliveryOptions extends SealOptions {
  readonly sink: Sink;
  /** Where statements go when not into every lane, and the lane there. */
  readonly ddl?: { readonly sink: Sink; readonly laneName: string } | undefined;
  readonly lowWater: LowWaterMark;
  readonly held: HeldBytes;
  readonly random: () => number;
  /** Aborted when waiting for the broker has to end: what is not acknowledged stays after the checkpoint. */
  readonly giveUp: AbortSignal;
  /** Whether the sink has taken messages of this configuration. */
  readonly isSinkProven: () => boolean;
  readonly right: Pick<Right, 'isHeld' | 'held'>;
  readonly onAcknowledged: (message: Acknowledged, bodyBytes: number) => void;
  /** A progress message was acknowledged. */
  readonly onProgressAcknowledged: () => void;
  /** A message is about to be sent whose rows are not whole, or not all as they should be. */
  readonly onMarked: (message: Message, marks: readonly MarkName[]) => void;
  readonly onRetry: (error: RelayError, failures: number) => void;
  /** A message can never be delivered. */
  readonly onUndeliverable: (error: unknown) => void;
}

export interface Acknowledged extends Pick<Message, 'rows' | 'commitTimeMs'> {
  /** Of the rows; undefined of a message without. */
  readonly class: Message['class'] | undefined;
  /** Id of the copy that the rows are of. */
  readonly copy: string | undefined;
}

/** A message without rows: a statement, where the copy of a table begins or ends, or how far the lanes are. */
export interface Announced extends SealedAnnounced {
  readonly commitTimeMs: number;
  readonly sizeBytes: number;
  /** A statement: it may have a topic of its own. */
  readonly isDdl: boolean;
}

const BACKOFF: Backoff = { firstMs: 50, lastMs: 2000 };

/**
 * Seals messages, sends each until it is acknowledged, and lets the low-water mark pass it then. A promise rejects only
 * when its message never will be acknowledged, and `onUndeliverable` has been told by then.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  rows(lane: string, message: Message, sequence: number): Promise<void> {
    const { sink, onAcknowledged, onMarked } = this.#options;
    const seal = (): OutboundMessage => {
      const marks = marksOf(message);
      if (marks.length > 0) onMarked(message, marks);
      return sealRows(lane, message, marks, sequence, this.#options);
    };
    return this.#send(sink, seal, (bodyBytes, isBodyFree) => {
      const { rows, commitTimeMs } = message;
      this.#release(message, isBodyFree);
      onAcknowledged({ rows, commitTimeMs, class: message.class, copy: message.class.plan.copy }, bodyBytes);
    });
  }

  /** What it holds of the low-water mark, its barrier releases. `lanes`: how many carry it. */
  announced(lane: string, announced: Announced, sequence: number, lanes: number): Promise<void> {
    const { sink, ddl: own, onAcknowledged } = this.#options;
    const seal = (): OutboundMessage => sealAnnounced(lane, announced, sequence, lanes, this.#options);
    return this.#send(announced.isDdl ? (own?.sink ?? sink) : sink, seal, (bodyBytes) => {
      onAcknowledged({ rows: 0, commitTimeMs: announced.commitTimeMs, class: undefined, copy: undefined }, bodyBytes);
    });
  }

  /** Holds nothing of the low-water mark: when it is lost with the run, the next run says how far it is. */
  progress(lane: string, progress: Announced, sequence: number, lanes: number): Promise<void> {
    const { sink, held, onProgressAcknowledged } = this.#options;
    held.bytes += progress.sizeBytes;
    const seal = (): OutboundMessage => sealAnnounced(lane, progress, sequence, lanes, this.#options);
    return this.#send(sink, seal, () => {
      held.bytes -= progress.sizeBytes;
      onProgressAcknowledged();
    });
  }

  /** Forgets a message that holds no row. */
  discard(message: Message): void {
    message.recycleNotes();
    this.#release(message, true);
  }

  /**
   * The low-water mark may pass it, and its body is not held any more. `isBodyFree`: nobody can still be reading it.
   */
  #release({ segment, data }: Message, isBodyFree: boolean): void {
    this.#options.lowWater.release(segment);
    if (isBodyFree) data.recycle();
    else data.release();
  }

  /**
   * `acknowledged` is told whether nobody can still be reading the body: an attempt that was given up may go on in the
   * client.
   */
  async #send(
    sink: Sink,
    seal: () => OutboundMessage,
    acknowledged: (bodyBytes: number, isBodyFree: boolean) => void,
  ): Promise<void> {
    const { clock, random, giveUp, right, isSinkProven, onRetry, onUndeliverable } = this.#options;
    // Everything is inside: a lane whose failure nobody is told of would stand still, and the relay look well.
    try {
      const outbound = seal();
      let isBodyFree = true;
      const onFailure = (error: RelayError, failures: number): void => {
        isBodyFree = false;
        onRetry(error, failures);
      };
      // That the sink could be opened proves all but the right to publish.
      const isRetried = (error: RelayError): boolean =>
        error.isRetried(error.code !== 'SINK_UNAUTHORIZED' || isSinkProven());
      const attempt = async (): Promise<void> => {
        if (!right.isHeld) await right.held();
        await sink.send(outbound);
      };
      await retried(attempt, { backoff: BACKOFF, clock, random, signal: giveUp, isRetried, onFailure });
      acknowledged(outbound.body.length, isBodyFree);
    } catch (error) {
      if (!giveUp.aborted) onUndeliverable(error);
      throw error;
    }
  }
}

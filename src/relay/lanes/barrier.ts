import type { HeldBytes } from '../../base/growing-bytes.ts';
import type { Announced, Delivery } from './delivery.ts';
import type { Lane } from './lane.ts';
import type { LowWaterMark, Segment } from '../progress/low-water-mark.ts';

export interface BarrierOptions {
  /** Those of the rows. */
  readonly lanes: readonly Lane[];
  /** Those that carry statements: the same, or one of its own. */
  readonly ddlLanes: readonly Lane[];
  readonly lowWater: LowWaterMark;
  readonly held: HeldBytes;
  readonly delivery: Pick<Delivery, 'announced'>;
  /** Reading may go on. */
  readonly onOpened: () => void;
}

/**
 * Publishes a statement, or where a copy begins or ends, at its place in the commit order: every lane is drained
 * before it, and nothing is read until it is acknowledged in each lane that carries it. Until then it holds the
 * low-water mark, as rows do: a restart may repeat it, and never loses it.
 */
export class Barrier {
  readonly #options: BarrierOptions;
  #closed: { readonly announced: Announced; readonly segment: Segment; isSent: boolean } | undefined;

  constructor(options: BarrierOptions) {
    this.#options = options;
  }

  /** Something waits to be published or acknowledged: nothing more may be read. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * A statement was read, in the transaction that is being read; its rows, if it has any, are not. Or it is between two
   * transactions.
   */
  close(announced: Announced): void {
    const { lanes, lowWater, held } = this.#options;
    held.bytes += announced.sizeBytes;
    this.#closed = { announced, segment: lowWater.hold(announced.commitTimeMs), isSent: false };
    for (const lane of lanes) lane.pump();
    this.advance();
  }

  /** To be called when a lane may have become empty. */
  advance(): void {
    const closed = this.#closed;
    const { lanes, ddlLanes, lowWater, held, delivery, onOpened } = this.#options;
    if (closed === undefined || ![...lanes, ...ddlLanes].every((lane) => lane.isEmpty)) return;
    const { announced, segment, isSent } = closed;
    if (!isSent) {
      closed.isSent = true;
      const carriers = announced.isDdl ? ddlLanes : lanes;
      for (const lane of carriers)
        lane.send((sequence) => delivery.announced(lane.name, announced, sequence, carriers.length));
      return;
    }
    this.#closed = undefined;
    lowWater.release(segment);
    held.bytes -= announced.sizeBytes;
    onOpened();
  }
}

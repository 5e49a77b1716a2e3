import type { HeldBytes } from '../../base/growing-bytes.ts';
import type { PublishedDdl } from '../../format/format.ts';
import type { Delivery } from './delivery.ts';
import type { Lane } from './lane.ts';
import type { LowWaterMark, Segment } from '../progress/low-water-mark.ts';

export interface DdlBarrierOptions {
  /** Those of the rows. */
  readonly lanes: readonly Lane[];
  /** Those that carry statements: the same, or one of its own. */
  readonly ddlLanes: readonly Lane[];
  readonly lowWater: LowWaterMark;
  readonly held: HeldBytes;
  readonly delivery: Pick<Delivery, 'ddl'>;
  /** Reading may go on. */
  readonly onOpened: () => void;
}

/**
 * Publishes a statement at its place in the commit order: every lane is drained before it, and nothing is read until it
 * is acknowledged in each lane that carries it. Until then it holds the low-water mark, as rows do: a restart may
 * repeat it, and never loses it.
 */
export class DdlBarrier {
  readonly #options: DdlBarrierOptions;
  #closed: { readonly ddl: PublishedDdl; readonly segment: Segment; isSent: boolean } | undefined;

  constructor(options: DdlBarrierOptions) {
    this.#options = options;
  }

  /** A statement waits to be published or acknowledged: nothing more may be read. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** The statement was read, in the transaction that is being read; its rows, if it has any, are not. */
  close(ddl: PublishedDdl): void {
    const { lanes, lowWater, held } = this.#options;
    held.bytes += ddl.sql.length;
    this.#closed = { ddl, segment: lowWater.hold(ddl.commitTimeMs), isSent: false };
    for (const lane of lanes) lane.pump();
    this.advance();
  }

  /** To be called when a lane may have become empty. */
  advance(): void {
    const closed = this.#closed;
    const { lanes, ddlLanes, lowWater, held, delivery, onOpened } = this.#options;
    if (closed === undefined || ![...lanes, ...ddlLanes].every((lane) => lane.isEmpty)) return;
    const { ddl, segment, isSent } = closed;
    if (!isSent) {
      closed.isSent = true;
      for (const lane of ddlLanes) lane.send((sequence) => delivery.ddl(lane.name, ddl, sequence, ddlLanes.length));
      return;
    }
    this.#closed = undefined;
    lowWater.release(segment);
    held.bytes -= ddl.sql.length;
    onOpened();
  }
}

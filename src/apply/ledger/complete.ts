/** Up to where all lanes are written, by what their progress messages have said: docs/message-format.md, "Progress". */
import type { Complete } from '../apply.ts';

/** What the newest progress message of a lane has said. */
export interface LaneProgress {
  readonly epoch: number;
  /** Its number, the same in all lanes. */
  readonly round: number;
  /** In how many lanes it was said. */
  readonly lanes: number;
  /** All transactions that are before the message in its lane; empty without GTIDs. */
  readonly gtidSet: string;
  /** The end of the last of them: `binlog.000002:4184`. */
  readonly position: string;
  /** How fresh that is, on the clock of the source, ms since 1970. */
  readonly asOfMs: number;
}

/** What of a lane's row in the ledger counts. */
export interface LaneToComplete {
  readonly epoch: number;
  /** Undefined from the first message of an epoch on, until the first progress message in it. */
  readonly progress: LaneProgress | undefined;
}

/**
 * `lanes`: all lanes of one stream. Undefined until as many lanes as there are have said how far they are in the newest
 * epoch that any lane has come to. Of what they have said then the least counts: the sets of one epoch contain each
 * other, as their rounds follow each other. Lanes of older epochs only are none any more: a relay that is given fewer
 * lanes begins when all are read (--accept-new-lanes).
 */
export function completeOf(lanes: Iterable<LaneToComplete>): Complete | undefined {
  const known = [...lanes];
  const epoch = known.reduce((newest, lane) => Math.max(newest, lane.epoch), 0);
  const said = known.flatMap(({ progress }) => (progress?.epoch === epoch ? [progress] : []));
  const [first, ...others] = said;
  if (first === undefined || said.some((progress) => progress.lanes > said.length)) return undefined;
  const { round, gtidSet, position, asOfMs } = others.reduce(
    (least, progress) => (progress.round < least.round ? progress : least),
    first,
  );
  return { epoch, round, gtidSet, position, asOfMs };
}

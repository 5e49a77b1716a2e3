import { RelayError } from '../../base/errors.ts';
import { textLiteral } from '../rows/literal.ts';
import type { AnswerRow } from '../target/target.ts';
import type { LaneProgress } from './complete.ts';

/** How far a lane is written: its row in `apply_lane`. */
export interface LaneState {
  readonly epoch: number;
  readonly sequence: number;
  /** Id of the statement that the lane has come to, and that is not done yet. */
  readonly waitsFor: string | undefined;
  /** Of the newest row written; empty without GTIDs. */
  readonly gtid: string;
  /** When it was committed in the source, ms since 1970; 0 when nothing is written yet. */
  readonly committedMs: number;
  /** Of the same epoch; undefined before its first progress message. */
  readonly progress: LaneProgress | undefined;
}

/** Of what the newest progress message has said; a ledger that was made before there were any lacks them. */
export const PROGRESS_COLUMNS: Readonly<Record<string, string>> = {
  progress_epoch: 'BIGINT NULL',
  progress_round: 'BIGINT NULL',
  progress_lanes: 'INT NULL',
  progress_gtid: 'LONGBLOB NULL',
  progress_position: 'VARBINARY(512) NULL',
  progress_es: 'BIGINT NULL',
};

/** What `laneStateOf` needs of a row. */
export const LANE_COLUMNS = ['epoch, sequence, waits_for, gtid, committed_ms', ...Object.keys(PROGRESS_COLUMNS)].join(
  ', ',
);

/** Throws LEDGER_UNUSABLE, which names the lane. */
export function laneStateOf(row: AnswerRow, lane: string): LaneState {
  const state = {
    epoch: Number(row['epoch']),
    sequence: Number(row['sequence']),
    waitsFor: row['waits_for'] ?? undefined,
    gtid: row['gtid'] ?? '',
    committedMs: Number(row['committed_ms']),
  };
  const progress = progressOf(row, state.epoch);
  const numbers = [state.epoch, state.sequence, progress?.round ?? 0, progress?.lanes ?? 0, progress?.asOfMs ?? 0];
  if (numbers.every((number) => Number.isSafeInteger(number))) return { ...state, progress };
  throw new RelayError(
    'LEDGER_UNUSABLE',
    `of the lane ${lane} the ledger has an epoch, a sequence or a progress that is no number`,
  );
}

/** Not that of an older epoch, which a version that knows no progress leaves there. */
function progressOf(row: AnswerRow, epoch: number): LaneProgress | undefined {
  if (Number(row['progress_epoch'] ?? Number.NaN) !== epoch) return undefined;
  return {
    epoch,
    round: Number(row['progress_round']),
    lanes: Number(row['progress_lanes']),
    gtidSet: row['progress_gtid'] ?? '',
    position: row['progress_position'] ?? '',
    asOfMs: Number(row['progress_es']),
  };
}

/** Assignments of an UPDATE that make of a lane's row what `to` says, but for its sequence. */
export function laneAssignments(from: LaneState, to: LaneState): string {
  const waits = to.waitsFor === undefined ? 'NULL' : textLiteral(to.waitsFor);
  return (
    `epoch = ${to.epoch}, waits_for = ${waits}, gtid = ${textLiteral(to.gtid)}, committed_ms = ${to.committedMs}, ` +
    `applied_at = UTC_TIMESTAMP(6)${to.progress === from.progress ? '' : `, ${progressAssignments(to.progress)}`}`
  );
}

function progressAssignments(progress: LaneProgress | undefined): string {
  const values =
    progress === undefined
      ? Object.keys(PROGRESS_COLUMNS).map(() => 'NULL')
      : [
          ...[progress.epoch, progress.round, progress.lanes].map(String),
          ...[progress.gtidSet, progress.position].map(textLiteral),
          String(progress.asOfMs),
        ];
  return Object.keys(PROGRESS_COLUMNS)
    .map((name, i) => `${name} = ${values[i] ?? 'NULL'}`)
    .join(', ');
}

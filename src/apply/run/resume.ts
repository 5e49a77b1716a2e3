import { flavourOf, parseGtids } from '../../binlog/gtids/gtids.ts';
import type { FilePosition } from '../../binlog/binlog.ts';
import { baseName, isBefore, parsePosition } from '../../binlog/wire/binlog-file.ts';
import type { LaneProgress } from '../ledger/complete.ts';

/**
 * Whether a lane provably had everything that a later run of the relay does not publish again: what stands before
 * `resume`, the position that the run started from. `progress`: what the lane's newest progress message before had
 * said.
 *
 * It is proved where that message speaks of all of it. Where `resume` is beyond, nothing is known: the relay starts
 * behind what the broker has acknowledged, in all lanes, and a lane to which nothing came since has nothing to show
 * for it. So what is not proved is no error.
 */
export function isResumeProved(progress: LaneProgress | undefined, resume: string): boolean {
  if (progress === undefined) return false;
  return isWithin(decoded(resume), progress);
}

function isWithin(resume: string, { gtidSet, position }: LaneProgress): boolean {
  const place = parsePosition(resume);
  if (place !== undefined) return gtidSet === '' && hasPassed(parsePosition(position), place);
  const flavour = flavourOf(gtidSet, resume);
  if (flavour === undefined) return true;
  try {
    return parseGtids(flavour, gtidSet).contains(parseGtids(flavour, resume));
  } catch {
    // Texts that are none prove nothing.
    return false;
  }
}

/** Of files of one name, whose numbers only grow. */
const hasPassed = (reached: FilePosition | undefined, place: FilePosition): boolean =>
  reached !== undefined && baseName(reached.file) === baseName(place.file) && !isBefore(reached, place);

/** As the relay writes what a property may not hold. */
const decoded = (text: string): string =>
  text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

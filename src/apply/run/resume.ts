import { flavourOf, parseGtids } from '../../binlog/gtids/gtids.ts';
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
  const place = FILE.exec(resume);
  if (place !== null) return gtidSet === '' && isBefore(place, FILE.exec(position));
  const flavour = flavourOf(gtidSet, resume);
  if (flavour === undefined) return true;
  try {
    return parseGtids(flavour, gtidSet).contains(parseGtids(flavour, resume));
  } catch {
    // Texts that are none prove nothing.
    return false;
  }
}

/** `binlog.000002:4184`; no GTID has a dot. */
const FILE = /^([^:]*)\.([0-9]+):([0-9]+)$/;

/** Of files of one name, whose numbers only grow. */
function isBefore(place: RegExpExecArray, reached: RegExpExecArray | null): boolean {
  const [, base, file, offset] = place;
  if (reached === null || base !== reached[1]) return false;
  const [files, offsets] = [BigInt(reached[2] ?? 0) - BigInt(file ?? 0), BigInt(reached[3] ?? 0) - BigInt(offset ?? 0)];
  return files > 0n || (files === 0n && offsets >= 0n);
}

/** As the relay writes what a property may not hold. */
const decoded = (text: string): string =>
  text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

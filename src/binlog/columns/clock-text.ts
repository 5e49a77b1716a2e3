import { writePadded, writePair } from '../bytes/digits.ts';

const HYPHEN = 0x2d;
const COLON = 0x3a;

/** yyyy-mm-dd; ten bytes. */
export function writeDate(out: Uint8Array, o: number, year: number, month: number, day: number): number {
  const afterYear = writePadded(out, o, year, 4);
  out[afterYear] = HYPHEN;
  const afterMonth = writePair(out, afterYear + 1, month);
  out[afterMonth] = HYPHEN;
  return writePair(out, afterMonth + 1, day);
}

/** :mm:ss after an hour; six bytes. */
export function writeMinuteSecond(out: Uint8Array, o: number, minute: number, second: number): number {
  out[o] = COLON;
  const afterMinute = writePair(out, o + 1, minute);
  out[afterMinute] = COLON;
  return writePair(out, afterMinute + 1, second);
}

/** MySQL keeps dates with month or day zero, so this is what a stored date can be, not what a calendar has. */
export const isStorableDate = (year: number, month: number, day: number): boolean =>
  year <= 9999 && month <= 12 && day <= 31;

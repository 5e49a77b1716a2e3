/** The runway in words, for whoever looks at the relay. Pure. */
import type { Retention } from '../../source/source.ts';
import type { RunwayStatus } from '../relay.ts';
import { isShort, type Runway } from './runway.ts';

/** The server has not been asked yet. */
export const NOT_ASKED: RunwayStatus = unknownRunway('the server was not asked yet');

export function unknownRunway(reason: string): RunwayStatus {
  return { seconds: undefined, purgedBy: undefined, reason, remedy: undefined };
}

/** `warningMs`: see isShort. */
export function runwayStatus(
  runway: Runway,
  { expireSeconds, spaceLimitBytes, remedies }: Pick<Retention, 'expireSeconds' | 'spaceLimitBytes' | 'remedies'>,
  needed: string,
  warningMs: number | undefined,
): RunwayStatus {
  const remedy = (text: string): string | undefined => (isShort(runway, warningMs) ? text : undefined);
  switch (runway.kind) {
    case 'unlimited':
      return {
        seconds: Infinity,
        purgedBy: 'nothing',
        reason: 'the server purges nothing by itself',
        remedy: undefined,
      };
    case 'unknown':
      return unknownRunway(
        runway.why === 'expiry'
          ? `nothing is known yet of when ${needed} was written`
          : 'the binlog was not watched for long enough',
      );
    case 'gone':
      return {
        seconds: 0,
        purgedBy: 'gone',
        reason: `the server has no ${needed} any more, which a restart would begin with`,
        remedy: remedy(
          'Get the sink going, and do not restart the relay before it is idle: it may have read what was purged. If it stops with BINLOG_PURGED, copies lack changes.',
        ),
      };
    case 'known':
      return {
        seconds: runway.seconds,
        purgedBy: runway.why,
        reason:
          runway.why === 'expiry'
            ? `the server keeps ${needed}, which a restart would begin with, for ${inWords(runway.seconds)} at least, and every binlog for ${inWords(expireSeconds ?? 0)}`
            : `the server keeps ${needed}, which a restart would begin with, for about ${inWords(runway.seconds)}: all binlogs may take ${String(spaceLimitBytes)} bytes`,
        remedy: remedy(`Get the sink going, or make the server keep more: ${remedies[runway.why]}`),
      };
  }
}

const UNITS = [
  { seconds: 86_400, name: 'days' },
  { seconds: 3600, name: 'hours' },
  { seconds: 60, name: 'minutes' },
];

/** Rounded down, in a unit of which there are at least two. */
function inWords(seconds: number): string {
  const unit = UNITS.find((one) => seconds >= 2 * one.seconds);
  return unit === undefined ? `${Math.floor(seconds)} seconds` : `${Math.floor(seconds / unit.seconds)} ${unit.name}`;
}

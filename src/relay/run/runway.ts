/** How long the server still keeps what a restart would need of its binlog. Pure. */
import type { BinlogFile } from '../../source/source.ts';

/** What the server says of its binlog, and what is known of the file that is needed. */
export interface RunwayFacts {
  /** Oldest first. */
  readonly files: readonly BinlogFile[];
  /** The oldest file that a restart would read. */
  readonly needed: string;
  /** Not after the last change of that file, ms since 1970 by the server's clock; undefined: nothing is known of it. */
  readonly modifiedMs: number | undefined;
  /** Files that were changed longer ago are purged; undefined: never for their age. */
  readonly expireSeconds: number | undefined;
  /** The oldest files are purged when all take more; undefined: they may take any space. */
  readonly spaceLimitBytes: bigint | undefined;
  /** How fast the binlog grows, in bytes a second; undefined while it was not watched for long enough. */
  readonly growth: number | undefined;
  /** The server's clock, ms since 1970. */
  readonly nowMs: number;
}

export type Runway =
  /** The server purges nothing by itself, or not as long as it writes nothing. */
  | { readonly kind: 'unlimited' }
  /** `why`: what it is not known for. */
  | { readonly kind: 'unknown'; readonly why: 'expiry' | 'space' }
  /** The server has the file no more. */
  | { readonly kind: 'gone' }
  /**
   * `why`: what the file is purged for. `wholeSeconds`: what the runway is of a relay that is not behind at all.
   *
   * For its age the file stays at least so long, mostly longer: the server looks only when it begins a file, and its
   * last change is taken as early as it may have been. For want of space it is an estimate: as long as the binlog grows
   * as it did.
   */
  | {
      readonly kind: 'known';
      readonly seconds: number;
      readonly wholeSeconds: number;
      readonly why: 'expiry' | 'space';
    };

export function runwayOf(facts: RunwayFacts): Runway {
  const index = facts.files.findIndex(({ name }) => name === facts.needed);
  if (index < 0) return { kind: 'gone' };
  const expiry = byExpiry(facts, index === facts.files.length - 1);
  const space = bySpace(facts, facts.files.slice(index));
  // Nothing can be shorter than no time at all.
  if (isOver(expiry)) return expiry;
  if (isOver(space)) return space;
  if (expiry.kind === 'unknown') return expiry;
  if (space.kind === 'unknown') return space;
  if (expiry.kind !== 'known') return space;
  return space.kind === 'known' && space.seconds < expiry.seconds ? space : expiry;
}

/** `isNewest`: the file is being written, and is changed once more when the next one begins. */
function byExpiry({ expireSeconds, modifiedMs, nowMs }: RunwayFacts, isNewest: boolean): Runway {
  if (expireSeconds === undefined) return { kind: 'unlimited' };
  const changedMs = isNewest ? nowMs : modifiedMs;
  if (changedMs === undefined) return { kind: 'unknown', why: 'expiry' };
  const ageSeconds = Math.max(0, (nowMs - changedMs) / 1000);
  return {
    kind: 'known',
    seconds: Math.max(0, expireSeconds - ageSeconds),
    wholeSeconds: expireSeconds,
    why: 'expiry',
  };
}

/** `kept`: the needed file and those after it; the server purges it when these alone are too much. */
function bySpace({ spaceLimitBytes, growth }: RunwayFacts, kept: readonly BinlogFile[]): Runway {
  if (spaceLimitBytes === undefined) return { kind: 'unlimited' };
  const left = spaceLimitBytes - kept.reduce((sum, { sizeBytes }) => sum + BigInt(sizeBytes), 0n);
  if (left > 0n && growth === undefined) return { kind: 'unknown', why: 'space' };
  if (left > 0n && growth === 0) return { kind: 'unlimited' };
  const seconds = (bytes: bigint): number => (growth === undefined || growth === 0 ? 0 : Number(bytes) / growth);
  return {
    kind: 'known',
    seconds: left > 0n ? seconds(left) : 0,
    wholeSeconds: seconds(spaceLimitBytes),
    why: 'space',
  };
}

const isOver = (runway: Runway): boolean => runway.kind === 'known' && runway.seconds === 0;

const DAY_SECONDS = 86_400;

/**
 * Whether there is so little left that somebody has to act. `warningMs`: below it; 0: never; undefined: below a day, or
 * a quarter of what there is when the relay is not behind, whichever is shorter.
 */
export function isShort(runway: Runway, warningMs: number | undefined): boolean {
  if (runway.kind === 'gone') return warningMs !== 0;
  if (runway.kind !== 'known') return false;
  const { seconds, wholeSeconds } = runway;
  if (warningMs !== undefined) return seconds < warningMs / 1000;
  // Over it is whatever there is otherwise.
  return seconds === 0 || seconds < Math.min(DAY_SECONDS, wholeSeconds / 4);
}

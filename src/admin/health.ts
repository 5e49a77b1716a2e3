import type { Notice } from '../checkpoint/checkpoint.ts';
import { copyReasons, shownCopies, type ShownCopy } from './copies.ts';
import { PART_NAMES, type PartName, type PartStatus, type RelayState, type RelayStatus } from '../relay/relay.ts';
import { probeAnswer, type ProbeAnswer } from './site-pages.ts';

export interface Versions {
  readonly relay: string;
  readonly node: string;
}

/** `seconds` is null when it is not known, and when the server purges nothing. */
export interface ShownRunway {
  readonly seconds: number | null;
  readonly reason: string;
  /** Null when it is not known. */
  readonly purgedBy: Exclude<RelayStatus['runway']['purgedBy'], undefined> | null;
}

/** Of the last minutes; null when no message with changes was acknowledged in them. */
export interface ShownLag {
  readonly messages: number;
  readonly p50Seconds: number | null;
  readonly p99Seconds: number | null;
}

/** The body of /healthz. What is not known is null, never left out. */
export interface HealthDocument {
  readonly healthy: boolean;
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly string[];
  readonly state: RelayState;
  /** When it came into this state, ISO 8601 in UTC. */
  readonly since: string;
  readonly reason: string;
  readonly remedy: string | null;
  /** While it stands by: who is active, and since when this one waits. */
  readonly standby: { readonly holder: string; readonly since: string } | null;
  readonly epoch: number;
  readonly progress: RelayStatus['progress'];
  readonly lagSeconds: number | null;
  readonly parts: Readonly<Record<PartName, PartStatus>>;
  readonly position: RelayStatus['position'] | null;
  readonly lowWaterMark: RelayStatus['lowWaterMark'] | null;
  readonly head: RelayStatus['head'] | null;
  readonly heldBytes: number;
  readonly heldBytesLimit: number;
  readonly tables: number;
  readonly tablesBytes: number;
  readonly sourcePaused: boolean;
  readonly lanesBusy: number;
  readonly lanes: number;
  readonly openXaBranches: RelayStatus['openXaBranches'];
  readonly ddlWaits: boolean;
  readonly notices: RelayStatus['notices'];
  readonly copies: readonly ShownCopy[];
  readonly copying: RelayStatus['copying'] | null;
  readonly runway: ShownRunway;
  readonly skip: RelayStatus['skip'] | null;
  readonly counters: RelayStatus['counters'];
  readonly recentLag: ShownLag;
  readonly failures: RelayStatus['failures'];
  readonly lastError: RelayStatus['lastError'] | null;
  readonly versions: Versions;
  /** When this was said, ISO 8601 in UTC. */
  readonly at: string;
}

/** Whether a restart could help: not while MySQL or the broker is away, for that the relay mends alone. */
export function liveness(status: RelayStatus): ProbeAnswer {
  return status.state === 'failed' ? { code: 503, reason: failure(status) } : { code: 200, reason: 'alive' };
}

/**
 * Whether rows flow, or would if there were any: the session is open, and the broker takes what it is sent. One that
 * stands by is ready to take over.
 */
export function readiness(status: RelayStatus): ProbeAnswer {
  const reasons = [...stateReasons(status, READY), ...partReasons(status, ['source', 'sink'])];
  return probeAnswer(reasons, status.state === 'standby' ? 'standby' : 'ready');
}

/** Everything an operator asks first; `nowMs` is milliseconds since 1970. */
export function health(status: RelayStatus, nowMs: number, versions: Versions): HealthDocument {
  const reasons = [
    ...stateReasons(status, HEALTHY),
    ...partReasons(status, PART_NAMES),
    ...(status.progress === 'stuck' ? [STUCK] : []),
    ...runwayReasons(status),
    ...noticeReasons(status),
    ...copyReasons(status.copies),
  ];
  return {
    healthy: reasons.length === 0,
    reasons,
    state: status.state,
    since: new Date(status.sinceMs).toISOString(),
    reason: status.reason,
    remedy: status.remedy ?? null,
    standby: shownStandby(status.standby),
    epoch: status.epoch,
    progress: status.progress,
    lagSeconds: lagSeconds(status, nowMs) ?? null,
    parts: status.parts,
    position: status.position ?? null,
    lowWaterMark: status.lowWaterMark ?? null,
    head: status.head ?? null,
    heldBytes: status.heldBytes,
    heldBytesLimit: status.heldBytesLimit,
    tables: status.tables,
    tablesBytes: status.tablesBytes,
    sourcePaused: status.sourcePaused,
    lanesBusy: status.lanesBusy,
    lanes: status.lanes,
    openXaBranches: status.openXaBranches,
    ddlWaits: status.ddlWaits,
    notices: status.notices,
    copies: shownCopies(status.copies),
    copying: status.copying ?? null,
    runway: shownRunway(status.runway),
    skip: status.skip ?? null,
    counters: status.counters,
    recentLag: shownLag(status.lag),
    failures: status.failures,
    lastError: status.lastError ?? null,
    versions,
    at: new Date(nowMs).toISOString(),
  };
}

/**
 * How far readers are behind the database: the age of the oldest commit that is not yet acknowledged; 0 when idle,
 * however long ago the last commit was. Undefined when it cannot be said: everything read is acknowledged, and the
 * server has more or cannot be asked.
 */
export function lagSeconds(status: RelayStatus, nowMs: number): number | undefined {
  if (status.progress === 'idle') return 0;
  if (status.oldestUnacknowledgedMs === undefined) return undefined;
  // The server's clock may run ahead of ours.
  return Math.max(0, (nowMs - status.oldestUnacknowledgedMs) / 1000);
}

/** The state alone where a part, or standing still, says why: see the reasons that come after it. */
function stateReasons(status: RelayStatus, accepted: readonly RelayState[]): string[] {
  const { state, reason, parts, progress } = status;
  if (accepted.includes(state)) return [];
  if (state === 'failed') return [failure(status)];
  const isSaid = progress === 'stuck' || Object.values(parts).some(({ ok }) => !ok);
  return [state !== 'blocked' || isSaid ? state : `${state}: ${reason}`];
}

function shownStandby(standby: RelayStatus['standby']): HealthDocument['standby'] {
  return standby === undefined ? null : { holder: standby.holder, since: new Date(standby.sinceMs).toISOString() };
}

function failure(status: RelayStatus): string {
  return status.lastError === undefined ? 'failed' : `failed: ${status.lastError.code}: ${status.lastError.message}`;
}

function partReasons(status: RelayStatus, names: readonly PartName[]): string[] {
  return names.filter((name) => !status.parts[name].ok).map((name) => `${name}: ${status.parts[name].reason}`);
}

function runwayReasons({ runway: { reason, remedy } }: RelayStatus): string[] {
  return remedy === undefined ? [] : [`${reason}. ${remedy}`];
}

function shownRunway({ seconds, reason, purgedBy }: RelayStatus['runway']): ShownRunway {
  return {
    seconds: seconds === undefined || seconds === Infinity ? null : seconds,
    reason,
    purgedBy: purgedBy ?? null,
  };
}

const shownLag = ({ recent: { messages, p50Seconds, p99Seconds } }: RelayStatus['lag']): ShownLag => ({
  messages,
  p50Seconds: p50Seconds ?? null,
  p99Seconds: p99Seconds ?? null,
});

function noticeReasons({ notices }: RelayStatus): string[] {
  const shown = notices.slice(0, MAX_NOTICES).map(noticeText);
  return notices.length <= MAX_NOTICES ? shown : [...shown, `${notices.length - MAX_NOTICES} more notices`];
}

/** One notice as a sentence. */
export function noticeText({ id, about, subject, count, first, last }: Notice): string {
  const { at, position, what } = first;
  const more = count === 1 ? '' : `, ${count} in all, the last at ${last.at}, ${last.position}: ${last.what}`;
  const says =
    about === 'differs'
      ? `the copy of ${subject} differs since ${at}, ${position}: ${what}`
      : `transaction ${subject} of ${at}, ${position}, was skipped: this run has published none of its changes`;
  return `${says}${more} (notice ${id})`;
}

const MAX_NOTICES = 10;

const STUCK =
  'stuck: the server has more, and for 30 s nothing was read or acknowledged, or one lane waits for a message';
/** Nothing is wrong with a relay in one of these. */
const HEALTHY: readonly RelayState[] = ['copying', 'catching-up', 'live', 'standby'];
/** What blocks it may leave rows flowing, such as a checkpoint that cannot be stored; else a part says so. */
const READY: readonly RelayState[] = [...HEALTHY, 'blocked'];

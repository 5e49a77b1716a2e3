import type { Clock } from '../base/clock.ts';
import type { AppliedLane, ApplyStatus, Complete } from '../apply/apply.ts';
import { APPLY_METRICS, type ApplySnapshot } from './apply-metric-table.ts';
import type { Versions } from './health.ts';
import { metricsOf, ownProcess } from './metrics.ts';
import type { Page } from './page.ts';
import { probeAnswer, sitePages } from './site-pages.ts';

export interface ApplyPageSources {
  readonly status: () => ApplyStatus;
  readonly clock: Clock;
  readonly version: string;
}

const INDEX = `binlog-relay apply

/livez    200 while the process works; 503 when it failed for good
/readyz   200 while rows are written or would be; 503 with the reason
/healthz  everything as JSON; 503 when a part does not work or a lane is blocked
/metrics  for Prometheus
`;

/** The pages of apply by path; undefined for a path that is none. */
export function createApplyPages({
  status,
  clock,
  version,
}: ApplyPageSources): (path: string) => Promise<Page | undefined> {
  const metrics = metricsOf(APPLY_METRICS, (taken): ApplySnapshot => ({
    ...taken,
    process: ownProcess(),
  }));
  const versions = { relay: version, node: process.versions.node };
  return sitePages({
    index: INDEX,
    liveness: () => probeAnswer(failureOf(status()), 'alive'),
    readiness: () => probeAnswer(reasonsOf(status()), 'ready'),
    health: () => applyHealth(status(), clock.now(), versions),
    metrics: {
      contentType: metrics.contentType,
      render: () => metrics.render({ status: status(), versions, nowMs: clock.now() }),
    },
  });
}

/** The body of /healthz. What is not known is null, never left out. */
export interface ApplyHealth extends Omit<
  ApplyStatus,
  'sinceMs' | 'remedy' | 'lanes' | 'complete' | 'blocked' | 'lastLagSeconds' | 'lastError'
> {
  /** When it came into this state, ISO 8601 in UTC. */
  readonly since: string;
  readonly remedy: string | null;
  readonly healthy: boolean;
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly string[];
  readonly lastLagSeconds: number | null;
  readonly lanes: readonly ShownLane[];
  readonly complete: ShownComplete | null;
  readonly blocked: readonly (Omit<ApplyStatus['blocked'][number], 'sinceMs'> & { readonly since: string })[];
  readonly lastError: ApplyStatus['lastError'] | null;
  readonly versions: Versions;
  /** When this was said, ISO 8601 in UTC. */
  readonly at: string;
}

interface ShownLane extends Pick<AppliedLane, 'lane' | 'epoch' | 'sequence' | 'gtid'> {
  readonly committedAt: string | null;
  readonly appliedAt: string | null;
  readonly waitsFor: string | null;
}

/** Everything up to there is written. */
interface ShownComplete extends Pick<Complete, 'gtidSet' | 'position'> {
  /** How fresh that is, on the clock of the source: ISO 8601 in UTC, and how long ago that is on the clock here. */
  readonly asOf: string;
  readonly ageSeconds: number;
}

export function applyHealth(status: ApplyStatus, nowMs: number, versions: Versions): ApplyHealth {
  const reasons = reasonsOf(status);
  const { state, sinceMs, reason, remedy, lanes, complete, blocked, lastLagSeconds, lastError, ...rest } = status;
  return {
    healthy: reasons.length === 0,
    reasons,
    state,
    since: new Date(sinceMs).toISOString(),
    reason,
    remedy: remedy ?? null,
    ...rest,
    lastLagSeconds: lastLagSeconds ?? null,
    lanes: lanes.map(({ lane, epoch, sequence, gtid, committedMs, appliedMs, waitsFor }) => ({
      lane,
      epoch,
      sequence,
      gtid,
      committedAt: committedMs === 0 ? null : new Date(committedMs).toISOString(),
      appliedAt: appliedMs === 0 ? null : new Date(appliedMs).toISOString(),
      waitsFor: waitsFor ?? null,
    })),
    complete: complete === undefined ? null : shownComplete(complete, nowMs),
    blocked: blocked.map(({ sinceMs, ...lane }) => ({ ...lane, since: new Date(sinceMs).toISOString() })),
    lastError: lastError ?? null,
    versions,
    at: new Date(nowMs).toISOString(),
  };
}

function shownComplete({ gtidSet, position, asOfMs }: Complete, nowMs: number): ShownComplete {
  // The clocks of two hosts differ.
  const ageSeconds = Math.max(0, (nowMs - asOfMs) / 1000);
  return { gtidSet, position, asOf: new Date(asOfMs).toISOString(), ageSeconds };
}

/** Empty unless it has failed for good. */
const failureOf = ({ state, lastError }: ApplyStatus): readonly string[] =>
  state === 'failed' ? [`failed: ${lastError?.code ?? ''}: ${lastError?.message ?? ''}`] : [];

function reasonsOf(status: ApplyStatus): readonly string[] {
  const { state, parts, blocked } = status;
  const reasons = [...failureOf(status)];
  if (state === 'starting' || state === 'draining' || state === 'stopped') reasons.push(state);
  for (const name of ['topic', 'target'] as const) {
    if (!parts[name].ok) reasons.push(`${name}: ${parts[name].reason}`);
  }
  for (const { lane, code, message } of blocked) reasons.push(`lane ${lane}: ${code}: ${message}`);
  return reasons;
}

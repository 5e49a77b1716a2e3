import type { Clock } from '../base/clock.ts';
import type { TableResult, VerifyStatus } from '../verify/verify.ts';
import type { Versions } from './health.ts';
import { metricsOf, ownProcess } from './metrics.ts';
import type { Page } from './page.ts';
import { probeAnswer, sitePages } from './site-pages.ts';
import { VERIFY_METRICS, type VerifySnapshot } from './verify-metric-table.ts';

export interface VerifyPageSources {
  readonly status: () => VerifyStatus;
  readonly clock: Clock;
  readonly version: string;
}

const INDEX = `binlog-relay verify

/livez    200 while the process works; 503 when it failed for good
/readyz   200 while tables are compared or would be; 503 with the reason
/healthz  everything as JSON; 503 when something differs or cannot be compared
/metrics  for Prometheus
`;

/** The pages of verify by path; undefined for a path that is none. */
export function createVerifyPages({
  status,
  clock,
  version,
}: VerifyPageSources): (path: string) => Promise<Page | undefined> {
  const metrics = metricsOf(VERIFY_METRICS, (taken): VerifySnapshot => ({
    ...taken,
    process: ownProcess(),
  }));
  const versions = { relay: version, node: process.versions.node };
  return sitePages({
    index: INDEX,
    liveness: () => probeAnswer(status().state === 'failed' ? workReasons(status()) : [], 'alive'),
    readiness: () => probeAnswer(workReasons(status()), 'ready'),
    health: () => verifyHealth(status(), clock.now(), versions),
    metrics: {
      contentType: metrics.contentType,
      render: () => metrics.render({ status: status(), versions, nowMs: clock.now() }),
    },
  });
}

/** The body of /healthz. What is not known is null, never left out; keys and values of rows are not in it. */
export interface VerifyHealth {
  readonly healthy: boolean;
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly string[];
  readonly state: VerifyStatus['state'];
  readonly passes: number;
  readonly passStartedAt: string | null;
  readonly passEndedAt: string | null;
  readonly progress: VerifyStatus['progress'] | null;
  readonly tables: readonly ShownTable[];
  readonly rows: number;
  readonly trouble: VerifyStatus['trouble'] | null;
  readonly lastError: VerifyStatus['lastError'] | null;
  readonly versions: Versions;
  /** When this was said, ISO 8601 in UTC. */
  readonly at: string;
}

/** JSON leaves out what is undefined. */
type ShownTable = Omit<TableResult, 'differences'> & { readonly differences: undefined };

export function verifyHealth(status: VerifyStatus, nowMs: number, versions: Versions): VerifyHealth {
  const { state, passes, rows, passStartedAt, passEndedAt, progress, tables, trouble, lastError } = status;
  const reasons = [...workReasons(status), ...tableReasons(status)];
  return {
    healthy: reasons.length === 0,
    reasons,
    state,
    passes,
    passStartedAt: passStartedAt ?? null,
    passEndedAt: passEndedAt ?? null,
    progress: progress ?? null,
    tables: tables.map((table) => ({ ...table, differences: undefined })),
    rows,
    trouble: trouble ?? null,
    lastError: lastError ?? null,
    versions,
    at: new Date(nowMs).toISOString(),
  };
}

function workReasons({ state, trouble, lastError }: VerifyStatus): readonly string[] {
  if (state === 'failed') return [`failed: ${lastError?.code ?? ''}: ${lastError?.message ?? ''}`];
  const why = trouble === undefined ? [] : [`${trouble.code}: ${trouble.message}`];
  return state === 'running' || state === 'resting' ? why : [state, ...why];
}

function tableReasons({ tables }: VerifyStatus): readonly string[] {
  const bad = tables.filter(({ state }) => state !== 'equal' && state !== 'awaited' && state !== 'gone');
  const shown = bad.slice(0, 10).map(({ database, table, state, different }) => {
    return `${database}.${table} is ${state}${different === 0 ? '' : ` in ${different} rows`}`;
  });
  return bad.length <= 10 ? shown : [...shown, `${bad.length - 10} more tables`];
}

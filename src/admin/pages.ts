import type { Clock } from '../base/clock.ts';
import type { Copy, Notice } from '../checkpoint/checkpoint.ts';
import type { CopyRequest, RelayStatus } from '../relay/relay.ts';
import { copies } from './copy.ts';
import { health, liveness, readiness } from './health.ts';
import { createMetrics } from './metrics.ts';
import type { Page } from './page.ts';
import { sitePages } from './site-pages.ts';

export interface PageSources {
  readonly status: () => RelayStatus;
  readonly clock: Clock;
  /** Of the relay. */
  readonly version: string;
  /** Takes notices away; see Relay. */
  readonly acknowledge: (ids: readonly string[] | 'all') => readonly Notice[];
  /** Takes what is asked of copies of tables; see Relay. */
  readonly copy: (request: CopyRequest) => readonly Copy[];
}

const INDEX = `binlog-relay

/livez    200 while the process works; 503 when it failed for good
/readyz   200 while rows flow or would flow, or while it stands by to take over; 503 with the reason
/healthz  everything as JSON; 503 when a part does not work or the relay is stuck
/metrics  for Prometheus
/copies   copies of tables that go on, and the newest that have ended, as JSON

Both as application/json:
POST /acknowledge   takes notices away: {"ids": ["7"]} or {"all": true}
POST /copy          publishes rows that are in tables: {"tables": ["shop.orders", "shop.*"]};
                    rows of one: {"tables": ["shop.orders"], "keys": [["17"], ["18"]]},
                    or "between": {"from": ["17"], "to": ["99"]};
                    or {"pause": "1"}, {"resume": "1"}, {"cancel": "1"}: the copy with this id
`;

/** The pages by path; undefined for a path that is none. */
export function createPages({ status, clock, version }: PageSources): (path: string) => Promise<Page | undefined> {
  const metrics = createMetrics();
  const versions = { relay: version, node: process.versions.node };
  const pageOf = sitePages({
    index: INDEX,
    liveness: () => liveness(status()),
    readiness: () => readiness(status()),
    health: () => health(status(), clock.now(), versions),
    metrics: {
      contentType: metrics.contentType,
      render: () => metrics.render({ status: status(), nowMs: clock.now(), versions }),
    },
  });
  return async (path) => (path === '/copies' ? copies(status()) : pageOf(path));
}

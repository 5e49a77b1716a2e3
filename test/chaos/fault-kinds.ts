/** Which faults there are, and for how long each lasts. Pure data: schedule.ts draws from it. */

/** What a fault hits. Two faults of a pair hit different ones. */
export type Area = 'relay' | 'apply' | 'broker' | 'source' | 'target' | 'checkpoint';

export interface KindFacts {
  readonly area: Area;
  /** Between injection and healing, ms: shortest and longest. */
  readonly holdMs: readonly [number, number];
}

const INSTANT = [0, 0] as const;
const BRIEF = [0, 2000] as const;
const SOME = [5000, 12_000] as const;
/** Longer than /healthz may take to tell the truth. */
const SEEN = [14_000, 18_000] as const;

export const FAULT_KINDS = {
  'relay-kill': { area: 'relay', holdMs: BRIEF },
  'relay-term': { area: 'relay', holdMs: BRIEF },
  'relay-freeze': { area: 'relay', holdMs: [2000, 30_000] },
  'relay-clock': { area: 'relay', holdMs: SOME },
  'relay-other-node': { area: 'relay', holdMs: BRIEF },
  'apply-kill': { area: 'apply', holdMs: BRIEF },
  'apply-term': { area: 'apply', holdMs: BRIEF },
  'apply-freeze': { area: 'apply', holdMs: [2000, 20_000] },
  'apply-clock': { area: 'apply', holdMs: SOME },
  'broker-kill': { area: 'broker', holdMs: SEEN },
  'broker-restart': { area: 'broker', holdMs: BRIEF },
  'broker-freeze': { area: 'broker', holdMs: SEEN },
  'broker-read-only': { area: 'broker', holdMs: SEEN },
  'broker-disk-full': { area: 'broker', holdMs: [40_000, 45_000] },
  'source-kill': { area: 'source', holdMs: SEEN },
  'source-restart': { area: 'source', holdMs: BRIEF },
  'source-freeze': { area: 'source', holdMs: SEEN },
  'source-kill-dump': { area: 'source', holdMs: INSTANT },
  'source-kill-lock': { area: 'source', holdMs: INSTANT },
  'source-flush': { area: 'source', holdMs: INSTANT },
  'source-purge': { area: 'source', holdMs: INSTANT },
  'source-failover': { area: 'source', holdMs: INSTANT },
  'target-kill': { area: 'target', holdMs: SEEN },
  'target-restart': { area: 'target', holdMs: BRIEF },
  'target-freeze': { area: 'target', holdMs: SEEN },
  'line-source-cut': { area: 'source', holdMs: SEEN },
  'line-source-reset': { area: 'source', holdMs: INSTANT },
  'line-source-half-open': { area: 'source', holdMs: SEEN },
  'line-source-stale': { area: 'source', holdMs: SEEN },
  'line-source-slow': { area: 'source', holdMs: SOME },
  'line-source-flip': { area: 'source', holdMs: SOME },
  'line-source-tls': { area: 'source', holdMs: SEEN },
  'line-broker-cut': { area: 'broker', holdMs: SEEN },
  'line-broker-reset': { area: 'broker', holdMs: INSTANT },
  'line-broker-half-open': { area: 'broker', holdMs: SEEN },
  'line-broker-stale': { area: 'broker', holdMs: SEEN },
  'line-broker-slow': { area: 'broker', holdMs: SOME },
  'line-broker-flip': { area: 'broker', holdMs: SOME },
  'line-topic-cut': { area: 'apply', holdMs: SEEN },
  'line-topic-half-open': { area: 'apply', holdMs: SEEN },
  'line-topic-stale': { area: 'apply', holdMs: SEEN },
  'line-topic-slow': { area: 'apply', holdMs: SOME },
  'line-target-cut': { area: 'target', holdMs: SEEN },
  'line-target-reset': { area: 'target', holdMs: INSTANT },
  'line-target-half-open': { area: 'target', holdMs: SEEN },
  'line-target-stale': { area: 'target', holdMs: SEEN },
  'line-target-slow': { area: 'target', holdMs: SOME },
  'checkpoint-full': { area: 'checkpoint', holdMs: SEEN },
  'checkpoint-read-only': { area: 'checkpoint', holdMs: SEEN },
  'checkpoint-hangs': { area: 'checkpoint', holdMs: [26_000, 30_000] },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type FaultKind = keyof typeof FAULT_KINDS;

/** Ends a round of its own kind, since it takes a server away. */
export const FAILOVER = 'source-failover' satisfies FaultKind;

/** Those that are dealt. */
export const ALL_KINDS = (Object.keys(FAULT_KINDS) as readonly FaultKind[]).filter((kind) => kind !== FAILOVER);

export const factsOf = (kind: FaultKind): KindFacts => FAULT_KINDS[kind];

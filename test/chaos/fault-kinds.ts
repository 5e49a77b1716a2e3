/** Which faults there are, and for how long each lasts. Pure data: schedule.ts draws from it. */

/** What a fault hits. Two faults of a pair hit different ones. */
export type Area = 'relay' | 'apply' | 'broker' | 'source' | 'target' | 'checkpoint';

export interface KindFacts {
  readonly area: Area;
  /** Between injection and healing, ms: shortest and longest. */
  readonly holdMs: readonly [number, number];
}

const BRIEF = [0, 2000] as const;
/** Longer than /healthz may take to tell the truth. */
const SEEN = [14_000, 18_000] as const;

export const FAULT_KINDS = {
  'relay-kill': { area: 'relay', holdMs: BRIEF },
  'relay-term': { area: 'relay', holdMs: BRIEF },
  'relay-freeze': { area: 'relay', holdMs: [2000, 30_000] },
  'apply-kill': { area: 'apply', holdMs: BRIEF },
  'apply-term': { area: 'apply', holdMs: BRIEF },
  'apply-freeze': { area: 'apply', holdMs: [2000, 20_000] },
  'broker-kill': { area: 'broker', holdMs: SEEN },
  'source-kill': { area: 'source', holdMs: SEEN },
  'target-kill': { area: 'target', holdMs: SEEN },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type FaultKind = keyof typeof FAULT_KINDS;

export const ALL_KINDS = Object.keys(FAULT_KINDS) as readonly FaultKind[];

export const factsOf = (kind: FaultKind): KindFacts => FAULT_KINDS[kind];

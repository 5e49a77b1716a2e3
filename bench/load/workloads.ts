import { lifeCycle } from './life-cycle.ts';
import { SCALE_WORKLOADS } from './scale.ts';
import { bulk, trickle } from './orders.ts';
import type { Workload } from './workload.ts';

/** Those of catch-up, and of the core's bench. */
export const CATCH_UP_WORKLOADS: readonly Workload[] = [bulk, trickle, lifeCycle];
const WORKLOADS: readonly Workload[] = [...CATCH_UP_WORKLOADS, ...SCALE_WORKLOADS];

/** Throws for a name that no workload has. */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no workload ${name}: ${WORKLOADS.map((known) => known.name).join(', ')}`);
  return found;
}

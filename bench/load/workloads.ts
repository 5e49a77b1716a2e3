import { lifeCycle } from './life-cycle.ts';
import { bulk, trickle } from './orders.ts';
import type { Workload } from './workload.ts';

export const WORKLOADS: readonly Workload[] = [bulk, trickle, lifeCycle];

/** Throws for a name that no workload has. */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no workload ${name}: ${WORKLOADS.map((known) => known.name).join(', ')}`);
  return found;
}

import { median } from '../measure/numbers.ts';
import type { MicroCase } from './micro-case.ts';
import { reference } from './reference.ts';

export interface MicroResult {
  readonly name: string;
  /** CPU time an operation. */
  readonly ns: number;
  /** To a step of the reference, measured between the rounds. */
  readonly ratio: number;
}

const WARM_UP_MS = 150;
const ROUND_MS = 12;

/** Medians of `rounds` rounds, in CPU time, so that other processes hardly show. */
export function measure(micro: MicroCase, rounds: number): MicroResult {
  const calls = callsPerRound(micro);
  const referenceCalls = callsPerRound(reference);
  const ns: number[] = [];
  const ratios: number[] = [];
  for (let n = 0; n < rounds; n += 1) {
    const own = nsPerOperation(micro, calls);
    const its = nsPerOperation(reference, referenceCalls);
    ns.push(own);
    ratios.push(own / its);
  }
  return { name: micro.name, ns: median(ns), ratio: median(ratios) };
}

/** Warms the code up, and says how often it is to be called for a round. */
function callsPerRound(micro: MicroCase): number {
  const startMs = performance.now();
  let calls = 0;
  while (performance.now() - startMs < WARM_UP_MS) {
    micro.run();
    calls += 1;
  }
  return Math.max(1, Math.round((calls * ROUND_MS) / WARM_UP_MS));
}

function nsPerOperation(micro: MicroCase, calls: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i += 1) micro.run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (calls * micro.operations);
}

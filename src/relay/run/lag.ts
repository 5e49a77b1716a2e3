import { LAG_BOUNDS, type LagStatus } from '../relay.ts';

/** Quantiles are of the last minutes: so many parts, of so long each. */
const PARTS = 5;
const PART_MS = 60_000;

/**
 * Counts how long messages took from commit to acknowledgement: an increment and a few comparisons for each, and no
 * garbage.
 */
export class Lag {
  readonly #counts = zeros();
  #sumSeconds = 0;
  /** What was counted when the last parts began, the oldest first. */
  readonly #begins: { readonly atMs: number; readonly counts: readonly number[] }[] = [];

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < LAG_BOUNDS.length && seconds > (LAG_BOUNDS[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumSeconds += seconds;
  }

  /** To be called every minute at least; `nowMs`: monotonic. */
  look(nowMs: number): void {
    const last = this.#begins.at(-1);
    if (last !== undefined && nowMs - last.atMs < PART_MS) return;
    this.#begins.push({ atMs: nowMs, counts: [...this.#counts] });
    if (this.#begins.length > PARTS) this.#begins.shift();
  }

  status(): LagStatus {
    const before = this.#begins[0]?.counts ?? zeros();
    const recent = this.#counts.map((count, bucket) => count - (before[bucket] ?? 0));
    return {
      counts: [...this.#counts],
      sumSeconds: this.#sumSeconds,
      recent: {
        messages: recent.reduce((sum, count) => sum + count, 0),
        p50Seconds: quantile(recent, 0.5),
        p99Seconds: quantile(recent, 0.99),
      },
    };
  }
}

/** As Prometheus estimates it: evenly spread within a bucket. Undefined when nothing was counted. */
function quantile(counts: readonly number[], q: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [bucket, bound] of LAG_BOUNDS.entries()) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && below + count >= q * total) {
      const from = LAG_BOUNDS[bucket - 1] ?? 0;
      return from + ((bound - from) * (q * total - below)) / count;
    }
    below += count;
  }
  return LAG_BOUNDS.at(-1);
}

const zeros = (): number[] => Array<number>(LAG_BOUNDS.length + 1).fill(0);

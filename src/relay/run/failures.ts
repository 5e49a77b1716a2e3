import type { Code } from '../../base/error-codes.ts';
import { PART_NAMES, type FailureCount, type PartName } from '../relay.ts';

/** Counts what was tried again, by part and code: no more than there are codes. */
export class Failures {
  readonly #counts: Readonly<Record<PartName, Map<Code, number>>> = {
    source: new Map(),
    sink: new Map(),
    checkpoint: new Map(),
  };

  add(part: PartName, code: Code): void {
    const counts = this.#counts[part];
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }

  list(): readonly FailureCount[] {
    return PART_NAMES.flatMap((part) => [...this.#counts[part]].map(([code, count]) => ({ part, code, count })));
  }
}

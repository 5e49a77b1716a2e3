import type { PartName } from '../relay.ts';

/**
 * Which parts have worked in this run, with the configuration that it still has: the source when a session was opened;
 * the sink when a message was acknowledged, or an earlier run has stored a checkpoint for the same destination; the
 * checkpoint when it was stored, or has one of an earlier run.
 */
export class Proven {
  readonly #parts = new Set<PartName>();

  has(part: PartName): boolean {
    return this.#parts.has(part);
  }

  add(part: PartName): void {
    this.#parts.add(part);
  }
}

import type { Acknowledged } from '../lanes/delivery.ts';
import type { RelayCounters, RelayStatus } from '../relay.ts';
import { Lag } from './lag.ts';
import { TableChangeCounts } from './table-changes.ts';

/** What the broker has acknowledged, counted once for a message. */
export class Acknowledgements {
  readonly #tableChanges: TableChangeCounts;
  readonly #lag = new Lag();
  #messages = 0;
  #changes = 0;
  #bytes = 0;
  #progress = 0;
  #lastLagSeconds: number | undefined;
  #lastMs: number | undefined;

  /** `maxTables`: that are counted on their own. */
  constructor(maxTables: number) {
    this.#tableChanges = new TableChangeCounts(maxTables);
  }

  get messages(): number {
    return this.#messages;
  }

  add(message: Acknowledged, bodyBytes: number, nowMs: number): void {
    this.#messages += 1;
    this.#bytes += bodyBytes;
    this.#lastMs = nowMs;
    if (message.copy === undefined) this.#addOfStream(message, nowMs);
    else if (message.class !== undefined) this.#tableChanges.addCopied(message.class.plan.table, message.rows);
  }

  #addOfStream({ rows, commitTimeMs, class: of }: Acknowledged, nowMs: number): void {
    // The clock of the server may run ahead of ours.
    this.#lastLagSeconds = Math.max(0, nowMs - commitTimeMs) / 1000;
    this.#changes += rows;
    if (of === undefined) return;
    this.#lag.add(this.#lastLagSeconds);
    this.#tableChanges.add(of.plan.table, of.kind, rows);
  }

  /** Moves nothing of the above: a relay that only says how far it is stands still. */
  addProgress(): void {
    this.#progress += 1;
  }

  /** To be called every second or so; monotonic. */
  look(nowMs: number): void {
    this.#lag.look(nowMs);
  }

  status(): Pick<RelayStatus, 'lastLagSeconds' | 'lastAcknowledgedMs' | 'lag' | 'tableChanges'> {
    return {
      lastLagSeconds: this.#lastLagSeconds,
      lastAcknowledgedMs: this.#lastMs,
      lag: this.#lag.status(),
      tableChanges: this.#tableChanges.list(),
    };
  }

  counters(): Pick<
    RelayCounters,
    'messagesAcknowledged' | 'changesAcknowledged' | 'bytesAcknowledged' | 'progressAcknowledged'
  > {
    return {
      messagesAcknowledged: this.#messages,
      changesAcknowledged: this.#changes,
      bytesAcknowledged: this.#bytes,
      progressAcknowledged: this.#progress,
    };
  }
}

import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { MarkName } from '../../format/format.ts';
import type { Message } from './message.ts';
import { Sparingly } from '../../base/sparingly.ts';

const LOG_INTERVAL_MS = 60_000;

const WARNINGS: Readonly<Record<MarkName, string>> = {
  partial:
    'the binlog brings only some columns of some rows (binlog_row_image is not FULL): they are published so, and marked',
  invalidText: 'values hold bytes that are no characters of their charset: they are published in base64, and marked',
  oversize: 'rows were larger than a message may be: only their keys are published, readers must fetch the rest',
};

/** Counts the changes that are published with a mark, and warns of them now and then. */
export class MarkedRows {
  readonly counters: Record<MarkName, number> = { oversize: 0, partial: 0, invalidText: 0 };
  readonly #logs: Readonly<Record<MarkName, Sparingly>>;
  readonly #logger: Logger;

  constructor(clock: Clock, logger: Logger) {
    const log = (): Sparingly => new Sparingly(clock, LOG_INTERVAL_MS);
    this.#logs = { oversize: log(), partial: log(), invalidText: log() };
    this.#logger = logger;
  }

  /** `message` is about to be sent. */
  add(message: Message, marks: readonly MarkName[]): void {
    for (const mark of marks) {
      this.counters[mark] += mark === 'invalidText' ? message.invalidTextRows : message.rows;
      this.#logs[mark].do((suppressed) => {
        const [change] = message.firstAndLastChange();
        this.#logger.warn({ table: message.class.plan.name, change, alikeSinceLastLine: suppressed }, WARNINGS[mark]);
      });
    }
  }
}

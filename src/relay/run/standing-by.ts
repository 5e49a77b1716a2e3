import type { Logger } from '../../base/log.ts';
import type { StatusBoard } from './status.ts';

/** Waits for the lock beside the relay that is active, and says so: once for each that it waits for. */
export class StandingBy {
  readonly #status: Pick<StatusBoard, 'standsBy' | 'takesOver'>;
  readonly #logger: Logger;
  #holder: string | undefined;

  constructor(status: Pick<StatusBoard, 'standsBy' | 'takesOver'>, logger: Logger) {
    this.#status = status;
    this.#logger = logger;
  }

  /** Whether another one had the lock. */
  get hasWaited(): boolean {
    return this.#holder !== undefined;
  }

  /** `holder`: who has the lock. Told again, when the server was away meanwhile. */
  waitsFor(holder: string): void {
    this.#status.standsBy(holder);
    if (holder === this.#holder) return;
    this.#holder = holder;
    this.#logger.info({ holder }, 'standing by: another relay is active, and this one takes over when it is gone');
  }

  /** The lock is this relay's. */
  takesOver(): void {
    if (!this.hasWaited) return;
    this.#status.takesOver();
    this.#logger.info({ before: this.#holder }, 'the other relay is gone: taking over');
  }
}

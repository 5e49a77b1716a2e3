import type { Clock } from '../../base/clock.ts';
import type { Message } from './message.ts';
import { Pacer } from './pacer.ts';

export interface TurnsOptions {
  /** Infinity: no limit. */
  readonly requestsPerSecond: number;
  readonly clock: Clock;
  /** Aborted when sending has to end: then every turn has come. */
  readonly giveUp: AbortSignal;
  /** Somebody waits for the lanes to become empty. */
  readonly isUrgent: () => boolean;
}

/** Rows that were committed so long ago are a backlog's. Some servers give the time in whole seconds. */
const BACKLOG_MS = 2000;
/** Nothing beside that, and enough for a lane's message to fill at full speed. */
const PATIENCE_MS = 20;

/** When a lane sends its next request: as soon as the rate of requests allows it, and in a backlog a moment later. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #pacer: Pacer;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#pacer = new Pacer(options.requestsPerSecond, options.clock);
  }

  /**
   * Takes the next turn: undefined when it is now, else it resolves then. `only`: the message that will leave, if the
   * lane holds no other.
   */
  next(only: Message | undefined): Promise<void> | undefined {
    const waitMs = Math.max(this.#pacer.takeTurn(), only === undefined ? 0 : this.#patienceMs(only));
    return waitMs === 0 ? undefined : this.#options.clock.sleep(waitMs, this.#options.giveUp);
  }

  /**
   * How long the only message of a lane should wait for more rows: in a backlog they come in a moment, and nobody waits
   * for these.
   */
  #patienceMs(message: Message): number {
    const { clock, isUrgent } = this.#options;
    if (message.rows === 0 || !message.hasRoomFor(0) || isUrgent()) return 0;
    if (clock.now() - message.commitTimeMs < BACKLOG_MS) return 0;
    return Math.max(message.openedMs + PATIENCE_MS - clock.monotonic(), 0);
  }
}

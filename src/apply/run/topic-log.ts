import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { Sparingly } from '../../base/sparingly.ts';
import type { TopicEvent } from '../../topic/topic.ts';

/** A broker that fails now and then is a line a minute. */
const INTERVAL_MS = 60_000;

/** Says in the log that the topic cannot be read, why and what to do, and when it can be again; and what is dropped. */
export class TopicLog {
  readonly #logger: Pick<Logger, 'info' | 'warn'>;
  readonly #sparingly: Sparingly;
  #isToldAway = false;

  constructor(clock: Clock, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#logger = logger;
    this.#sparingly = new Sparingly(clock, INTERVAL_MS);
  }

  note(event: TopicEvent): void {
    if (event.what === 'away') {
      const { code, remedy, message } = event.error;
      this.#sparingly.do((suppressed) => {
        this.#isToldAway = true;
        this.#logger.warn({ code, remedy, suppressed }, `nothing comes of the topic, it is tried again: ${message}`);
      });
    }
    if (event.what === 'back' && this.#isToldAway) {
      this.#isToldAway = false;
      this.#logger.info('the topic can be read again');
    }
    if (event.what === 'torn') {
      this.#logger.warn(
        `${event.place}: ${event.why}: the broker has a part of this message only, as when it was killed while it stored it. It is dropped, and comes again`,
      );
    }
  }
}

import { asRelayError } from '../../base/errors.ts';
import { delayMs, isAborted } from '../../base/retry.ts';
import type { EventReader, Session } from '../../source/source.ts';
import { RECONNECT, type Attempts } from './attempts.ts';
import { isSamePosition, type CheckpointKeeper } from './checkpoint-keeper.ts';
import type { FirstFailure } from './first-failure.ts';
import type { Flow } from './flow.ts';
import type { Proven } from './proven.ts';
import type { RelayOptions } from './relay-options.ts';
import type { StatusBoard } from './status.ts';

/** How often a run that may not read looks whether it still has the lock. */
const LOCK_LOOK_MS = 200;

export interface SessionsOptions extends Pick<RelayOptions, 'source' | 'clock' | 'random' | 'logger'> {
  readonly flow: Flow;
  readonly keeper: CheckpointKeeper;
  readonly attempts: Attempts;
  readonly proven: Proven;
  readonly status: StatusBoard;
  readonly failure: FirstFailure;
}

/** Reads the source in sessions, one after the other: each goes on where the one before has ended. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Until `ended`. Throws what no other session would mend. */
  async read(ended: AbortSignal): Promise<void> {
    const { flow, attempts, source, clock, random } = this.#options;
    let fruitless = 0;
    while (!isAborted(ended)) {
      await this.#room(ended);
      if (isAborted(ended)) return;
      const position = flow.intake.position;
      const open = (): Promise<Session> => source.open(position, this.#reader());
      const session = await attempts.untilItWorks('source', open, (late) => void late.close());
      if (session === undefined) return;
      const openedMs = clock.monotonic();
      await this.#readOne(session, ended);
      // A server that lets the relay in and ends each session at once is not asked without a pause.
      const isFruitless =
        isSamePosition(flow.intake.position, position) && clock.monotonic() - openedMs < RECONNECT.lastMs;
      fruitless = isFruitless ? fruitless + 1 : 0;
      if (fruitless > 1) await clock.sleep(delayMs(RECONNECT, fruitless - 1, random), ended);
    }
  }

  /** Until it ends, or `ended`. */
  async #readOne(session: Session, ended: AbortSignal): Promise<void> {
    const { flow, keeper, source, status, proven } = this.#options;
    proven.add('source');
    keeper.refuse(source.rolledBack);
    status.sessionOpened(source.place);
    status.look(flow);
    const close = (): void => void session.close();
    ended.addEventListener('abort', close, { once: true });
    if (isAborted(ended)) close();
    try {
      await session.ended;
    } catch (thrown) {
      this.#lost(thrown);
    } finally {
      ended.removeEventListener('abort', close);
      flow.throttle.attach(undefined);
      await session.close();
      flow.intake.restart();
    }
  }

  /** Throws what another session would not mend. */
  #lost(thrown: unknown): void {
    const { flow, status, logger } = this.#options;
    const error = asRelayError(thrown);
    // A place that was read up to is no wrong setting: something there cannot be read at the moment.
    const isReached = flow.intake.counters.transactionsRead > 0;
    if (!error.isRetried(error.code !== 'SOURCE_POSITION_INVALID' || isReached)) throw error;
    status.sourceLost(error);
    logger.warn(
      { code: error.code, error: error.message, remedy: error.remedy },
      'the connection to the source was lost; reconnecting',
    );
  }

  /**
   * Resolves when there is room to read. What is held makes room when it is sent, and may be sent only with the lock:
   * of a server that does not come back it is another one that gives it.
   */
  async #room(ended: AbortSignal): Promise<void> {
    const { flow, attempts, source, clock } = this.#options;
    let isWaiting = flow.throttle.isPaused;
    const room = flow.throttle.room(ended).then(() => (isWaiting = false));
    while (isWaiting) {
      if (source.lockTerm === undefined)
        await attempts.untilItWorks('source', () => source.relock(flow.intake.position).then(() => true));
      await Promise.race([room, clock.sleep(LOCK_LOOK_MS, ended)]);
    }
  }

  #reader(): EventReader {
    const { failure, flow } = this.#options;
    const { intake, outbox, throttle, copies } = flow;
    return {
      begin: (tap, serverUuid) => {
        throttle.attach(tap);
        copies.stream.begins(serverUuid);
        this.#readsFrom(serverUuid);
      },
      event: (buffer, start, end) => {
        // `guarded` by hand: no closure for each event.
        if (failure.error !== undefined) return;
        try {
          intake.event(buffer, start, end);
        } catch (error) {
          failure.note(error);
        }
        throttle.added();
      },
      endOfRead: () => {
        failure.guarded(() => {
          intake.endOfRead();
        });
        throttle.added();
        outbox.flush();
      },
    };
  }

  /** After a failover the same file and offset are another place: from then on only GTIDs tell where the run stands. */
  #readsFrom(serverUuid: string | undefined): void {
    const { flow, keeper } = this.#options;
    if (serverUuid === undefined || serverUuid === keeper.serverUuid) return;
    keeper.leaveServer();
    flow.intake.leaveServer();
  }
}

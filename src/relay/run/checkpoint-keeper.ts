import type { Clock } from '../../base/clock.ts';
import { asRelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Checkpoint, CheckpointStore } from '../../checkpoint/checkpoint.ts';
import type { StartPosition } from '../../source/source.ts';
import type { LowWaterMark } from '../progress/low-water-mark.ts';
import type { NoticeBoard } from '../progress/notices.ts';
import { isAborted } from '../../base/retry.ts';
import type { CopyList } from '../copies/copy-list.ts';
import type { Right } from '../progress/right.ts';
import type { StatusBoard } from './status.ts';

export interface CheckpointKeeperOptions {
  readonly store: CheckpointStore;
  /** The checkpoint that this run has stored before its first send. */
  readonly base: Checkpoint;
  readonly lowWater: LowWaterMark;
  readonly notices: NoticeBoard;
  readonly copies: CopyList;
  readonly right: Right;
  readonly intervalMs: number;
  readonly status: StatusBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SEVERAL_SERVERS = 'several servers';
/** With nothing to store, so often is looked whether another relay has taken the checkpoint. */
const CONFIRM_MS = 10_000;

/** Stores the low-water mark, the notices and the copies of a run whenever they have changed. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  #stored: StartPosition;
  #serverUuid: string;
  #rolledBack: Checkpoint['rolledBack'];
  #storedNotices: number;
  #storedCopies: number;
  /** Monotonic: when the place was known to be ours. */
  #confirmedMs: number;
  #wake: () => void = () => undefined;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#stored = options.base;
    this.#serverUuid = options.base.serverUuid;
    this.#rolledBack = options.base.rolledBack;
    this.#storedNotices = options.notices.version;
    this.#storedCopies = options.copies.version;
    this.#confirmedMs = options.clock.monotonic();
  }

  /** The server that file and offset belong to. */
  get serverUuid(): string {
    return this.#serverUuid;
  }

  /**
   * What is acknowledged by now was read from more than one server: file and offset mean nothing until the next run.
   */
  leaveServer(): void {
    this.#serverUuid = SEVERAL_SERVERS;
  }

  /**
   * The server `serverUuid`, if there is one, lacks what was published: the next checkpoint says so, whether anything
   * else has changed or not.
   */
  refuse(serverUuid: string | undefined): void {
    if (serverUuid === undefined || serverUuid === this.#rolledBack?.serverUuid) return;
    this.#rolledBack = { serverUuid, at: new Date(this.#options.clock.now()).toISOString() };
    this.#storedNotices = -1;
  }

  /** Stores every `intervalMs` until `ended`, trying again whatever may pass. Throws the RelayError that will not. */
  async keep(ended: AbortSignal): Promise<void> {
    const { intervalMs, right, status, logger } = this.#options;
    for (;;) {
      await this.#sleep(intervalMs, ended);
      if (isAborted(ended)) return;
      try {
        if (!right.isHeld) await right.held();
        await this.store();
      } catch (thrown) {
        const error = asRelayError(thrown);
        // The run ended while the right was waited for.
        if (isAborted(ended) && !right.isHeld && error.retryable) return;
        status.checkpointFailed(error);
        // The base was stored in the same place.
        if (!error.isRetried(true)) throw error;
        logger.error(
          { code: error.code, error: error.message, remedy: error.remedy },
          'the checkpoint could not be stored; trying again',
        );
      }
    }
  }

  /** Does not wait for the interval to end. */
  storeSoon(): void {
    this.#wake();
  }

  /** Stores the mark, the notices and the copies as they are now. Throws a RelayError. */
  async store(): Promise<void> {
    const { store, base, lowWater, notices, copies, status, clock } = this.#options;
    // The mark first: what a copy has published stands after it, or before.
    const position = lowWater.position();
    const { version } = notices;
    const { version: copiesVersion } = copies;
    const storedCopies = copies.stored();
    const stored = notices.stored(() => lowWater.taken());
    const isSame = version === this.#storedNotices && copiesVersion === this.#storedCopies;
    if (isSame && isSamePosition(position, this.#stored)) {
      await this.#confirm();
      return;
    }
    const checkpoint = {
      ...base,
      ...position,
      serverUuid: this.#serverUuid,
      storedAt: new Date(clock.now()).toISOString(),
      ...(stored !== undefined && { notices: stored }),
      ...(this.#rolledBack !== undefined && { rolledBack: this.#rolledBack }),
      ...(storedCopies !== undefined && { copies: storedCopies }),
    };
    await store.save(checkpoint);
    this.#stored = position;
    this.#storedNotices = version;
    this.#storedCopies = copiesVersion;
    this.#confirmedMs = clock.monotonic();
    status.checkpointStored(checkpoint);
  }

  /** Whoever has nothing to say for long must not look well while another one has its place. */
  async #confirm(): Promise<void> {
    const { store, clock, status } = this.#options;
    if (clock.monotonic() - this.#confirmedMs < CONFIRM_MS) return;
    await store.confirm();
    this.#confirmedMs = clock.monotonic();
    status.checkpointConfirmed();
  }

  async #sleep(ms: number, ended: AbortSignal): Promise<void> {
    const sleep = new AbortController();
    this.#wake = () => {
      sleep.abort();
    };
    ended.addEventListener('abort', this.#wake, { once: true });
    if (isAborted(ended)) this.#wake();
    await this.#options.clock.sleep(ms, sleep.signal);
    ended.removeEventListener('abort', this.#wake);
  }
}

export function isSamePosition(a: StartPosition, b: StartPosition): boolean {
  return a.file === b.file && a.offset === b.offset && a.gtidSet === b.gtidSet;
}

import type { Clock } from '../../base/clock.ts';
import { asRelayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { isAborted, unlessAborted } from '../../base/retry.ts';
import type { Retention, Source, StoredPosition } from '../../source/source.ts';
import type { RunwayStatus } from '../relay.ts';
import { BinlogHistory } from './binlog-history.ts';
import { runwayStatus, unknownRunway } from './runway-status.ts';
import { runwayOf, type Runway } from './runway.ts';

export interface RunwayWatchOptions {
  readonly source: Pick<Source, 'retention'>;
  /** Where a restart would begin, as it is stored now. */
  readonly stored: () => StoredPosition | undefined;
  /** The newest transaction that was read, in `file` or before it; `commitMs` is 0 before the first. */
  readonly read: () => { readonly file: string; readonly commitMs: number };
  /** See isShort. */
  readonly warningMs: number | undefined;
  readonly onStatus: (status: RunwayStatus) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const INTERVAL_MS = 60_000;
/** As long as the age of the needed file is not known: the first transaction that is read will tell. */
const SOON_MS = 5_000;

/** Asks every minute how long the server keeps what a restart would need, and says so when that gets short. */
export class RunwayWatch {
  readonly #options: RunwayWatchOptions;
  readonly #history = new BinlogHistory();
  #isShort = false;
  #isForbidden = false;

  constructor(options: RunwayWatchOptions) {
    this.#options = options;
  }

  async run(ended: AbortSignal): Promise<void> {
    while (!isAborted(ended)) {
      const isSettled = await this.#look(ended);
      await this.#options.clock.sleep(isSettled ? INTERVAL_MS : SOON_MS, ended);
    }
  }

  /** False when it is worth asking again soon. */
  async #look(ended: AbortSignal): Promise<boolean> {
    const { source, stored, read, onStatus } = this.#options;
    const position = stored();
    if (position === undefined) return false;
    // Before it is asked: a file that is read of meanwhile may be gone when it answers.
    const reading = read();
    let retention: Retention | undefined;
    try {
      retention = await unlessAborted(ended, source.retention(position));
    } catch (thrown) {
      if (!isAborted(ended)) this.#cannotTell(thrown);
      return true;
    }
    if (retention === undefined) return true;
    this.#isForbidden = false;
    this.#history.add(retention, reading);
    const { needed } = retention;
    if (needed === undefined) {
      onStatus(unknownRunway('the checkpoint was made on another server, and does not tell which file of this one'));
      return true;
    }
    const runway = this.#runway(retention, needed);
    // Purged after the checkpoint had left it.
    if (runway.kind === 'gone' && stored()?.file !== position.file) return false;
    this.#tell(runwayStatus(runway, retention, needed, this.#options.warningMs));
    return runway.kind !== 'unknown' || runway.why !== 'expiry';
  }

  #runway({ files, asOfMs, expireSeconds, spaceLimitBytes }: Retention, needed: string): Runway {
    const modifiedMs = this.#history.changedMs(needed);
    const { growth } = this.#history;
    return runwayOf({ files, needed, modifiedMs, expireSeconds, spaceLimitBytes, growth, nowMs: asOfMs });
  }

  #tell(status: RunwayStatus): void {
    const { onStatus, logger } = this.#options;
    onStatus(status);
    // What is not known for a while neither begins nor ends a warning.
    if (status.seconds === undefined) return;
    const { remedy, reason } = status;
    if (remedy !== undefined && !this.#isShort)
      logger.warn({ runwaySeconds: Math.floor(status.seconds), reason, remedy }, RUNS_OUT);
    if (remedy === undefined && this.#isShort)
      logger.info({ reason }, 'the server keeps its binlog for long enough again');
    this.#isShort = remedy !== undefined;
  }

  /** A server that is away is told of elsewhere. */
  #cannotTell(thrown: unknown): void {
    const { onStatus, logger } = this.#options;
    const error = asRelayError(thrown);
    onStatus(unknownRunway(`the server could not be asked: ${error.message}`));
    if (error.code !== 'SOURCE_GRANT_MISSING' || this.#isForbidden) return;
    this.#isForbidden = true;
    logger.warn(
      { code: error.code, error: error.message, remedy: error.remedy },
      'it is not known how long the server keeps its binlog: the account may not ask for it',
    );
  }
}

const RUNS_OUT = 'the server will soon purge binlog that is not acknowledged yet';

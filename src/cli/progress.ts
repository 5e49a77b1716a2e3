import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { RelayStatus } from '../relay/relay.ts';
import { CatchUp, progressText, type CatchUpProgress } from './catch-up.ts';
import type { StatusLine } from './status-line.ts';

const LOOK_MS = 1_000;
/** A line in the log is for later, one on a terminal for now. */
const LOOKS_PER_LOG_LINE = 10;

export interface ProgressOptions {
  readonly status: () => RelayStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined when nobody looks at a terminal. */
  readonly line: StatusLine | undefined;
}

/**
 * While the relay is behind, says how it is getting on: every few seconds in the log, every second on a terminal. Call
 * the result to end it.
 */
export function showProgress({ status, clock, logger, line }: ProgressOptions): () => void {
  const catchUp = new CatchUp();
  let looks = 0;
  const tell = (progress: CatchUpProgress): void => {
    looks += 1;
    if (looks % LOOKS_PER_LOG_LINE === 0) logger.info(progress, 'catching up');
    line?.show(`catching up: ${progressText(progress)}`);
  };
  const stop = clock.every(LOOK_MS, () => {
    const found = catchUp.look(status(), clock.monotonic(), clock.now());
    if (found === undefined) return;
    if ('behindSeconds' in found) {
      tell(found);
      return;
    }
    looks = 0;
    line?.clear();
    logger.info(found, 'caught up');
  });
  return () => {
    stop();
    line?.clear();
  };
}

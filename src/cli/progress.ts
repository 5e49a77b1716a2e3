import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { RelayStatus } from '../relay/relay.ts';
import { CatchUp, progressText } from './catch-up.ts';
import { copyFigures, figuresText } from './copy-text.ts';
import type { StatusLine } from './status-line.ts';

const LOOK_MS = 1_000;
/** A line in the log is for later, one on a terminal for now. */
const LOOKS_PER_LOG_LINE = 10;
/** A copy may take days. */
const LOOKS_PER_COPY_LINE = 30;

export interface ProgressOptions {
  readonly status: () => RelayStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined when nobody looks at a terminal. */
  readonly line: StatusLine | undefined;
}

/**
 * While the relay is behind, or copies a table, says how it is getting on: now and then in the log, every second on a
 * terminal. Call the result to end it.
 */
export function showProgress({ status, clock, logger, line }: ProgressOptions): () => void {
  const catchUp = new CatchUp();
  let looks = 0;
  let copyLooks = 0;
  let isShown = false;

  const catchUpText = (now: RelayStatus): string | undefined => {
    const found = catchUp.look(now, clock.monotonic(), clock.now());
    if (found === undefined) return undefined;
    if (!('behindSeconds' in found)) {
      looks = 0;
      line?.clear();
      logger.info(found, 'caught up');
      return undefined;
    }
    looks += 1;
    if (looks % LOOKS_PER_LOG_LINE === 0) logger.info(found, 'catching up');
    return `catching up: ${progressText(found)}`;
  };

  const copyText = ({ copying }: RelayStatus): string | undefined => {
    if (copying === undefined) {
      copyLooks = 0;
      return undefined;
    }
    const figures = copyFigures(copying, clock.now());
    copyLooks += 1;
    if (copyLooks % LOOKS_PER_COPY_LINE === 0) logger.info(figures, 'copying a table');
    return `copying ${figuresText(figures)}`;
  };

  const stop = clock.every(LOOK_MS, () => {
    const now = status();
    const texts = [catchUpText(now), copyText(now)].filter((text) => text !== undefined);
    if (texts.length > 0) line?.show(texts.join('; '));
    else if (isShown) line?.clear();
    isShown = texts.length > 0;
  });
  return () => {
    stop();
    line?.clear();
  };
}

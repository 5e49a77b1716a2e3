import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { createLogger } from '../../../src/base/log.ts';
import { showProgress } from '../../../src/cli/progress.ts';
import { StatusLine } from '../../../src/cli/status-line.ts';
import type { CopyProgress, RelayStatus } from '../../../src/relay/relay.ts';
import { idleStatus } from '../admin/relay-status.ts';

/** A relay that comes nine seconds closer with each second; `tick` is one second. */
function start(
  behindSeconds: number,
  withTerminal: boolean,
  copying?: (seconds: number) => CopyProgress | undefined,
): {
  tick: () => void;
  end: () => void;
  written: string[];
  logged: object[];
  isWatched: () => boolean;
} {
  let seconds = 0;
  let task: (() => void) | undefined;
  const written: string[] = [];
  const logged: object[] = [];
  const clock: Clock = {
    now: () => seconds * 1000,
    monotonic: () => seconds * 1000,
    sleep: () => Promise.reject(new Error('not used')),
    every: (_, given) => {
      task = given;
      return () => {
        task = undefined;
      };
    },
  };
  const status = (): RelayStatus => ({
    ...idleStatus,
    progress: 'catching-up',
    lastLagSeconds: Math.max(0, behindSeconds - 9 * seconds),
    lastAcknowledgedMs: seconds * 1000,
    copying: copying?.(seconds),
    counters: { ...idleStatus.counters, changesAcknowledged: seconds * 1000 },
  });
  const logger = createLogger({ level: 'info', format: 'json' });
  logger.info = (facts: object): void => void logged.push(facts);
  const end = showProgress({
    status,
    clock,
    logger,
    line: withTerminal ? new StatusLine((text) => written.push(text)) : undefined,
  });
  return {
    tick: () => {
      seconds += 1;
      task?.();
    },
    end,
    written,
    logged,
    isWatched: () => task !== undefined,
  };
}

describe('showProgress', () => {
  it('writes a line to the terminal every second, over the one before, and takes it away at the end', () => {
    const { tick, written } = start(100, true);
    tick();
    tick();
    tick();
    expect(written).toEqual([
      '\r\u001b[2Kcatching up: 1,000 rows/s, 1 min 22 s behind, about 10 s left',
      '\r\u001b[2Kcatching up: 1,000 rows/s, 1 min 13 s behind, about 9 s left',
    ]);
    for (let i = 0; i < 10; i += 1) tick();
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });

  it('writes a line to the log every ten seconds, and one when it has caught up', () => {
    const { tick, logged } = start(200, false);
    for (let i = 0; i < 30; i += 1) tick();
    expect(logged).toEqual([
      { rowsPerSecond: 1000, behindSeconds: 101, remainingSeconds: 12 },
      { rowsPerSecond: 1000, behindSeconds: 11, remainingSeconds: 2 },
      { rows: 22_000, seconds: 22, rowsPerSecond: 1000 },
    ]);
  });

  const COPYING: CopyProgress = {
    copy: '1',
    table: 'shop.orders',
    rows: 100,
    estimatedRows: 400,
    rowsPerSecond: 10,
    expectedEndMs: 100_000,
    waitsFor: undefined,
  };

  it('says how a copy is getting on, beside the stream, and takes the line away when it has ended', () => {
    const { tick, written } = start(30, true, (seconds) => (seconds < 5 ? COPYING : undefined));
    for (let i = 0; i < 5; i += 1) tick();
    expect(written).toEqual([
      '\r\u001b[2Kcopying shop.orders: 100 rows, about 25 %, 10 rows/s, about 1 min 39 s left',
      '\r\u001b[2Kcatching up: 1,000 rows/s, 12 s behind, about 2 s left; copying shop.orders: 100 rows, about 25 %, 10 rows/s, about 1 min 38 s left',
      '\r\u001b[2Kcatching up: 1,000 rows/s, 3 s behind, about 1 s left; copying shop.orders: 100 rows, about 25 %, 10 rows/s, about 1 min 37 s left',
      '\r\u001b[2K',
      '\r\u001b[2Kcopying shop.orders: 100 rows, about 25 %, 10 rows/s, about 1 min 36 s left',
      '\r\u001b[2K',
    ]);
  });

  it('writes a line on a copy to the log every thirty seconds', () => {
    const { tick, logged } = start(0, false, () => COPYING);
    for (let i = 0; i < 65; i += 1) tick();
    expect(logged).toEqual([
      expect.objectContaining({
        table: 'shop.orders',
        rows: 100,
        percent: 25,
        rowsPerSecond: 10,
        remainingSeconds: 70,
      }),
      expect.objectContaining({ remainingSeconds: 40 }),
    ]);
  });

  it('ends its timer and takes the line away', () => {
    const { tick, end, written, isWatched } = start(100, true);
    tick();
    tick();
    end();
    expect(isWatched()).toBe(false);
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });
});

import { describe, expect, it } from 'vitest';
import { CatchUp, progressText } from '../../../src/cli/catch-up.ts';
import type { RelayStatus } from '../../../src/relay/relay.ts';
import { idleStatus } from '../admin/relay-status.ts';

/**
 * A relay that has acknowledged `rows` rows, the last of which was committed `lagSeconds` before `nowMs`, when it was
 * acknowledged.
 */
const behind = (lagSeconds: number, rows: number, nowMs: number): RelayStatus => ({
  ...idleStatus,
  progress: 'catching-up',
  lastLagSeconds: lagSeconds,
  lastAcknowledgedMs: nowMs,
  counters: { ...idleStatus.counters, changesAcknowledged: rows },
});

describe('CatchUp', () => {
  it('says nothing of a relay that is a few seconds behind', () => {
    const catchUp = new CatchUp();
    expect(catchUp.look(behind(9, 0, 1000), 1000, 1000)).toBeUndefined();
    expect(catchUp.look(behind(9, 500, 2000), 2000, 2000)).toBeUndefined();
  });

  it('gives rows a second, the time behind and the time left', () => {
    const catchUp = new CatchUp();
    expect(catchUp.look(behind(600, 0, 1000), 1000, 1000)).toBeUndefined();
    // Ten seconds of commits in each second: nine closer.
    expect(catchUp.look(behind(591, 400_000, 2000), 2000, 2000)).toEqual({
      rowsPerSecond: 400_000,
      behindSeconds: 591,
      remainingSeconds: 66,
    });
  });

  it('takes its figures over the last seconds, so that an old standstill does not count', () => {
    const catchUp = new CatchUp();
    const look = (second: number, rows: number): unknown =>
      catchUp.look(behind(600 - second, rows, second * 1000), second * 1000, second * 1000);
    for (let second = 0; second < 100; second += 1) look(second, 0);
    for (let second = 100; second < 115; second += 1) look(second, (second - 100) * 1000);
    expect(look(115, 15_000)).toMatchObject({ rowsPerSecond: 1000 });
  });

  it('knows no end for a relay that stands still: it gets older', () => {
    const catchUp = new CatchUp();
    const stuck = { ...behind(60, 10, 1000), progress: 'stuck' as const };
    catchUp.look(stuck, 1000, 1000);
    expect(catchUp.look(stuck, 6000, 6000)).toEqual({
      rowsPerSecond: 0,
      behindSeconds: 65,
      remainingSeconds: undefined,
    });
  });

  it('says once that it has caught up', () => {
    const catchUp = new CatchUp();
    catchUp.look(behind(600, 1000, 1000), 1000, 1000);
    catchUp.look(behind(300, 50_000, 2000), 2000, 2000);
    expect(catchUp.look(behind(1, 101_000, 6000), 6000, 6000)).toEqual({
      rows: 100_000,
      seconds: 5,
      rowsPerSecond: 20_000,
    });
    expect(catchUp.look(behind(1, 101_000, 7000), 7000, 7000)).toBeUndefined();
  });

  it('takes an idle relay as up to date, however old its last row is', () => {
    const catchUp = new CatchUp();
    catchUp.look(behind(600, 0, 1000), 1000, 1000);
    expect(catchUp.look({ ...behind(400, 10, 2000), progress: 'idle' }, 2000, 2000)).toMatchObject({ rows: 10 });
    expect(catchUp.look({ ...behind(400, 10, 2000), progress: 'idle' }, 900_000, 900_000)).toBeUndefined();
  });
});

describe('progressText', () => {
  it.each([
    [
      { rowsPerSecond: 412_345, behindSeconds: 4320, remainingSeconds: 200 },
      '412,345 rows/s, 1 h 12 min behind, about 3 min 20 s left',
    ],
    [{ rowsPerSecond: 7, behindSeconds: 90_000, remainingSeconds: 59 }, '7 rows/s, 1 d 1 h behind, about 59 s left'],
    [
      { rowsPerSecond: 0, behindSeconds: 61, remainingSeconds: undefined },
      '0 rows/s, 1 min 1 s behind, not coming closer',
    ],
  ])('%j', (progress, text) => {
    expect(progressText(progress)).toBe(text);
  });
});

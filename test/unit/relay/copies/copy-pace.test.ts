import { describe, expect, it } from 'vitest';
import { CopyPace, type CopyPaceOptions } from '../../../../src/relay/copies/copy-pace.ts';
import { ManualClock } from '../../../support/sink/manual-clock.ts';

const never = new AbortController().signal;

const END = { end: { file: 'binlog.000007', offset: 4711 }, serverUuid: 'a' };

function newPace(
  rest: number,
  load: () => number,
  reached: CopyPaceOptions['reached'] = () => Promise.resolve(),
  historyList: () => number | undefined = () => undefined,
): { readonly clock: ManualClock; readonly pace: CopyPace } {
  const clock = new ManualClock();
  const reader = { load: () => Promise.resolve({ threadsRunning: load(), historyList: historyList(), ...END }) };
  return { clock, pace: new CopyPace({ reader, reached, maxThreadsRunning: 10, maxHistoryList: 5000, rest, clock }) };
}

describe('CopyPace', () => {
  it('rests for so many times as long as was worked', async () => {
    const { clock, pace } = newPace(3, () => 1);
    // Nobody asked for a copy for three days: that is no work.
    await clock.advance(3 * 86_400_000);
    await pace.wait(never);
    pace.worked(200);
    let isOver = false;
    const waiting = pace.wait(never).then(() => (isOver = true));
    await clock.advance(599);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(isOver).toBe(true);
  });

  it('waits while more threads run than it may disturb, says so, and looks every second', async () => {
    let threads = 11;
    let looks = 0;
    const { clock, pace } = newPace(0, () => {
      looks += 1;
      return threads;
    });
    const waiting = pace.wait(never);
    await clock.advance(0);
    expect(pace.waitsFor).toBe('11 threads run on the server');
    await clock.advance(1000);
    expect(looks).toBe(2);
    threads = 10;
    await clock.advance(1000);
    await waiting;
    expect(pace.waitsFor).toBeUndefined();
    expect(looks).toBe(3);
    await pace.wait(never);
    expect(looks).toBe(3);
  });

  it('waits while the history list is longer than it may be, and says so', async () => {
    let length: number | undefined = 12_345;
    const { clock, pace } = newPace(
      0,
      () => 1,
      () => Promise.resolve(),
      () => length,
    );
    const waiting = pace.wait(never);
    await clock.advance(0);
    expect(pace.waitsFor).toBe('the history list of InnoDB is 12,345 long');
    length = 5000;
    await clock.advance(1000);
    await waiting;
    expect(pace.waitsFor).toBeUndefined();
    length = undefined;
    await clock.advance(1000);
    await pace.wait(never);
  });

  it('waits until the stream has come to the end of the binlog, and says so', async () => {
    let arrive: () => void = () => undefined;
    const asked: unknown[] = [];
    const { clock, pace } = newPace(
      0,
      () => 1,
      (end) => {
        asked.push(end);
        return new Promise((resolve) => (arrive = resolve));
      },
    );
    const waiting = pace.wait(never);
    await clock.advance(60_000);
    expect(pace.waitsFor).toBe('the stream is behind');
    expect(asked).toEqual([END]);
    arrive();
    await waiting;
    expect(pace.waitsFor).toBeUndefined();
  });

  it('ends its wait with the run', async () => {
    const ended = new AbortController();
    const { clock, pace } = newPace(1000, () => 1);
    await pace.wait(ended.signal);
    pace.worked(1000);
    const waiting = pace.wait(ended.signal);
    ended.abort();
    await waiting;
    expect(clock.sleeping).toBe(0);
  });
});

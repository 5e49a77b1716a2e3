import { describe, expect, it } from 'vitest';
import { HeldStream } from '../../../../src/relay/copies/held-stream.ts';

function newStream(state: { isAtBoundary: boolean; isBlocked: boolean }): {
  readonly stream: HeldStream;
  readonly told: string[];
} {
  const told: string[] = [];
  const stream = new HeldStream({
    isAtBoundary: () => state.isAtBoundary,
    isBlocked: () => state.isBlocked,
    onHeld: () => told.push('held'),
    onReleased: () => told.push('released'),
  });
  return { stream, told };
}

describe('HeldStream', () => {
  it('works at once in a stream that is idle, else at its next boundary', async () => {
    const state = { isAtBoundary: true, isBlocked: false };
    const { stream } = newStream(state);
    expect(await stream.now(() => 1)).toBe(1);
    state.isAtBoundary = false;
    let isDone = false;
    const later = stream.now(() => (isDone = true));
    expect(isDone).toBe(false);
    stream.boundary();
    expect(isDone).toBe(true);
    await later;
  });

  it('waits for a statement to be out of the way, and until the work is due', async () => {
    const state = { isAtBoundary: true, isBlocked: true };
    const { stream, told } = newStream(state);
    let isDue = false;
    const work = stream.during(
      () => isDue,
      () => Promise.resolve('done'),
    );
    stream.boundary();
    state.isBlocked = false;
    stream.boundary();
    expect(told).toEqual([]);
    isDue = true;
    stream.boundary();
    expect(told).toEqual(['held']);
    expect(await work).toBe('done');
    expect(told).toEqual(['held', 'released']);
  });

  it('goes on when the work has failed', async () => {
    const { stream, told } = newStream({ isAtBoundary: true, isBlocked: false });
    await expect(
      stream.during(
        () => true,
        () => Promise.reject(new Error('no')),
      ),
    ).rejects.toThrow('no');
    expect(stream.isHeld).toBe(false);
    expect(told).toEqual(['held', 'released']);
  });

  it('refuses what waits, and nothing else', async () => {
    const { stream } = newStream({ isAtBoundary: false, isBlocked: false });
    const waiting = stream.now(() => 1);
    stream.refuse(new Error('another server'));
    await expect(waiting).rejects.toThrow('another server');
    stream.boundary();
  });
});

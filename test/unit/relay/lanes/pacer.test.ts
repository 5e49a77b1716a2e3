import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../../src/relay/lanes/pacer.ts';

function start(requestsPerSecond: number): { pacer: Pacer; advance: (ms: number) => void } {
  let nowMs = 0;
  return {
    pacer: new Pacer(requestsPerSecond, { monotonic: () => nowMs }),
    advance: (ms) => void (nowMs += ms),
  };
}

describe('Pacer', () => {
  it('lets nobody wait while few ask', () => {
    const { pacer, advance } = start(100);
    for (let n = 0; n < 200; n += 1) {
      expect(pacer.takeTurn()).toBe(0);
      advance(10);
    }
  });

  it('gives no more turns than its rate and one burst, in the order in which they are asked for', () => {
    const { pacer } = start(100);
    const waits = Array.from({ length: 500 }, () => pacer.takeTurn());
    expect(waits.filter((ms) => ms === 0)).toHaveLength(33);
    expect(waits.slice(33)).toEqual(Array.from({ length: 467 }, (_, n) => 10 * (n + 1)));
  });

  it('saves no more than one burst while it rests', () => {
    const { pacer, advance } = start(100);
    advance(3_600_000);
    const waits = Array.from({ length: 500 }, () => pacer.takeTurn());
    expect(waits.filter((ms) => ms === 0)).toHaveLength(33);
  });

  it('without a limit lets nobody wait', () => {
    const { pacer } = start(Infinity);
    expect(Array.from({ length: 500 }, () => pacer.takeTurn()).every((ms) => ms === 0)).toBe(true);
  });
});

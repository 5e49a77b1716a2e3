import { describe, expect, it } from 'vitest';
import { StandStill, type Movement } from '../../../../src/relay/run/stand-still.ts';

const still: Movement = { readTo: 'binlog.000001:4', acknowledgedMessages: 7, inFlight: [undefined, undefined] };

describe('StandStill', () => {
  it('is not stuck before half a minute without anything read or acknowledged', () => {
    const standStill = new StandStill();
    for (let ms = 0; ms <= 30_000; ms += 5000) expect(standStill.isStuck(still, ms)).toBe(false);
    expect(standStill.isStuck(still, 35_000)).toBe(true);
  });

  it.each<readonly [string, (n: number) => Partial<Movement>]>([
    ['is read', (n) => ({ readTo: `binlog.000001:${n}` })],
    ['is acknowledged', (n) => ({ acknowledgedMessages: n, inFlight: [n, undefined] })],
  ])('gets on while something %s', (_, at) => {
    const standStill = new StandStill();
    for (let n = 1; n < 100; n += 1) expect(standStill.isStuck({ ...still, ...at(n) }, n * 5000)).toBe(false);
  });

  it('is stuck when one lane waits for the same message, whatever the others do', () => {
    const standStill = new StandStill();
    const at = (n: number): Movement => ({ readTo: `x:${n}`, acknowledgedMessages: n, inFlight: [n, 3] });
    for (let n = 1; n <= 7; n += 1) expect(standStill.isStuck(at(n), n * 5000)).toBe(false);
    expect(standStill.isStuck(at(8), 40_000)).toBe(true);
    expect(standStill.isStuck({ ...at(9), inFlight: [9, 4] }, 45_000)).toBe(false);
  });

  it('begins again when there was nothing to do', () => {
    const standStill = new StandStill();
    standStill.isStuck(still, 0);
    standStill.reset();
    expect(standStill.isStuck(still, 100_000)).toBe(false);
  });
});

import { expect, it } from 'vitest';
import { Sparingly } from '../../../src/base/sparingly.ts';
import { ManualClock } from '../../support/sink/manual-clock.ts';

it('lets the first one happen, and then one per interval, saying how many did not', async () => {
  const clock = new ManualClock();
  const sparingly = new Sparingly(clock, 1000);
  const seen: number[] = [];
  for (let i = 0; i < 25; i += 1) {
    sparingly.do((suppressed) => seen.push(suppressed));
    await clock.advance(100);
  }
  expect(seen).toEqual([0, 9, 9]);
});

import { expect, test } from 'vitest';
import { withDeadline } from '../../../src/base/deadline.ts';
import { ManualClock } from '../../support/sink/manual-clock.ts';

const late = (): Error => new Error('late');

test('gives what the work gives and leaves no sleep behind', async () => {
  const clock = new ManualClock();
  await expect(withDeadline(clock, 100, Promise.resolve(7), late)).resolves.toBe(7);
  expect(clock.sleeping).toBe(0);
  await expect(withDeadline(clock, 100, Promise.reject(new Error('broken')), late)).rejects.toThrow('broken');
  expect(clock.sleeping).toBe(0);
});

test('ends when the work does not, and ignores what it says later', async () => {
  const clock = new ManualClock();
  let answer: (error: Error) => void = () => undefined;
  const work = new Promise<number>((_, reject) => (answer = reject));
  const guarded = withDeadline(clock, 100, work, late);
  const outcome = expect(guarded).rejects.toThrow('late');
  await clock.advance(99);
  await clock.advance(1);
  await outcome;
  answer(new Error('too late to matter'));
  await clock.advance(0);
});

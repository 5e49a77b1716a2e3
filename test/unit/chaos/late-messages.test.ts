import { expect, it } from 'vitest';
import { LateMessages } from '../../chaos/late-messages.ts';

const late = (...messages: readonly (readonly [lane: string, epoch: number, offset: number])[]): number => {
  const counted = new LateMessages();
  for (const [lane, epoch, offset] of messages) counted.see({ lane, epoch, queue: 0, offset: BigInt(offset) });
  return counted.count;
};

it('counts what is stored behind a higher epoch of its lane, once', () => {
  expect(late(['a', 1, 0], ['a', 2, 1], ['a', 1, 2])).toBe(1);
  expect(late(['a', 1, 0], ['a', 2, 1], ['a', 1, 2], ['a', 1, 2])).toBe(1);
});

it('does not count what the broker gives again of before the higher epoch', () => {
  expect(late(['a', 1, 0], ['a', 1, 1], ['a', 2, 2], ['a', 1, 1])).toBe(0);
});

it('tells lanes apart, which share queues', () => {
  expect(late(['a', 2, 0], ['b', 1, 1])).toBe(0);
});

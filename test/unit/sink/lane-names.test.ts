import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { laneNames, queueOf } from '../../../src/sink/lane-names.ts';

describe('queueOf', () => {
  // Where a RocketMQ 5.3.3 stores them: test/integration/sink/rocketmq.test.ts holds the prediction against a running
  // one.
  test.each([
    ['lane-0', 0],
    ['lane-1', 5],
    ['lane-2', 7],
    ['lane-3', 1],
  ])('puts %s on queue %i of 8', (lane, queue) => {
    expect(queueOf(lane, 8)).toBe(queue);
  });

  test('is a queue of the topic, and 0 when there is one', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (lane, queues) => {
        const queue = queueOf(lane, queues);
        expect(queue).toBeGreaterThanOrEqual(0);
        expect(queue).toBeLessThan(queues);
        expect(queueOf(lane, 1)).toBe(0);
      }),
    );
  });

  test('moves a lane only to the queue that was added', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (lane, queues) => {
        expect([queueOf(lane, queues), queues]).toContain(queueOf(lane, queues + 1));
      }),
    );
  });
});

describe('laneNames', () => {
  test('spreads evenly, never repeats a name and always gives the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 64 }), (queues, lanes) => {
        const names = laneNames(queues, lanes, 'lane-');
        expect(names).toHaveLength(lanes);
        expect(new Set(names).size).toBe(lanes);
        const held = new Array<number>(queues).fill(0);
        for (const name of names) held[queueOf(name, queues)] = (held[queueOf(name, queues)] ?? 0) + 1;
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
        expect(laneNames(queues, lanes, 'lane-')).toEqual(names);
      }),
    );
  });

  test('are these for the usual numbers, on which checkpoints in the field depend', () => {
    expect(laneNames(8, 16, 'lane-').join(' ')).toBe(
      'lane-0 lane-1 lane-2 lane-3 lane-8 lane-15 lane-17 lane-19 lane-20 lane-21 lane-23 lane-24 lane-26 lane-27 lane-29 lane-30',
    );
  });
});

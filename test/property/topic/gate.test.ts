import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { ChangeMemory } from '../../../src/topic/change-memory.ts';
import { Gate, isDropped } from '../../../src/topic/gate.ts';
import { topicMessage } from '../../support/topic/messages.ts';

/** Messages of a lane as the broker keeps them: runs of some messages each, and where each is repeated from. */
const stored = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })
  .map((runs) =>
    runs.flatMap((count, run) => Array.from({ length: count }, (_, i) => ({ epoch: run + 1, sequence: i + 1 }))),
  );

/** At least once: the broker goes back to a message that was not acknowledged, and on from there. */
const deliveries = stored.chain((messages) =>
  fc.array(fc.tuple(fc.nat(messages.length - 1), fc.nat(messages.length - 1)), { maxLength: 6 }).map((jumps) => {
    const order: typeof messages = [];
    let reached = 0;
    for (const [to, back] of [...jumps.toSorted(([a], [b]) => a - b), [messages.length - 1, 0] as const]) {
      const end = Math.max(reached, to + 1);
      order.push(...messages.slice(reached, end));
      reached = Math.max(0, end - back);
    }
    order.push(...messages.slice(reached));
    return { messages, order };
  }),
);

it('lets every message pass exactly once and in order, however often a part of the lane is delivered', () => {
  fc.assert(
    fc.property(deliveries, ({ messages, order }) => {
      const gate = new Gate();
      const passed = order.filter((parts) => !isDropped(gate.pass(topicMessage(parts)).verdict));
      expect(passed).toEqual(messages);
    }),
  );
});

it('stops at the first message after one that is missing, wherever that is', () => {
  fc.assert(
    fc.property(stored, fc.nat(), (messages, random) => {
      // The last one of a run cannot be missed: the next run need not know of it.
      const missing = messages.findIndex(
        ({ epoch, sequence }, i) =>
          i >= random % messages.length && messages.some((other) => other.epoch === epoch && other.sequence > sequence),
      );
      fc.pre(missing > 0);
      const gate = new Gate();
      const passes = messages.toSpliced(missing, 1).map((parts) => {
        try {
          gate.pass(topicMessage(parts));
          return true;
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'TOPIC_GAP' });
          return !(thrown instanceof RelayError);
        }
      });
      expect(passes.indexOf(false)).toBe(missing);
    }),
  );
});

it('remembers the newest ids of each lane, and tells every repeat among them', () => {
  const ids = fc.array(fc.tuple(fc.constantFrom('lane-0', 'lane-1'), fc.constantFrom('a', 'b'), fc.nat(30)));
  fc.assert(
    fc.property(ids, (changes) => {
      const memory = new ChangeMemory(1000);
      const seen = new Set<string>();
      for (const [lane, table, number] of changes) {
        const id = `3e11:${number}#0`;
        const key = `${lane} ${table} ${id}`;
        expect(memory.isNew(lane, 'shop', table, id)).toBe(!seen.has(key));
        seen.add(key);
      }
    }),
  );
});

it('forgets the oldest ids first', () => {
  const memory = new ChangeMemory(2);
  const isNew = (number: number): boolean => memory.isNew('lane-0', 'shop', 'orders', `3e11:${number}#0`);
  expect([1, 2, 3].map(isNew)).toEqual([true, true, true]);
  expect([3, 2, 1].map(isNew)).toEqual([false, false, true]);
});

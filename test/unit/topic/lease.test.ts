import { expect, it } from 'vitest';
import type { AckOutcome, Delivery } from '../../../src/topic/consumer.ts';
import { Batches } from '../../../src/topic/batches.ts';
import { Lease, type LeaseDeps } from '../../../src/topic/lease.ts';
import { ManualClock, settled } from '../../support/sink/manual-clock.ts';
import { topicMessage } from '../../support/topic/messages.ts';

const INVISIBLE_MS = 10_000;
const DONE: AckOutcome = { expired: [], failed: [], reason: '' };

/** A batch of three, and a broker that does what `keep` and `acknowledge` say. */
class Bench {
  readonly clock = new ManualClock();
  readonly kept: number[] = [];
  readonly acknowledged: number[] = [];
  isAway = false;
  outcome: (deliveries: readonly Delivery[]) => AckOutcome = () => DONE;
  lost = 0;
  settled = 0;

  /** `dropped`: which of the three are not handed out. */
  lease(first = 1, dropped: readonly number[] = []): Lease {
    const messages = [first, first + 1, first + 2].map((sequence) => topicMessage({ sequence }));
    const deliveries = messages.map((message) => ({ message })) as unknown as readonly Delivery[];
    const deps: LeaseDeps = {
      clock: this.clock,
      random: () => 0,
      invisibleMs: INVISIBLE_MS,
      ended: new AbortController().signal,
      consumer: () => ({
        keep: (kept, ms) => {
          if (this.isAway) return Promise.reject(new Error('away'));
          this.kept.push(kept.length, ms);
          return Promise.resolve();
        },
        acknowledge: (given) => {
          if (this.isAway) return Promise.reject(new Error('away'));
          this.acknowledged.push(given.length);
          return Promise.resolve(this.outcome(given));
        },
      }),
      onLost: () => (this.lost += 1),
      onSettled: () => (this.settled += 1),
    };
    return new Lease(
      deliveries,
      deps,
      messages.filter((_, index) => !dropped.includes(index)),
    );
  }
}

it('asks for more time again and again, until it is acknowledged', async () => {
  const bench = new Bench();
  const lease = bench.lease();
  for (let step = 0; step < 60; step += 1) await bench.clock.advance(500);
  expect(bench.kept.length).toBeGreaterThan(10);
  expect(lease.lost.aborted).toBe(false);
  await lease.acknowledge();
  expect([bench.acknowledged, bench.settled, bench.lost]).toEqual([[3], 1, 0]);
  expect(bench.clock.sleeping).toBe(0);
});

it('is lost before the time is over that the broker has granted last', async () => {
  const bench = new Bench();
  const lease = bench.lease();
  await bench.clock.advance(3000);
  bench.isAway = true;
  for (let step = 0; step < 13; step += 1) await bench.clock.advance(500);
  expect(lease.lost.aborted).toBe(false);
  for (let step = 0; step < 5; step += 1) await bench.clock.advance(500);
  expect([lease.lost.aborted, bench.lost]).toEqual([true, 1]);
  await lease.acknowledge();
  expect([bench.acknowledged, bench.settled, bench.clock.sleeping]).toEqual([[], 1, 0]);
});

it('acknowledges the first ones and hands the rest back', async () => {
  const bench = new Bench();
  await bench.lease().acknowledge(1);
  expect([bench.acknowledged, bench.kept]).toEqual([[1], [2, 1000]]);
});

it.each([
  { dropped: [0], count: 0, acknowledged: [1], kept: [2, 1000] },
  { dropped: [0], count: 1, acknowledged: [2], kept: [1, 1000] },
  { dropped: [1], count: 0, acknowledged: [], kept: [3, 1000] },
  { dropped: [1], count: 1, acknowledged: [2], kept: [1, 1000] },
  { dropped: [1, 2], count: 1, acknowledged: [3], kept: [] },
  { dropped: [0, 1, 2], count: 0, acknowledged: [3], kept: [] },
])('acknowledges what is not handed out with what is before it: %j', async ({ dropped, count, acknowledged, kept }) => {
  const bench = new Bench();
  const lease = bench.lease(1, dropped);
  expect(lease.messages).toHaveLength(3 - dropped.length);
  await lease.acknowledge(count);
  expect([bench.acknowledged, bench.kept]).toEqual([acknowledged, kept]);
});

it('tells the broker until it has heard of all of them', async () => {
  const bench = new Bench();
  bench.outcome = (given) => ({ ...DONE, failed: given.slice(1) });
  const acknowledging = bench.lease().acknowledge();
  await settled();
  for (let step = 0; step < 10; step += 1) await bench.clock.advance(100);
  await acknowledging;
  expect([bench.acknowledged, bench.lost]).toEqual([[3, 2, 1], 0]);
});

it('is lost when the broker no longer knows that it was handed out', async () => {
  const bench = new Bench();
  bench.outcome = (given) => ({ ...DONE, expired: given });
  const lease = bench.lease();
  await lease.acknowledge();
  expect([lease.lost.aborted, bench.lost, bench.settled]).toEqual([true, 1, 1]);
  await lease.acknowledge();
  expect(bench.settled).toBe(1);
});

it('is lost when its queue is handed out again, and the next batch waits for it', async () => {
  const bench = new Bench();
  const batches = new Batches();
  const [first, second] = [bench.lease(), bench.lease()];
  batches.add(first);
  expect(await batches.next()).toBe(first);
  batches.add(second);
  expect(first.lost.aborted).toBe(true);
  const next = batches.next();
  await settled();
  await first.acknowledge();
  batches.settled(first);
  expect(await next).toBe(second);
  expect(second.lost.aborted).toBe(false);
});

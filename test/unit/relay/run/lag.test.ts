import { expect, it } from 'vitest';
import { LAG_BOUNDS } from '../../../../src/relay/relay.ts';
import { Lag } from '../../../../src/relay/run/lag.ts';

it('counts each lag in the first bucket that holds it', () => {
  const lag = new Lag();
  for (const seconds of [0, ...LAG_BOUNDS, 3600.001, 1e9]) lag.add(seconds);
  expect(lag.status().counts).toEqual([2, ...Array<number>(LAG_BOUNDS.length - 1).fill(1), 2]);
  const between = new Lag();
  for (const bound of LAG_BOUNDS) between.add(bound * 1.0001);
  expect(between.status().counts).toEqual([0, ...Array<number>(LAG_BOUNDS.length).fill(1)]);
});

it('sums them', () => {
  const lag = new Lag();
  for (const seconds of [0.5, 1.5, 0.25]) lag.add(seconds);
  expect(lag.status().sumSeconds).toBe(2.25);
});

it('estimates quantiles within the buckets', () => {
  const lag = new Lag();
  expect(lag.status().recent).toEqual({ messages: 0, p50Seconds: undefined, p99Seconds: undefined });
  // 0.25 to 0.5: half of the messages; 0.5 to 1: the other half.
  for (let n = 0; n < 50; n += 1) {
    lag.add(0.3);
    lag.add(0.7);
  }
  expect(lag.status().recent).toEqual({ messages: 100, p50Seconds: 0.5, p99Seconds: 0.99 });
  for (let n = 0; n < 1000; n += 1) lag.add(7200);
  expect(lag.status().recent.p99Seconds).toBe(3600);
});

it('forgets for the quantiles what is older than five minutes, and never for the counts', () => {
  const lag = new Lag();
  const MINUTE = 60_000;
  lag.look(0);
  lag.add(100);
  for (let minute = 1; minute <= 4; minute += 1) {
    for (let look = 0; look < 60; look += 1) lag.look(minute * MINUTE + look * 1000);
    expect(lag.status().recent.messages).toBe(1);
  }
  lag.add(0.001);
  lag.look(5 * MINUTE);
  expect(lag.status().recent).toMatchObject({ messages: 1, p99Seconds: 0.00495 });
  for (let minute = 6; minute <= 11; minute += 1) lag.look(minute * MINUTE);
  expect(lag.status().recent).toEqual({ messages: 0, p50Seconds: undefined, p99Seconds: undefined });
  expect(lag.status().counts.reduce((sum, count) => sum + count, 0)).toBe(2);
});

import { describe, expect, it } from 'vitest';
import { LikelyKeys } from '../../../../src/relay/copies/likely-keys.ts';

const identity = (laneHash: number, keyHash: number, isAnyKey = false): Parameters<LikelyKeys['add']>[0] => ({
  laneHash,
  keyHash,
  isAnyKey,
});

describe('LikelyKeys', () => {
  it('tells keys apart as far as it is certain', () => {
    const keys = new LikelyKeys();
    expect(keys.has(identity(1, 1, true))).toBe(false);
    keys.add(identity(1, 10));
    expect(keys.has(identity(1, 10))).toBe(true);
    expect(keys.has(identity(1, 11))).toBe(false);
    expect(keys.has(identity(1, 99, true))).toBe(true);
    expect(keys.has(identity(2, 99, true))).toBe(false);
    keys.add(identity(2, 20, true));
    expect(keys.has(identity(2, 21))).toBe(true);
    expect(keys.has(identity(1, 11))).toBe(false);
    keys.clear();
    expect(keys.has(identity(1, 10))).toBe(false);
  });

  it('takes every key as likely when there were too many', () => {
    const keys = new LikelyKeys();
    for (let n = 0; n <= 100_000; n += 1) keys.add(identity(1, n));
    expect(keys.has(identity(7, 7))).toBe(true);
    keys.clear();
    expect(keys.has(identity(7, 7))).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { isShort, runwayOf, type Runway, type RunwayFacts } from '../../../../src/relay/run/runway.ts';

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

const facts = (changes: Partial<RunwayFacts> = {}): RunwayFacts => ({
  files: ['binlog.000007', 'binlog.000008', 'binlog.000009'].map((name) => ({ name, sizeBytes: 1000 })),
  needed: 'binlog.000008',
  modifiedMs: NOW_MS - HOUR_MS,
  expireSeconds: DAY_SECONDS,
  spaceLimitBytes: undefined,
  growth: undefined,
  nowMs: NOW_MS,
  ...changes,
});

const expiry = (seconds: number, wholeSeconds = DAY_SECONDS): Runway => ({
  kind: 'known',
  seconds,
  wholeSeconds,
  why: 'expiry',
});
const space = (seconds: number, wholeSeconds: number): Runway => ({
  kind: 'known',
  seconds,
  wholeSeconds,
  why: 'space',
});

describe('the runway', () => {
  it.each<[string, Partial<RunwayFacts>, Runway]>([
    ['is what is left of the expiry', {}, expiry(DAY_SECONDS - 3600)],
    ['is over when the file is older', { modifiedMs: NOW_MS - 25 * HOUR_MS }, expiry(0)],
    [
      'is the whole expiry of the newest file, however long ago it was written',
      { needed: 'binlog.000009', modifiedMs: 0 },
      expiry(DAY_SECONDS),
    ],
    ['is never more than the expiry, whatever clocks say', { modifiedMs: NOW_MS + HOUR_MS }, expiry(DAY_SECONDS)],
    ['is not known without an age', { modifiedMs: undefined }, { kind: 'unknown', why: 'expiry' }],
    ['has no end when nothing is purged', { expireSeconds: undefined, modifiedMs: undefined }, { kind: 'unlimited' }],
    ['is gone with the file', { needed: 'binlog.000006' }, { kind: 'gone' }],
    // 2,000 bytes are kept.
    [
      'is what is left of the space',
      { expireSeconds: undefined, spaceLimitBytes: 10_000n, growth: 4 },
      space(2000, 2500),
    ],
    ['is the space when that is shorter', { spaceLimitBytes: 10_000n, growth: 4 }, space(2000, 2500)],
    ['is the expiry when that is shorter', { spaceLimitBytes: 1_000_000n, growth: 1 }, expiry(DAY_SECONDS - 3600)],
    [
      'has no end in space when nothing is written',
      { spaceLimitBytes: 10_000n, growth: 0 },
      expiry(DAY_SECONDS - 3600),
    ],
    ['has no end', { expireSeconds: undefined, spaceLimitBytes: 3000n, growth: 0 }, { kind: 'unlimited' }],
    ['is not known without a growth', { spaceLimitBytes: 10_000n }, { kind: 'unknown', why: 'space' }],
    ['is over without space, whatever grows', { spaceLimitBytes: 2000n }, space(0, 0)],
    ['is over without space, whatever its age', { spaceLimitBytes: 2000n, modifiedMs: undefined }, space(0, 0)],
    [
      'is over with its age, whatever grows',
      { spaceLimitBytes: 10_000n, modifiedMs: NOW_MS - 25 * HOUR_MS },
      expiry(0),
    ],
    [
      'takes the largest limit',
      {
        files: ['binlog.000008', 'binlog.000009'].map((name) => ({ name, sizeBytes: 0 })),
        expireSeconds: undefined,
        spaceLimitBytes: 2n ** 64n,
        growth: 2 ** 40,
      },
      space(2 ** 24, 2 ** 24),
    ],
  ])('%s', (_what, changes, expected) => {
    expect(runwayOf(facts(changes))).toEqual(expected);
  });
});

describe('a runway is short', () => {
  it.each<[Runway, number | undefined, boolean]>([
    [expiry(DAY_SECONDS - 1, 30 * DAY_SECONDS), undefined, true],
    [expiry(DAY_SECONDS, 30 * DAY_SECONDS), undefined, false],
    [expiry(DAY_SECONDS / 4 - 1), undefined, true],
    [expiry(DAY_SECONDS / 4), undefined, false],
    [expiry(3599), HOUR_MS, true],
    [expiry(3600), HOUR_MS, false],
    [expiry(0), 0, false],
    [space(0, 0), undefined, true],
    [space(99, 400), undefined, true],
    [space(100, 400), undefined, false],
    [{ kind: 'gone' }, undefined, true],
    [{ kind: 'gone' }, HOUR_MS, true],
    [{ kind: 'gone' }, 0, false],
    [{ kind: 'unlimited' }, HOUR_MS, false],
    [{ kind: 'unknown', why: 'expiry' }, HOUR_MS, false],
  ])('%j with a warning at %s ms: %s', (runway, warningMs, expected) => {
    expect(isShort(runway, warningMs)).toBe(expected);
  });
});

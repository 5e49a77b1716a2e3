import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DURATION_PATTERN, formatSize, parseDuration, parseSize, SIZE_PATTERN } from '../../../src/config/units.ts';

const ok = (value: number): unknown => ({ ok: true, value });
const refused = (problem: string): unknown => ({ ok: false, problem });

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0', 0],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toEqual(ok(ms));
  });

  it.each([
    ['', 'is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h'],
    ['fast', 'is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h'],
    ['-5s', 'is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h'],
    ['1e3', 'is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h'],
    ['10 s', 'is not a duration: write the unit right after the number, such as 500ms, 10s, 2m or 1h'],
    ['1.5s', 'is not a duration: write a whole number of a smaller unit'],
    ['10', 'has no unit: write a duration, such as 500ms, 10s, 2m or 1h'],
    ['10S', 'has the unknown unit S (did you mean s?): allowed are ms, s, m, h'],
    ['10min', 'has the unknown unit min: allowed are ms, s, m, h'],
    ['9007199254740991h', 'is too large'],
  ])('%j %s', (text, problem) => {
    expect(parseDuration(text)).toEqual(refused(problem));
  });
});

describe('parseSize', () => {
  it.each([
    ['64MiB', 67_108_864],
    ['256KiB', 262_144],
    ['1MB', 1_000_000],
    ['1GiB', 1_073_741_824],
    ['7B', 7],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toEqual(ok(bytes));
  });

  it.each([
    ['64', 'has no unit: write a size, such as 256KiB, 64MiB or 1MB'],
    ['64M', 'has the unknown unit M (did you mean MB or MiB?): allowed are B, KB, KiB, MB, MiB, GB, GiB'],
    ['64mib', 'has the unknown unit mib (did you mean MiB?): allowed are B, KB, KiB, MB, MiB, GB, GiB'],
    ['1toString', 'has the unknown unit toString: allowed are B, KB, KiB, MB, MiB, GB, GiB'],
  ])('%j %s', (text, problem) => {
    expect(parseSize(text)).toEqual(refused(problem));
  });
});

describe('formatting', () => {
  it('reads back to the same value', () => {
    fc.assert(
      fc.property(fc.nat(), (value) => {
        expect(parseSize(formatSize(value))).toEqual(ok(value));
      }),
    );
  });

  it('takes the largest unit without a fraction', () => {
    expect(formatSize(8 << 20)).toBe('8MiB');
    expect(formatSize(1_000_000)).toBe('1MB');
  });
});

it('the patterns for editors accept what the parsers accept', () => {
  const text = fc.tuple(
    fc.nat(99),
    fc.constantFrom('', 'ms', 's', 'm', 'h', 'B', 'KB', 'KiB', 'MiB', 'GB', 'GiB', 'x'),
  );
  fc.assert(
    fc.property(text, ([number, unit]) => {
      const written = `${number}${unit}`;
      expect(new RegExp(DURATION_PATTERN).test(written)).toBe(parseDuration(written).ok);
      expect(new RegExp(SIZE_PATTERN).test(written)).toBe(parseSize(written).ok);
    }),
  );
});

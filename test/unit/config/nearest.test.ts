import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/config/nearest.ts';

describe('nearest', () => {
  it.each([
    ['tabels', ['source', 'tables'], 'tables'],
    ['HOST', ['host', 'port'], 'host'],
    ['prot', ['host', 'port'], 'port'],
    ['hostname', ['host', 'port'], 'host'],
    ['server', ['serverId', 'user'], 'serverId'],
    ['zzz', ['host', 'port'], undefined],
    ['a', ['admin'], undefined],
    ['x', [], undefined],
  ])('of %s among %j is %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abd', 1],
    ['abc', 'ac', 1],
    ['abcd', 'acbd', 1],
    ['kitten', 'sitting', 3],
  ])('%s to %s is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same in both directions, and 0 for equal words only', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

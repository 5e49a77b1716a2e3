import { expect, it } from 'vitest';
import { ALL_KINDS, factsOf } from '../../chaos/fault-kinds.ts';
import { ROUNDS_FOR_ALL, scheduledRound, type ScheduledRound } from '../../chaos/schedule.ts';

const rounds = (seed: number, n: number, from = 0): readonly ScheduledRound[] =>
  Array.from({ length: n }, (_, round) => scheduledRound(seed, from + round));

it('is the same for the same seed, and another one for another', () => {
  expect(rounds(7, 20)).toEqual(rounds(7, 20));
  expect(rounds(7, 20)).not.toEqual(rounds(8, 20));
});

it('does not depend on the rounds before', () => {
  expect(scheduledRound(7, 12)).toEqual(rounds(7, 13)[12]);
});

it.each([1, 2, 3, 20_261_123])(
  'has every kind of fault within so many rounds, wherever they begin: seed %i',
  (seed) => {
    for (const from of [0, 1, 2, 3, 17]) {
      const kinds = rounds(seed, ROUNDS_FOR_ALL, from).flatMap(({ faults }) => faults.flatMap((fault) => fault.kinds));
      expect(new Set(kinds)).toEqual(new Set(ALL_KINDS));
    }
  },
);

it('has faults alone and in pairs, those of a pair in different places, and each for as long as it is to last', () => {
  const faults = rounds(3, 40).flatMap((round) => round.faults);
  expect(faults.some(({ kinds }) => kinds.length === 1)).toBe(true);
  expect(faults.some(({ kinds }) => kinds.length === 2)).toBe(true);
  for (const { kinds, holdMs } of faults) {
    expect(new Set(kinds.map((kind) => factsOf(kind).area)).size).toBe(kinds.length);
    expect(holdMs).toBeLessThanOrEqual(Math.max(...kinds.map((kind) => factsOf(kind).holdMs[1])));
    for (const kind of kinds) expect(holdMs).toBeGreaterThanOrEqual(factsOf(kind).holdMs[0]);
  }
});

it('has both orderings, copies, and rounds that end in a stop, in any eight rounds', () => {
  for (const from of [0, 5, 11]) {
    const seen = rounds(1, 8, from);
    expect(new Set(seen.map(({ ordering }) => ordering))).toEqual(new Set(['key', 'total']));
    expect(seen.some(({ copyBefore }) => copyBefore !== undefined)).toBe(true);
    expect(seen.some(({ stopsAtEnd }) => stopsAtEnd)).toBe(true);
  }
});

it('draws only from the kinds that it is given', () => {
  const { faults } = scheduledRound(5, 0, ['relay-kill', 'broker-kill']);
  expect(new Set(faults.flatMap(({ kinds }) => kinds))).toEqual(new Set(['relay-kill', 'broker-kill']));
});

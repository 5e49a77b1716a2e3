import { expect, it } from 'vitest';
import { ALL_KINDS, FAILOVER, factsOf } from '../../chaos/fault-kinds.ts';
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
      expect(new Set(kinds.filter((kind) => kind !== FAILOVER))).toEqual(new Set(ALL_KINDS));
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

it('has a relay that stands by in about half of the rounds, and a replica in a third, the same in all rounds of a stream', () => {
  const seen = rounds(1, 400);
  const standby = seen.filter(({ isStandby }) => isStandby).length;
  const replicated = seen.filter(({ isReplicated }) => isReplicated).length;
  expect([standby > 160 && standby < 240, replicated > 90 && replicated < 180]).toEqual([true, true]);
  for (let i = 0; i < seen.length; i += 2) {
    expect(seen[i]?.isStandby).toBe(seen[i + 1]?.isStandby);
    expect(seen[i]?.isReplicated).toBe(seen[i + 1]?.isReplicated);
  }
});

it('ends each stream with a replica in a failover, and no other', () => {
  for (const [i, { faults, isReplicated }] of rounds(1, 60).entries()) {
    const ends = faults.at(-1)?.kinds.some((kind) => kind === FAILOVER) ?? false;
    expect(ends).toBe(isReplicated && i % 2 === 1);
  }
});

it('takes wishes instead of what it would draw, and leaves everything else as it is', () => {
  for (const isStandby of [true, false]) {
    expect(scheduledRound(1, 3, ALL_KINDS, { isStandby })).toEqual({ ...scheduledRound(1, 3), isStandby });
  }
  expect(scheduledRound(1, 3, ALL_KINDS, { isReplicated: true }).faults.at(-1)?.kinds).toEqual([FAILOVER]);
  expect(scheduledRound(1, 3, ALL_KINDS, { isReplicated: false }).faults).toHaveLength(5);
});

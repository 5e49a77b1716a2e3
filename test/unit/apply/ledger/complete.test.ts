import { expect, it } from 'vitest';
import { completeOf, type LaneToComplete } from '../../../../src/apply/ledger/complete.ts';

function lane(epoch: number, round?: number, lanes = 2): LaneToComplete {
  if (round === undefined) return { epoch, progress: undefined };
  const said = { gtidSet: `u:1-${round}`, position: `binlog.000001:${round}`, asOfMs: 1000 * round };
  return { epoch, progress: { epoch, round, lanes, ...said } };
}

it.each<[string, readonly LaneToComplete[], number | undefined]>([
  ['there is no lane', [], undefined],
  ['one lane has said nothing', [lane(1, 4), lane(1)], undefined],
  ['one lane has not come', [lane(1, 4)], undefined],
  ['one lane has come to a later run', [lane(1, 4), lane(2)], undefined],
  ['one lane is behind in an earlier run', [lane(1, 9), lane(2, 1)], undefined],
  ['all have said the same', [lane(1, 4), lane(1, 4)], 4],
  ['one is ahead', [lane(1, 7), lane(1, 4)], 4],
  ['a lane is none any more', [lane(1, 9, 3), lane(2, 7), lane(2, 4)], 4],
])('says what is complete where %s', (_, lanes, round) => {
  expect(completeOf(lanes)?.round).toBe(round);
});

it('says it as the least of them has', () => {
  expect(completeOf([lane(1, 7), lane(1, 4)])).toEqual({
    epoch: 1,
    round: 4,
    gtidSet: 'u:1-4',
    position: 'binlog.000001:4',
    asOfMs: 4000,
  });
});

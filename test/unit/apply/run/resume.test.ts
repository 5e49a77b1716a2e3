import { expect, it } from 'vitest';
import { isResumeProved } from '../../../../src/apply/run/resume.ts';

const said = (gtidSet: string, position = 'binlog.000003:400'): Parameters<typeof isResumeProved>[0] => ({
  epoch: 1,
  round: 1,
  lanes: 1,
  gtidSet,
  position,
  asOfMs: 0,
});
const A = '66add94e-e731-11f1-b77a-02fc00000001';
const B = '66add94e-e731-11f1-b77a-02fc00000002';

it.each<[string, string, boolean]>([
  [`${A}:1-9`, `${A}:1-9`, true],
  [`${A}:1-9,${B}:1-2`, `${A}:1-8,%0A${B}:1`, true],
  [`${A}:1-9`, '', true],
  [`${A}:1-9`, `${A}:1-10`, false],
  [`${A}:1-9`, `${A}:1-9,${B}:1`, false],
  ['', `${A}:1`, false],
  ['0-1-23,1-1-5', '0-1-22', true],
  ['0-1-23', '0-1-24', false],
  ['0-1-23', '0-1-23,1-1-5', false],
  ['', 'binlog.000003:400', true],
  ['', 'binlog.000002:900', true],
  ['', 'binlog.000003:401', false],
  ['', 'binlog.000004:4', false],
  ['', 'other.000001:4', false],
  [`${A}:1-9`, 'binlog.000001:4', false],
  [`${A}:1-9`, 'what?', false],
])('what a lane has up to %j proves of a start from %j: %j', (gtidSet, resume, isProved) => {
  expect(isResumeProved(said(gtidSet), resume)).toBe(isProved);
});

it('without a progress message nothing is proved', () => {
  expect(isResumeProved(undefined, '')).toBe(false);
});

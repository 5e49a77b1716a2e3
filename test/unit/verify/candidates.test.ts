import { describe, expect, it } from 'vitest';
import { Candidate, type Look, type Verdict } from '../../../src/verify/pass/candidates.ts';

const RULES = { looks: 5, maxLooks: 12, allowsExtra: false };
const START = { after: undefined, upTo: undefined, rows: 0 };

function verdicts(looks: readonly Look[], rules = RULES): readonly Verdict['is'][] {
  const candidate = new Candidate(['31'], START, rules);
  return looks.map((look) => candidate.take(look).is);
}
const look = (source: string, target: string | undefined): Look => ({ source: source.split(''), target });
const times = (n: number, one: Look): readonly Look[] => Array.from({ length: n }, () => one);

describe('a row that differed once', () => {
  it('is equal as soon as the target shows it as the source had it', () => {
    expect(verdicts([look('aab', 'x'), look('bbc', 'c')])).toEqual(['open', 'equal']);
    expect(verdicts([{ source: [undefined, undefined], target: undefined }])).toEqual(['equal']);
  });

  it('is different only when nothing moved in five looks, one after the other (invariant 24)', () => {
    expect(verdicts(times(5, look('aa', 'b')))).toEqual(['open', 'open', 'open', 'open', 'different']);
    expect(verdicts(times(5, look('aa', undefined))).at(-1)).toBe('different');
    const moving = [...times(4, look('aa', 'b')), look('ac', 'b'), ...times(4, look('aa', 'b'))];
    expect(verdicts(moving)).not.toContain('different');
    const other = [...times(4, look('aa', 'b')), ...times(4, look('aa', 'c'))];
    expect(verdicts(other)).not.toContain('different');
  });

  it('is undecided when it changes during every look', () => {
    expect(verdicts(times(12, look('ab', 'x'))).at(-1)).toBe('undecided');
    expect(verdicts(times(11, look('ab', 'x')))).not.toContain('undecided');
  });

  it('may be in the target alone, where deletes are not applied', () => {
    const extra = { source: [undefined, undefined], target: 'b' };
    expect(verdicts([extra], { ...RULES, allowsExtra: true })).toEqual(['equal']);
    expect(verdicts(times(5, extra)).at(-1)).toBe('different');
  });
});

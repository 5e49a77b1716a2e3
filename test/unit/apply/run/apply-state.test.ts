import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { createLogger } from '../../../../src/base/log.ts';
import type { ApplyState, BlockedLane } from '../../../../src/apply/apply.ts';
import { applyStateOf, type ApplyFacts, type Trouble } from '../../../../src/apply/run/apply-state.ts';
import { Status } from '../../../../src/apply/run/status.ts';
import { ManualClock } from '../../../support/sink/manual-clock.ts';

const trouble = (message: string): Trouble => ({ code: 'TARGET_BUSY', message, remedy: `mend: ${message}` });
const lane = (name: string): BlockedLane => ({
  lane: name,
  code: 'TARGET_FULL',
  message: 'full',
  remedy: 'room',
  sinceMs: 0,
});

const WELL: ApplyFacts = {
  ended: undefined,
  failure: undefined,
  isDraining: false,
  isStarted: true,
  asked: undefined,
  troubles: { topic: undefined, target: undefined },
  blocked: [],
  isBehind: false,
  silence: undefined,
};

/** Whatever holds wins over all that stand below it. */
const ROWS: readonly (readonly [Partial<ApplyFacts>, ApplyState, RegExp, string | undefined])[] = [
  [{ ended: 'failed', failure: trouble('f') }, 'failed', /^TARGET_BUSY: f$/, 'mend: f'],
  [{ ended: 'stopped' }, 'stopped', /asked/, undefined],
  [{ isDraining: true }, 'draining', /ended/, undefined],
  [{ isStarted: false, asked: 'topic' }, 'starting', /^waits for the topic$/, undefined],
  [{ blocked: [lane('a')] }, 'blocked', /^lane a waits: full$/, 'room'],
  [{ troubles: { topic: trouble('t'), target: undefined } }, 'connecting', /^t$/, 'mend: t'],
  [{ troubles: { topic: undefined, target: trouble('away') } }, 'blocked', /^the target: away$/, 'mend: away'],
  [{ silence: 'no answer' }, 'blocked', /^no answer$/, expect.stringContaining('SHOW PROCESSLIST') as string],
  [{ isBehind: true }, 'catching-up', /long ago/, undefined],
  [{}, 'live', /at once/, undefined],
];

describe('the state of apply', () => {
  it.each(ROWS)('from %o is %s', (facts, state, reason, remedy) => {
    const found = applyStateOf({ ...WELL, ...facts });
    expect(found).toMatchObject({ state, remedy });
    expect(found.reason).toMatch(reason);
  });

  it('follows from the first of all that hold', () => {
    for (const [n, [first, state]] of ROWS.entries())
      for (const [second] of ROWS.slice(n + 1))
        expect(applyStateOf({ ...WELL, ...second, ...first }).state).toBe(state);
  });

  it('says what a start waits for, how many lanes wait, and what it will end with', () => {
    const troubles = { topic: trouble('no topic'), target: undefined };
    expect(applyStateOf({ ...WELL, isStarted: false, troubles })).toMatchObject({
      reason: 'no topic',
      remedy: 'mend: no topic',
    });
    expect(applyStateOf({ ...WELL, blocked: [lane('a'), lane('b')] }).reason).toBe('2 lanes wait, a first: full');
    expect(applyStateOf({ ...WELL, isDraining: true, failure: trouble('f') }).remedy).toBe('mend: f');
  });
});

describe('Status', () => {
  it('is catching up while old rows are written, and says since when', async () => {
    const clock = new ManualClock();
    const status = new Status(clock, createLogger({ level: 'error', format: 'json' }));
    const commit = (agoMs: number, rows = 1): void => {
      const committedMs = clock.now() - agoMs;
      const state = { epoch: 1, sequence: 1, gtid: '', committedMs, waitsFor: undefined, progress: undefined };
      status.committed('lane-0', state, { stream: 's', rows, messages: 1, isResumeProved: undefined });
    };
    expect(status.shown('s')).toMatchObject({ state: 'starting', sinceMs: clock.now() });
    status.started();
    expect(status.shown('s')).toMatchObject({ state: 'live', remedy: undefined });
    const seen: string[] = [];
    for (const agoMs of [9_000, 11_000, 9_000, 3_000, 1_000, 9_000]) {
      commit(agoMs);
      seen.push(status.shown('s').state);
    }
    expect(seen).toEqual(['live', 'catching-up', 'catching-up', 'catching-up', 'live', 'live']);
    commit(60_000, 0);
    expect(status.shown('s').state).toBe('live');
    commit(60_000);
    await clock.advance(1000);
    expect(status.shown('s')).toMatchObject({ state: 'catching-up' });
    await clock.advance(30_000);
    expect(status.shown('s')).toMatchObject({ state: 'live', sinceMs: clock.now() });
    status.failed(new RelayError('VALUE_REFUSED', 'no'));
    status.drains();
    expect(status.shown('s').state).toBe('draining');
    status.ended();
    expect(status.shown('s')).toMatchObject({ state: 'failed', reason: 'VALUE_REFUSED: no' });
  });
});

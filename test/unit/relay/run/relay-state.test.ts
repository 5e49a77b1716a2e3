import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RELAY_STATES, type RelayState } from '../../../../src/relay/relay.ts';
import {
  DDL_GRACE_MS,
  SINK_GRACE_MS,
  stateOf,
  type StateFacts,
  type Trouble,
} from '../../../../src/relay/run/relay-state.ts';

const trouble = (message: string): Trouble => ({ code: 'SINK_BUSY', message, remedy: `mend: ${message}` });

/** Reading, and nothing to do. */
const WELL: StateFacts = {
  ended: undefined,
  failure: undefined,
  isDraining: false,
  standby: undefined,
  isStarted: true,
  asked: undefined,
  troubles: {},
  isReading: true,
  silence: undefined,
  hasRight: true,
  sinkFailingMs: 0,
  ddlWaitsMs: 0,
  isStuck: false,
  behind: undefined,
  copy: undefined,
  isIdle: true,
};

type Row = readonly [
  what: string,
  facts: Partial<StateFacts>,
  state: RelayState,
  reason: RegExp,
  remedy: RegExp | undefined,
];

/** Whatever holds wins over all that stand below it. */
const ROWS: readonly Row[] = [
  ['the run has failed', { ended: 'failed', failure: trouble('f') }, 'failed', /^SINK_BUSY: f$/, /^mend: f$/],
  ['the run was stopped', { ended: 'stopped' }, 'stopped', /asked/, undefined],
  ['it drains', { isDraining: true }, 'draining', /what is held is sent/, undefined],
  ['another relay is active', { standby: 'waits for a' }, 'standby', /^waits for a$/, undefined],
  ['it has not started', { isStarted: false, asked: 'source' }, 'starting', /^waits for the source$/, undefined],
  [
    'the sink fails',
    { sinkFailingMs: SINK_GRACE_MS, troubles: { sink: trouble('s') } },
    'blocked',
    /^the sink takes no messages: s$/,
    /^mend: s$/,
  ],
  ['no session is open', { isReading: false }, 'connecting', /^opens a session/, undefined],
  ['the right is not held', { hasRight: false }, 'blocked', /^the lock is not confirmed/, /check/],
  ['the source is silent', { silence: 'no answer' }, 'blocked', /^the source does not answer: no answer$/, /check/],
  [
    'the checkpoint fails',
    { troubles: { checkpoint: trouble('c') } },
    'blocked',
    /^the checkpoint cannot be stored: c$/,
    /^mend: c$/,
  ],
  ['a statement waits', { ddlWaitsMs: DDL_GRACE_MS }, 'blocked', /^a DDL statement waits/, /broker/],
  ['it is stuck', { isStuck: true }, 'blocked', /^stuck/, /restart/],
  ['it is behind', { behind: 'far' }, 'catching-up', /^far$/, undefined],
  ['a copy goes on', { copy: 'copies a.b' }, 'copying', /^copies a\.b$/, undefined],
  ['messages are on their way', { isIdle: false }, 'live', /^close behind/, undefined],
];

const both = (a: Partial<StateFacts>, b: Partial<StateFacts>): StateFacts => ({
  ...WELL,
  ...b,
  ...a,
  troubles: { ...b.troubles, ...a.troubles },
});

describe('the state', () => {
  it('is live when nothing is wrong', () => {
    expect(stateOf(WELL)).toEqual({
      state: 'live',
      reason: 'everything that the server has is acknowledged',
      remedy: undefined,
    });
  });

  it.each(ROWS)('when %s', (_, facts, state, reason, remedy) => {
    const found = stateOf({ ...WELL, ...facts });
    expect(found.state).toBe(state);
    expect(found.reason).toMatch(reason);
    if (remedy === undefined) expect(found.remedy).toBeUndefined();
    else expect(found.remedy).toMatch(remedy);
  });

  it('follows from the first of all that hold, whatever holds besides', () => {
    for (const [n, [what, first, state, reason]] of ROWS.entries())
      for (const [, second] of ROWS.slice(n + 1)) {
        const found = stateOf(both(first, second));
        expect([what, found.state]).toEqual([what, state]);
        expect(found.reason, what).toMatch(what === 'it drains' ? /what is held/ : reason);
      }
  });

  it('has a reason in every combination of facts, and a remedy wherever something is blocked', () => {
    for (let bits = 0; bits < 2 ** ROWS.length; bits += 1) {
      const held = ROWS.filter((_, n) => (bits & (1 << n)) !== 0).map(([, facts]) => facts);
      const found = stateOf(held.reduceRight<StateFacts>((facts, next) => both(next, facts), WELL));
      if (found.reason === '' || (found.state === 'blocked' && found.remedy === undefined))
        throw new Error(JSON.stringify({ held, found }));
    }
  });

  it('is starting with what is asked, and what it has failed with', () => {
    const starting = { ...WELL, isStarted: false, isReading: false };
    expect(stateOf(starting).reason).toBe('begins');
    expect(stateOf({ ...starting, asked: 'sink', troubles: { sink: trouble('away') } })).toEqual({
      state: 'starting',
      reason: 'the sink: away',
      remedy: 'mend: away',
    });
    expect(stateOf({ ...starting, asked: 'source', troubles: { sink: trouble('away') } }).reason).toBe(
      'waits for the source',
    );
  });

  it('is connecting with the last error of the source', () => {
    expect(stateOf({ ...WELL, isReading: false, troubles: { source: trouble('reset') } })).toEqual({
      state: 'connecting',
      reason: 'reset',
      remedy: 'mend: reset',
    });
  });

  it('says of a run that drains what it ends with', () => {
    expect(stateOf({ ...WELL, isDraining: true, failure: trouble('purged') })).toEqual({
      state: 'draining',
      reason: 'what is held is sent before the relay ends with SINK_BUSY: purged',
      remedy: 'mend: purged',
    });
  });

  it('is no state of its own for a send that is tried again, or a statement that is on its way', () => {
    expect(stateOf({ ...WELL, sinkFailingMs: SINK_GRACE_MS - 1, troubles: { sink: trouble('busy') } }).state).toBe(
      'live',
    );
    expect(stateOf({ ...WELL, ddlWaitsMs: DDL_GRACE_MS - 1 }).state).toBe('live');
  });
});

it('docs/monitoring.md has a row for each state, and for no other', () => {
  const docs = readFileSync(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| state +\| it holds while.*\n(.*\n(?:\|.*\n)+)/.exec(docs) ?? [];
  const named = new Set([...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, state]) => state));
  expect([...named].sort()).toEqual([...RELAY_STATES].sort());
});

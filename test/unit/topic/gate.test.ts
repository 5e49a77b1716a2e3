import { describe, expect, it } from 'vitest';
import { Gate, gapError, judge, markOf } from '../../../src/topic/gate.ts';
import { topicMessage } from '../../support/topic/messages.ts';

const known = { epoch: 4, sequence: 7 };
const mark = (epoch: number, sequence: number): Parameters<typeof judge>[1] => ({
  stream: 's1',
  epoch,
  sequence,
  resume: sequence === 1 ? 'binlog.000002:4' : undefined,
});

describe('judge', () => {
  it.each([
    ['the next one', mark(4, 8), { is: 'new' }],
    ['the same one', mark(4, 7), { is: 'repeat' }],
    ['an earlier one', mark(4, 1), { is: 'repeat' }],
    ['one too far', mark(4, 9), { is: 'gap', due: 8 }],
    ['one of an earlier run', mark(3, 99), { is: 'stale' }],
    ['the first one of a later run', mark(5, 1), { is: 'epoch', resume: 'binlog.000002:4' }],
    [
      'the first one of a run after runs without a message here',
      mark(9, 1),
      { is: 'epoch', resume: 'binlog.000002:4' },
    ],
    ['a later one of a later run', mark(5, 2), { is: 'gap', due: 1 }],
  ])('takes %s for what it is', (_, next, verdict) => {
    expect(judge(known, next)).toEqual(verdict);
  });

  it('begins anywhere where nothing is known', () => {
    expect(judge(undefined, mark(4, 8))).toEqual({ is: 'first' });
  });
});

describe('markOf', () => {
  it.each([
    ['stream', { stream: undefined }, 'no property stream'],
    ['epoch', { epoch: undefined }, 'its property epoch is missing'],
    ['sequence', { sequence: 'x' }, 'its property sequence is "x", which is no number'],
    ['sequence', { sequence: '9007199254740993' }, 'which is no number'],
    ['sequence', { sequence: '0' }, 'which is no number'],
    ['resume', { resume: undefined }, 'the property resume stands on the first message'],
  ])('refuses a message without a sound %s, naming its place', (_, properties, text) => {
    expect(() => markOf(topicMessage({ properties }))).toThrow(text);
    expect(() => markOf(topicMessage({ properties }))).toThrow(
      'topic order-binlog, lane lane-3 (broker-a, queue 3, offset 1)',
    );
  });
});

describe('Gate', () => {
  it('names lane, epoch, sequences and offset of a gap, and stays where it was', () => {
    const gate = new Gate();
    gate.pass(topicMessage({ sequence: 1 }));
    const late = topicMessage({ sequence: 3, offset: 4711n });
    expect(() => gate.pass(late)).toThrow(
      'topic order-binlog, lane lane-3 (broker-a, queue 3, offset 4711): message 3 of epoch 1 came where 2 was due; ' +
        'the last message before it was 1 of epoch 1.',
    );
    expect(gapError(late, markOf(late), { epoch: 1, sequence: 1 }, 2)).toMatchObject({
      code: 'TOPIC_GAP',
      details: { lane: 'lane-3', epoch: 1, sequence: 3, due: 2 },
    });
    expect(gate.pass(topicMessage({ sequence: 2 })).verdict).toEqual({ is: 'new' });
  });

  it('lets gaps pass where others read the rest', () => {
    const gate = new Gate(true);
    gate.pass(topicMessage({ sequence: 1 }));
    expect(gate.pass(topicMessage({ sequence: 9 })).verdict).toEqual({ is: 'new' });
    expect(gate.pass(topicMessage({ sequence: 8 })).verdict).toEqual({ is: 'repeat' });
  });

  it('counts each lane, and each stream in it, for itself', () => {
    const gate = new Gate();
    gate.pass(topicMessage({ sequence: 1, epoch: 5 }));
    expect(gate.pass(topicMessage({ lane: 'lane-4', sequence: 6 })).verdict).toEqual({ is: 'first' });
    expect(gate.pass(topicMessage({ stream: 's2', sequence: 1, epoch: 1 })).verdict).toEqual({ is: 'first' });
    expect(gate.pass(topicMessage({ sequence: 2, epoch: 5 })).verdict).toEqual({ is: 'new' });
  });
});

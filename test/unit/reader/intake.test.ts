import { expect, it } from 'vitest';
import { Intake } from '../../../src/reader/intake.ts';
import type { ReaderNotice, ReaderOptions } from '../../../src/reader/reader.ts';
import { insertBody, topicMessage, type MessageParts } from '../../support/topic/messages.ts';

function intakeWith(options: Partial<ReaderOptions> = {}): {
  notices: ReaderNotice[];
  ids: (parts: MessageParts) => readonly string[] | undefined;
} {
  const notices: ReaderNotice[] = [];
  const intake = new Intake({ endpoint: '', topic: '', group: '', ...options }, (notice) => notices.push(notice));
  const ids = (parts: MessageParts): readonly string[] | undefined =>
    intake
      .take(topicMessage(parts))
      ?.changes.map((change) => (change.kind === 'progress' ? 'progress' : change.id.slice(37)));
  return { notices, ids };
}

/** One row for each number. */
const rows = (...numbers: readonly number[]): Readonly<Record<string, unknown>> => ({
  ...insertBody(1),
  data: numbers.map((id) => ({ id: String(id) })),
  changes: numbers.map((id) => `${id}#0`),
});

it('drops messages that come again, and of a run that has ended', () => {
  const { ids } = intakeWith();
  expect(ids({ epoch: 2, sequence: 1, body: rows(1) })).toEqual(['1#0']);
  expect(ids({ epoch: 2, sequence: 1, body: rows(1) })).toBeUndefined();
  expect(ids({ epoch: 1, sequence: 9, body: rows(9) })).toBeUndefined();
});

it('leaves out what an earlier run has published, however it is packed now, and says that a run began', () => {
  const { ids, notices } = intakeWith();
  ids({ sequence: 1, body: rows(1) });
  ids({ sequence: 2, body: rows(2, 3) });
  expect(ids({ epoch: 2, sequence: 1, body: rows(2) })).toBeUndefined();
  expect(ids({ epoch: 2, sequence: 2, body: rows(3, 4, 5) })).toEqual(['4#0', '5#0']);
  expect(notices).toMatchObject([{ what: 'epoch', resume: 'binlog.000001:4', at: { epoch: 2, sequence: 1 } }]);
});

it('takes rows of another table, and of another lane, for other rows', () => {
  const { ids } = intakeWith();
  ids({ sequence: 1, body: rows(1) });
  expect(ids({ lane: 'lane-4', sequence: 1, body: rows(1) })).toEqual(['1#0']);
  expect(ids({ sequence: 2, body: { ...rows(1), table: 'lines' } })).toEqual(['1#0']);
});

it('loses no row of a copy whose ids begin again, after a relay has lost its checkpoint', () => {
  const { ids } = intakeWith();
  const copied = { properties: { copy: '1' }, body: { ...rows(12), source: 'copy/1/1' } };
  expect(ids({ ...copied, sequence: 1 })).toHaveLength(1);
  expect(ids({ ...copied, sequence: 1 })).toBeUndefined();
  expect(ids({ ...copied, stream: 's2', sequence: 1 })).toHaveLength(1);
});

it('stops at a gap, unless others read with the group', () => {
  const alone = intakeWith();
  alone.ids({ sequence: 1 });
  expect(() => alone.ids({ sequence: 3 })).toThrow(expect.objectContaining({ code: 'TOPIC_GAP' }) as Error);
  const shared = intakeWith({ shared: true });
  shared.ids({ sequence: 1 });
  expect(shared.ids({ sequence: 3, body: rows(3) })).toEqual(['3#0']);
});

it('says when another stream goes on in a lane', () => {
  const { ids, notices } = intakeWith();
  ids({ sequence: 1, body: rows(1) });
  expect(ids({ stream: 's2', sequence: 1, body: rows(2) })).toEqual(['2#0']);
  expect(notices).toMatchObject([{ what: 'stream', at: { stream: 's2', lane: 'lane-3' } }]);
});

it('gives progress messages only to those who ask for them, and counts them all the same', () => {
  const progress = { tag: 'progress', sequence: 2, body: { type: 'PROGRESS', gtidSet: '' } };
  const silent = intakeWith();
  const asked = intakeWith({ progress: true });
  for (const { ids } of [silent, asked]) ids({ sequence: 1, body: rows(1) });
  expect([silent.ids(progress), asked.ids(progress)]).toEqual([undefined, ['progress']]);
  expect(silent.ids({ sequence: 3, body: rows(3) })).toEqual(['3#0']);
});

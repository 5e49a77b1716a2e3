import fc from 'fast-check';
import type { Checkpoint, Notice } from '../../src/checkpoint/checkpoint.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

/** A sound checkpoint; `n` makes it another one, of an own position. */
export function checkpoint(n: number, changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    serverUuid: UUID,
    file: 'binlog.000042',
    offset: 1000 + n,
    gtidSet: `${UUID}:1-${n + 1}`,
    stream: '1f2e3d4c',
    epoch: 7,
    storedAt: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
    destination: 'rocketmq topic order-binlog',
    queues: 8,
    lanes: ['lane-0', 'lane-1'],
    ordering: 'key',
    ...changes,
  };
}

const anyNoticeEvent = fc.record({
  what: fc.string(),
  transaction: fc.string(),
  position: fc.string(),
  at: fc.string(),
});
const anyReadTo = fc.record(
  {
    serverUuid: fc.uuid(),
    file: fc.string(),
    offset: fc.maxSafeNat(),
    gtidSet: fc.string(),
  },
  { requiredKeys: ['serverUuid', 'file', 'offset'] },
);
const anyNotices = fc.record({
  newestId: fc.integer({ min: 1 }),
  list: fc.array(
    fc.record({
      id: fc.string({ minLength: 1 }),
      about: fc.constantFrom<Notice['about'][]>('differs', 'skipped'),
      subject: fc.string({ unit: 'grapheme' }),
      count: fc.integer({ min: 1 }),
      first: anyNoticeEvent,
      last: anyNoticeEvent,
    }),
    { maxLength: 3 },
  ),
});

const anyPosition = fc.record({
  serverUuid: fc.uuid(),
  file: fc.string({ minLength: 1 }),
  offset: fc.maxSafeNat(),
  gtidSet: fc.option(fc.string(), { nil: undefined }),
  stream: fc.stringMatching(/^[0-9a-f]{8}$/),
  epoch: fc.integer({ min: 1 }),
  storedAt: fc
    .date({ min: new Date(0), max: new Date(Date.UTC(2100, 0, 1)), noInvalidDate: true })
    .map((date) => date.toISOString()),
  destination: fc.string({ minLength: 1, unit: 'grapheme' }),
  queues: fc.integer({ min: 1 }),
  lanes: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
  ordering: fc.constantFrom<Checkpoint['ordering'][]>('key', 'table', 'total'),
});

const anyRolledBack = fc.record({ serverUuid: fc.string(), at: fc.string() });

export const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc
  .tuple(
    anyPosition,
    optional(anyNotices),
    optional(anyReadTo),
    optional(fc.string({ minLength: 1 })),
    optional(anyRolledBack),
  )
  .map(([position, notices, readTo, endpoint, rolledBack]) => ({
    ...position,
    ...(rolledBack !== undefined && { rolledBack }),
    ...(endpoint !== undefined && { endpoint }),
    ...(notices !== undefined && { notices: { ...notices, ...(readTo !== undefined && { readTo }) } }),
  }));

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

// Holds invariant 17: nothing of a transaction leaves before its end was read, nor if anything in it cannot be
// published.
import { describe, expect, it } from 'vitest';
import { EVENT, LOG_EVENT_ARTIFICIAL_F } from '../../../../src/binlog/wire/event-types.ts';
import {
  codeOf,
  fixtureEvents,
  madeEvent,
  withoutChecksum,
  type FixtureEvent,
} from '../../../support/binlog-fixture.ts';
import { changesOf, TestFlow, type FlowOptions } from '../../../support/flow.ts';

/** Files take time: there only one place of `stride` is tried. */
const WAYS: readonly (readonly [string, FlowOptions, stride: number])[] = [
  ['in one step', {}, 1],
  ['in many steps', { oneStepBytes: 0 }, 1],
  ['from a file', { oneStepBytes: 0, transactionMemoryBytes: 0, xaMemoryBytes: 0 }, 7],
  [
    'from a file when it is larger than a row',
    { oneStepBytes: 200, transactionMemoryBytes: 300, xaMemoryBytes: 300 },
    7,
  ],
];
const FIXTURES: readonly (readonly [string, FlowOptions])[] = [
  ['shop.9.7', {}],
  ['xa.9.7', {}],
  ['xa-compressed.9.7', {}],
  ['compressed.9.7', {}],
  ['tagged.9.7', {}],
  ['mariadb.10.11', { flavour: 'mariadb' }],
];

/** `name` without the number of the change in its table. */
const transactionOf = (change: string): string => change.slice(0, change.indexOf('#'));

describe.each(WAYS)('a transaction taken %s', (_, way, stride) => {
  it.each(FIXTURES)('leaves when its end was read, and never before: %s (invariant 17)', async (fixture, options) => {
    const events = fixtureEvents(fixture);
    const expected = (await changesOf(events, options)).sort();
    const flow = new TestFlow({ ...options, ...way });
    for (const event of events) {
      const read = flow.intake.counters.transactionsRead;
      flow.read([event]);
      // What left with this event is of one transaction at most, which ended with it.
      const isEnd = flow.intake.counters.transactionsRead > read;
      const before = flow.sent.length;
      await flow.drain();
      const left = flow.changes(flow.sent.slice(before));
      expect(new Set(left.map(transactionOf)).size, event.name).toBeLessThanOrEqual(isEnd ? 1 : 0);
    }
    expect(flow.changes().sort()).toEqual(expected);
    expect(flow.spillFiles.open).toBe(0);
  });

  it.each(FIXTURES)('is the same however much of it one read of the socket brings: %s', async (fixture, options) => {
    const events = fixtureEvents(fixture);
    const expected = (await changesOf(events, options)).sort();
    for (const size of [2, 3, 7]) {
      const flow = new TestFlow({ ...options, ...way });
      for (let first = 0; first < events.length; first += size) flow.read(events.slice(first, first + size));
      await flow.drain();
      expect(flow.changes().sort()).toEqual(expected);
    }
  });

  it.each(FIXTURES)('leaves nothing when it was cut, and never comes again: %s', async (fixture, options) => {
    const events = fixtureEvents(fixture);
    const whole = new TestFlow(options);
    const changesOfWhole = [0];
    for (const event of events) {
      whole.read([event]);
      await whole.drain();
      changesOfWhole[whole.intake.counters.transactionsRead] = whole.changes().length;
    }
    for (let cut = 0; cut < events.length; cut += stride) {
      const flow = new TestFlow({ ...options, ...way });
      flow.read(events.slice(0, cut));
      flow.intake.restart();
      await flow.drain();
      const changes = flow.changes();
      expect(changes.length, `cut before event ${cut}`).toBe(changesOfWhole[flow.intake.counters.transactionsRead]);
      expect(whole.changes()).toEqual(expect.arrayContaining(changes));
      flow.intake.close();
      expect(flow.spillFiles.open).toBe(0);
    }
  });

  it.each<readonly [string, FlowOptions]>([...FIXTURES, ['values.9.7', {}], ['types.9.7', {}]])(
    'leaves nothing when one of its rows cannot be published: %s',
    async (fixture, options) => {
      const events = fixtureEvents(fixture);
      const all = await changesOf(events, { ...options, ordering: 'total' });
      const wholes = new Map<string, number>();
      for (const change of all) wholes.set(transactionOf(change), (wholes.get(transactionOf(change)) ?? 0) + 1);
      let failures = 0;
      for (let maxBodyBytes = 300; maxBodyBytes < 6000; maxBodyBytes += 150 * stride) {
        const flow = new TestFlow({ ...options, ...way, ordering: 'total', maxBodyBytes });
        const code = codeOf(() => flow.read(events));
        await flow.drain();
        expect(code === undefined || code === 'ROW_TOO_LARGE').toBe(true);
        if (code !== undefined) failures += 1;
        const sent = flow.changes();
        expect(sent).toEqual(all.slice(0, sent.length));
        const counts = new Map<string, number>();
        for (const change of sent) counts.set(transactionOf(change), (counts.get(transactionOf(change)) ?? 0) + 1);
        for (const [transaction, count] of counts) expect(count, transaction).toBe(wholes.get(transaction));
        flow.intake.close();
        expect(flow.spillFiles.open).toBe(0);
        expect(flow.eventBytes.bytes).toBe(0);
        expect(flow.outbox.held.bytes).toBe(0);
      }
      expect(failures).toBeGreaterThan(0);
    },
  );

  it('leaves nothing when it was rolled back, or what came before the savepoint that it was rolled back to', async () => {
    const events = fixtureEvents('shop.9.7').map(withoutChecksum);
    const rows = events.findIndex(({ name }) => name === 'WRITE_ROWS');
    const end = events.findIndex(({ name }, i) => i > rows && name === 'XID');
    const read = async (...more: readonly FixtureEvent[]): Promise<string[]> => {
      const flow = new TestFlow(way);
      for (const event of [...events.slice(0, rows + 1), ...more]) flow.read([event]);
      await flow.drain();
      expect(flow.intake.position.offset).toBeGreaterThan(0);
      return flow.changes();
    };
    const xid = events.slice(end, end + 1);
    const again = events.slice(rows, rows + 1);
    const whole = await read(...xid);
    expect(whole.length).toBeGreaterThan(0);
    expect(await read(statement('ROLLBACK'))).toEqual([]);
    expect(await read(statement('SAVEPOINT `s`'), ...again, statement('ROLLBACK TO `s`'), ...xid)).toEqual(whole);
    expect(await read(statement('SAVEPOINT `s`'), ...again, ...xid)).toHaveLength(2 * whole.length);
  });

  it('leaves nothing when the server crashed while it wrote it, and gives its GTID out again', async () => {
    const events = fixtureEvents('mariadb.10.11').map(withoutChecksum);
    const begins = events.findIndex(({ name }) => name === 'MARIADB_GTID');
    const rows = events.findIndex(({ name }) => name === 'WRITE_ROWS_V1');
    const ofRows = events.findLastIndex(({ name }, i) => i < rows && name === 'MARIADB_GTID');
    const others = events.findIndex(({ name }, i) => i > rows && name === 'UPDATE_ROWS_V1');
    const end = events.findIndex(({ name }, i) => i > others && name === 'XID');
    const preamble = events.slice(0, begins);
    const half = events.slice(ofRows, rows + 1);
    const [gtid] = half;
    const after = [...(gtid === undefined ? [] : [gtid]), ...events.slice(others - 1, end + 1)];

    const flow = new TestFlow({ flavour: 'mariadb', ...way });
    flow.read([...preamble, ...half, nextFile(), ...preamble.slice(1), ...after]);
    await flow.drain();
    expect(flow.unfinished).toHaveLength(1);
    const same = new TestFlow({ flavour: 'mariadb', ...way });
    same.read([...preamble, ...after]);
    await same.drain();
    expect(flow.changes()).toEqual(same.changes());
    expect(flow.changes()).toHaveLength(1);
    expect(flow.intake.position).toMatchObject({ file: 'binlog.000002', gtidSet: same.intake.position.gtidSet });
  });
});

it('a file that was closed in order cannot end in a transaction', () => {
  const events = fixtureEvents('shop.9.7').map(withoutChecksum);
  const rows = events.findIndex(({ name }) => name === 'WRITE_ROWS');
  const flow = new TestFlow();
  flow.read(events.slice(0, rows));
  expect(codeOf(() => flow.read([nextFile(0)]))).toBe('BINLOG_DECODE');
});

/** A QUERY without status variables and database. */
function statement(text: string): FixtureEvent {
  return { name: 'QUERY', bytes: madeEvent(EVENT.QUERY, Buffer.concat([Buffer.alloc(14), Buffer.from(text)])) };
}

/** Without a flag: as the server writes it at the end of a file. */
function nextFile(flags = LOG_EVENT_ARTIFICIAL_F): FixtureEvent {
  const offset = Buffer.alloc(8);
  offset.writeUInt8(4);
  return {
    name: 'ROTATE',
    bytes: madeEvent(EVENT.ROTATE, Buffer.concat([offset, Buffer.from('binlog.000002')]), { flags }),
  };
}

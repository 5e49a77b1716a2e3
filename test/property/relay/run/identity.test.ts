import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureEvents, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { EARLIEST, TestFlow } from '../../../support/flow.ts';

interface Change {
  readonly table: string;
  /** Identity, kind, row and previous values. */
  readonly text: string;
}

interface Captured {
  readonly preamble: readonly FixtureEvent[];
  readonly transactions: readonly (readonly FixtureEvent[])[];
  readonly changes: readonly Change[];
  readonly tables: readonly string[];
  readonly hasGtids: boolean;
}

const isTransactionStart = ({ name }: FixtureEvent): boolean => /^(ANONYMOUS_)?GTID(_TAGGED)?$/.test(name);

async function read(events: readonly FixtureEvent[], hasGtids: boolean, include = ['*.*']): Promise<Change[]> {
  const start = hasGtids ? EARLIEST : { ...EARLIEST, gtidSet: undefined };
  const flow = new TestFlow({ ordering: 'total', include, start });
  flow.read(events);
  await flow.drain();
  return flow.bodies().flatMap(({ database, table, type, source, changes, data, old }) =>
    changes.map((change, i) => ({
      table: `${database}.${table}`,
      text: JSON.stringify([source, change, type, data[i], old?.[i]]),
    })),
  );
}

async function captured(name: string): Promise<Captured> {
  const events = fixtureEvents(name);
  const starts = events.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
  const hasGtids = !name.startsWith('anonymous');
  const changes = await read(events, hasGtids);
  return {
    preamble: events.slice(0, starts[0]),
    transactions: starts.map((start, i) => events.slice(start, starts[i + 1])),
    changes,
    tables: [...new Set(changes.map(({ table }) => table))],
    hasGtids,
  };
}

const STREAMS = ['shop.9.7', 'shop.8.0', 'values.9.7', 'partial-json.8.0', 'compressed.9.7', 'tagged.9.7', 'anonymous.9.7', 'rows-v1.8.0', 'no-checksum.9.7']; // prettier-ignore
/** A relay starts nowhere between the two transactions of a branch. */
const XA_STREAMS = ['xa.9.7', 'xa.8.0', 'xa-compressed.9.7'];
const streams = await Promise.all(STREAMS.map(captured));
const xaStreams = await Promise.all(XA_STREAMS.map(captured));

describe('a change has the same identity, and is the same (invariant 4)', () => {
  it('from every transaction boundary, under every table filter', { timeout: 30_000 }, async () => {
    const place = fc.constantFrom(...streams).chain((stream) =>
      fc.record({
        stream: fc.constant(stream),
        first: fc.nat({ max: stream.transactions.length - 1 }),
        tables: fc.subarray([...stream.tables], { minLength: 1 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(place, async ({ stream, first, tables }) => {
        const { preamble, transactions, changes, hasGtids } = stream;
        const before = await read([...preamble, ...transactions.slice(0, first).flat()], hasGtids);
        const behind = [...preamble, ...transactions.slice(first).flat()];
        expect(await read(behind, hasGtids, tables)).toEqual(
          changes.slice(before.length).filter(({ table }) => tables.includes(table)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('in XA transactions under every table filter', async () => {
    for (const { preamble, transactions, changes, tables } of xaStreams) {
      for (const table of tables) {
        expect(await read([...preamble, ...transactions.flat()], true, [table])).toEqual(
          changes.filter((change) => change.table === table),
        );
      }
    }
  });

  it('and no other change has it', () => {
    for (const { changes } of [...streams, ...xaStreams]) {
      const ids = changes.map(({ table, text }) => `${table} ${(JSON.parse(text) as string[]).slice(0, 2).join(':')}`);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(2);
    }
  });
});

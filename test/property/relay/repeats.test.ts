/** What readers make of repeats: change ids of src/relay/tables, and dev/replay.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageBody } from '../../support/replay.ts';
import { fixtureEvents, type FixtureEvent } from '../../support/binlog-fixture.ts';
import { EARLIEST, TestFlow } from '../../support/flow.ts';

type Row = MessageBody['data'][number];

interface Change {
  readonly table: string;
  readonly id: string;
  readonly type: MessageBody['type'];
  readonly key: readonly string[] | null;
  readonly row: Row;
  readonly before: Row;
}

const isTransactionStart = ({ name }: FixtureEvent): boolean => /^(ANONYMOUS_)?GTID$/.test(name);

async function changesOf(events: readonly FixtureEvent[], hasGtids: boolean): Promise<Change[]> {
  const start = hasGtids ? EARLIEST : { ...EARLIEST, gtidSet: undefined };
  const flow = new TestFlow({ ordering: 'total', start });
  flow.read(events);
  await flow.drain();
  return flow.bodies().flatMap(({ database, table, source, changes, type, pkNames, data, old }) =>
    data.map((row, i) => ({
      table: `${database}.${table}`,
      id: `${database}.${table} ${source}:${changes[i]}`,
      type,
      key: pkNames,
      row,
      before: { ...row, ...old?.[i] },
    })),
  );
}

/** A reader's copy: tables with a key by content; of those without, each change once, by its id. */
class Copy {
  readonly #keyed = new Map<string, string>();
  readonly #keyless = new Map<string, number>();
  readonly #seen = new Set<string>();

  apply({ table, id, type, key, row, before }: Change): void {
    if (key !== null) {
      const placeOf = (of: Row): string => JSON.stringify([table, key.map((column) => of[column])]);
      if (type !== 'INSERT') this.#keyed.delete(placeOf(before));
      if (type !== 'DELETE') this.#keyed.set(placeOf(row), JSON.stringify(row));
      return;
    }
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const count = (of: Row, by: number): void => {
      const text = JSON.stringify([table, of]);
      this.#keyless.set(text, (this.#keyless.get(text) ?? 0) + by);
    };
    if (type !== 'INSERT') count(before, -1);
    if (type !== 'DELETE') count(row, 1);
  }

  get content(): object {
    return { keyed: [...this.#keyed].sort(), keyless: [...this.#keyless].sort() };
  }
}

function copyOf(changes: readonly Change[]): object {
  const copy = new Copy();
  for (const change of changes) copy.apply(change);
  return copy.content;
}

describe.each([
  ['shop.9.7', 'fxs.visits'],
  ['anonymous.9.7', 'fxa.b'],
])('a copy of %s', (fixture, keyless) => {
  const events = fixtureEvents(fixture);
  const hasGtids = !fixture.startsWith('anonymous');
  const starts = events.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
  const preamble = events.slice(0, starts[0]);

  it(
    'is the same when the relay was killed after any change, and began again at any transaction before it (invariant 9)',
    { timeout: 30_000 },
    async () => {
      const all = await changesOf(events, hasGtids);
      expect(all.some(({ table, key }) => table === keyless && key === null)).toBe(true);
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: all.length }), fc.nat({ max: starts.length - 1 }), async (sent, start) => {
          const again = await changesOf([...preamble, ...events.slice(starts[start])], hasGtids);
          // The checkpoint never passes what was not sent.
          const first = all.slice(0, Math.max(sent, all.length - again.length));
          expect(copyOf([...first, ...again])).toEqual(copyOf(all));
        }),
        { numRuns: 50 },
      );
    },
  );
});

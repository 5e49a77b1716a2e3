import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import type { OutboundMessage } from '../../../../src/sink/sink.ts';
import type { MessageBody } from '../../../support/replay.ts';
import { fixtureEvents } from '../../../support/binlog-fixture.ts';
import { Random } from '../../../support/round-trip/random.ts';
import { FakeSink, RelayRun } from '../../../support/relay-ends.ts';

const LANES = 4;
const BUSY = new RelayError('SINK_BUSY', 'try again');

/** Numbers of transactions, in the order of the messages; statements apart. */
interface Item {
  readonly lane: string;
  readonly number: number;
  readonly isDdl: boolean;
}

function itemsOf({ lane, body }: OutboundMessage): readonly Item[] {
  const { isDdl, changes } = JSON.parse(body.toString()) as MessageBody & { isDdl: boolean };
  return changes.map((change) => ({ lane, number: Number(change.split('#')[0]), isDdl }));
}

/** A run over `fixture` whose sends come to an end in an order, and with failures, that `random` says. */
async function publish(fixture: string, random: Random, hasTopic: boolean): Promise<RelayRun> {
  const ddlSink = hasTopic ? new FakeSink() : undefined;
  const run = new RelayRun({ ddl: 'publish', ddlSink, lanes: LANES, filter: NOTHING_LEFT_OUT });
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const send = (): Promise<void> => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  run.sink.onSend = send;
  const order: OutboundMessage[] = [];
  run.sink.taken.push = (...messages) => order.push(...messages);
  if (ddlSink !== undefined) {
    ddlSink.onSend = send;
    ddlSink.taken.push = (...messages) =>
      order.push(...messages.map((message) => ({ ...message, lane: `ddl ${message.lane}` })));
  }
  await run.start();
  let events = fixtureEvents(fixture);
  while (events.length > 0 || run.source.session.waiting > 0 || run.relay.status().heldBytes > 0) {
    const reads = random.int(0, 6);
    await run.read(events.slice(0, reads));
    events = events.slice(reads);
    const [next] = waiting.splice(random.int(0, Math.max(0, waiting.length - 1)), 1);
    if (random.chance(0.2)) next?.reject(BUSY);
    else next?.resolve();
    await run.clock.advance(random.chance(0.3) ? 2000 : 1);
  }
  await run.stop();
  expect(run.outcome).toBe('stopped');
  Array.prototype.push.apply(run.sink.taken, order);
  return run;
}

const NOTHING_LEFT_OUT = {
  includes: (): boolean => true,
  mayInclude: (): boolean => true,
  excludesColumn: (): boolean => false,
  named: [],
};

it.each([
  ['shop.9.7', false],
  ['shop.9.7', true],
  // CREATE TABLE … SELECT: its rows follow in the same transaction, also in a compressed one.
  ['tagged.9.7', false],
])(
  'puts every statement of %s at its place, whatever the broker does; with a topic of its own: %s (invariant 13)',
  async (fixture, hasTopic) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const run = await publish(fixture, new Random(String(seed)), hasTopic);
        const items = run.sink.taken.flatMap(itemsOf);
        const statements = new Set(items.filter(({ isDdl }) => isDdl).map(({ number }) => number));
        expect(statements.size).toBeGreaterThan(2);
        for (const number of statements) {
          const places = items.flatMap((item, i) => (item.isDdl && item.number === number ? [i] : []));
          const lanes = new Set(places.map((i) => items[i]?.lane));
          expect(places).toHaveLength(hasTopic ? 1 : LANES);
          expect(lanes.size).toBe(places.length);
          const [first = 0] = places;
          const last = places.at(-1) ?? 0;
          const rows = (from: number, to: number): number[] =>
            items.slice(from, to).flatMap((item) => (item.isDdl ? [] : [item.number]));
          // By transaction; untagged GTIDs and tagged ones count apart, and the tagged come first here.
          if (fixture === 'shop.9.7') {
            expect(rows(0, last).every((row) => row < number)).toBe(true);
            expect(rows(first, items.length).every((row) => row > number)).toBe(true);
          }
          expect(rows(first, last)).toEqual([]);
        }
        expectNoGaps(run.sink.taken);
        expect(run.store.last?.gtidSet).toBe(run.relay.status().position?.gtidSet);
      }),
      { numRuns: 12 },
    );
  },
);

function expectNoGaps(messages: readonly OutboundMessage[]): void {
  const last = new Map<string, number>();
  for (const { lane, properties } of messages) {
    const sequence = Number(properties.get('sequence'));
    expect(sequence).toBe((last.get(lane) ?? 0) + 1);
    last.set(lane, sequence);
  }
}

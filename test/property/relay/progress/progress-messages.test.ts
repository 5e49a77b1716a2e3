/** src/relay/progress/progress-messages.ts, lanes and intake: what a progress message says is so. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { GtidSet } from '../../../../src/binlog/gtids/gtid-set.ts';
import { tableFilter } from '../../../../src/change/table-filter.ts';
import type { OutboundMessage } from '../../../../src/sink/sink.ts';
import type { MessageBody, ProgressBody } from '../../../support/replay.ts';
import { fixtureEvents, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { TestFlow } from '../../../support/flow.ts';
import { Random } from '../../../support/round-trip/random.ts';
import { RelayRun } from '../../../support/relay-ends.ts';

const BUSY = new RelayError('SINK_BUSY', 'try again');
const PROGRESS_MS = 1000;
const EVERYTHING = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });

/** A message, as far as it matters here. */
interface Item {
  readonly lane: string;
  /** `table id` of its changes, those of the two halves of an update alike. */
  readonly changes: readonly string[];
  /** Of a statement. */
  readonly gtid: string | undefined;
  /** Of a progress message. */
  readonly gtidSet: string | undefined;
  readonly round: string;
}

function itemOf({ lane, body, tag }: OutboundMessage): Item {
  const message = JSON.parse(body.toString()) as MessageBody | ProgressBody;
  const gtidSet = 'progress' in message ? message.progress.gtidSet : undefined;
  expect(tag === 'progress').toBe(gtidSet !== undefined);
  const ids = message.changes.map((change) => `${message.source}:${change.replace('+', '')}`);
  const isRows = gtidSet === undefined && tag !== 'ddl';
  const changes = isRows ? ids.map((id) => `${message.database}.${message.table} ${id}`) : [];
  return { lane, changes, gtid: tag === 'ddl' ? message.gtid : undefined, gtidSet, round: ids[0] ?? '' };
}

/** For each change the first GTID set that was read with which it is committed: one event after the other tells. */
async function committedWith(events: readonly FixtureEvent[]): Promise<ReadonlyMap<string, GtidSet>> {
  const found = new Map<string, GtidSet>();
  const flow = new TestFlow({ ordering: 'total' });
  for (const event of events) {
    flow.read([event]);
    await flow.drain();
    const set = GtidSet.parse(flow.intake.position.gtidSet ?? '');
    for (const message of flow.sent.splice(0)) for (const change of itemOf(message).changes) found.set(change, set);
  }
  return found;
}

/** A run whose reads, sends and times are as `random` says. */
async function publish(events: readonly FixtureEvent[], random: Random): Promise<RelayRun> {
  const run = new RelayRun({
    progressMs: PROGRESS_MS,
    lanes: random.int(1, 5),
    // With the smallest one, every transaction is taken in many steps, and reading pauses all the time.
    heldBytes: random.pick([2 << 10, 16 << 10, 1 << 20]),
    messageBytes: random.pick([300, 64 << 10]),
    ddl: random.pick(['warn', 'publish']),
    filter: EVERYTHING,
  });
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  run.sink.onSend = () => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  await run.start();
  let left = events;
  while (left.length > 0 || run.source.session.waiting > 0 || run.relay.status().heldBytes > 0) {
    const reads = random.int(0, 6);
    await run.read(left.slice(0, reads));
    left = left.slice(reads);
    for (let sends = random.int(0, 3); sends > 0; sends -= 1) {
      const [next] = waiting.splice(random.int(0, Math.max(0, waiting.length - 1)), 1);
      if (random.chance(0.1)) next?.reject(BUSY);
      else next?.resolve();
    }
    await run.clock.advance(random.chance(0.2) ? PROGRESS_MS : random.int(1, 100));
  }
  await run.stop();
  return run;
}

describe('progress messages', () => {
  it.each(['shop.9.7', 'compressed.9.7', 'tagged.9.7', 'xa.9.7', 'xa-compressed.9.7'])(
    'stand behind all rows of their GTID set that their lane has, and before all others: %s (invariant 21)',
    async (fixture) => {
      const events = fixtureEvents(fixture);
      const committed = await committedWith(events);
      expect(committed.size).toBeGreaterThan(5);
      let said = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (seed) => {
          const run = await publish(events, new Random(String(seed)));
          expect(run.outcome).toBe('stopped');
          const items = run.sink.taken.map(itemOf);
          expect(new Set(items.flatMap(({ changes }) => changes)).size).toBe(committed.size);
          const sets = new Map<string, string>();
          for (const [i, { lane, gtidSet, round }] of items.entries()) {
            if (gtidSet === undefined) continue;
            said += 1;
            const set = GtidSet.parse(gtidSet);
            const isIn = (change: string): boolean => {
              const own = committed.get(change);
              if (own === undefined) throw new Error(`${change} is not known`);
              return set.contains(own);
            };
            const ofLane = (part: readonly Item[]): readonly Item[] => part.filter((item) => item.lane === lane);
            const [before, after] = [ofLane(items.slice(0, i)), ofLane(items.slice(i))];
            expect(before.flatMap(({ changes }) => changes).filter((change) => !isIn(change))).toEqual([]);
            expect(after.flatMap(({ changes }) => changes).filter(isIn)).toEqual([]);
            const hasStatement = ({ gtid }: Item): boolean => gtid !== undefined && set.contains(GtidSet.parse(gtid));
            expect(before.filter((item) => item.gtid !== undefined && !hasStatement(item))).toEqual([]);
            expect(after.filter(hasStatement)).toEqual([]);
            // The same in every lane.
            expect(sets.get(round) ?? gtidSet).toBe(gtidSet);
            sets.set(round, gtidSet);
          }
          expectNoGaps(run.sink.taken);
          expect(run.store.last?.gtidSet).toBe(run.relay.status().lowWaterMark?.gtidSet);
          expect(run.relay.status().heldBytes).toBe(0);
          expect(run.clock.sleeping).toBe(0);
        }),
        { numRuns: 12 },
      );
      expect(said).toBeGreaterThan(20);
    },
  );
});

function expectNoGaps(messages: readonly OutboundMessage[]): void {
  const last = new Map<string, number>();
  for (const { lane, properties } of messages) {
    const sequence = Number(properties.get('sequence'));
    expect(sequence).toBe((last.get(lane) ?? 0) + 1);
    last.set(lane, sequence);
  }
}

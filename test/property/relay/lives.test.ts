/** All of src/relay: random lives of connections, broker and relay. */
import { expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { readGtid } from '../../../src/binlog/events/gtid.ts';
import { newGtidRecord } from '../../../src/binlog/events/gtid-record.ts';
import { newMariadbGtidRecord, readMariadbGtid } from '../../../src/binlog/events/mariadb-gtid.ts';
import { parseGtids, type Flavour } from '../../../src/binlog/gtids/gtids.ts';
import type { MessageBody } from '../../support/replay.ts';
import { fixtureEvents, type FixtureEvent } from '../../support/binlog-fixture.ts';
import { EARLIEST } from '../../support/flow.ts';
import { FakeStore, RelayRun, type FakeSession, type RelayRunOptions } from '../../support/relay-ends.ts';
import { ManualClock } from '../../support/sink/manual-clock.ts';
import { Random } from '../../support/round-trip/random.ts';
import { laneNames } from '../../support/lane-names.ts';

const LOST = new RelayError('SOURCE_UNREACHABLE', 'the connection was lost');
const BUSY = new RelayError('SINK_BUSY', 'try again');
const LIVES = 4;
const RUNS = 12;
/** Where every policy lets rows through, nothing stops the relay. */
const ALL: RelayRunOptions = {
  ddl: 'publish',
  filter: { includes: () => true, mayInclude: () => true, excludesColumn: () => false, named: [] },
  publish: { oversize: 'skeleton', partialRows: 'allow', invalidText: 'base64', timeZone: 'UTC', binary: 'base64' },
};

interface Stream {
  readonly name: string;
  readonly flavour: Flavour;
  readonly maxBodyBytes: number;
}

/** A server that holds the events of a fixture. */
class Server {
  readonly #flavour: Flavour;
  readonly #preamble: FixtureEvent[] = [];
  readonly #transactions: { source: string; gno: bigint; events: FixtureEvent[] }[] = [];

  constructor({ name, flavour }: Stream) {
    this.#flavour = flavour;
    for (const event of fixtureEvents(name)) {
      const end = event.bytes.length - 4;
      if (['GTID', 'GTID_TAGGED'].includes(event.name)) {
        const gtid = newGtidRecord();
        readGtid(event.bytes, 0, end, gtid);
        this.#transactions.push({ ...gtid, events: [event] });
      } else if (event.name === 'MARIADB_GTID') {
        const gtid = newMariadbGtidRecord();
        readMariadbGtid(event.bytes, 0, end, gtid);
        this.#transactions.push({ ...gtid, events: [event] });
      } else (this.#transactions.at(-1)?.events ?? this.#preamble).push(event);
    }
  }

  dumpFrom(gtidSet: string): FixtureEvent[] {
    const known = parseGtids(this.#flavour, gtidSet);
    const rest = this.#transactions.filter(({ source, gno }) => !known.hasGtid(source, gno));
    return [...this.#preamble, ...rest.flatMap(({ events }) => events)];
  }

  /** The transactions that a position does not hold. */
  missingIn(gtidSet: string): number {
    const known = parseGtids(this.#flavour, gtidSet);
    return this.#transactions.filter(({ source, gno }) => !known.hasGtid(source, gno)).length;
  }
}

function newRun({ flavour, maxBodyBytes }: Stream, options: RelayRunOptions): RelayRun {
  const run = new RelayRun({ ...ALL, ...options });
  run.sink.open = () => Promise.resolve({ destination: 'a list', queues: 1, maxBodyBytes, laneNames });
  run.source.prepare = (stored) =>
    Promise.resolve({ start: stored ?? EARLIEST, flavour, serverUuid: 'server', warnings: [] });
  return run;
}

interface Item {
  readonly id: string;
  /** Of the row; undefined for a statement. */
  readonly key: string | undefined;
}

type Body = Omit<MessageBody, 'isDdl'> & { readonly isDdl: boolean };

function itemsOf(run: RelayRun): readonly Item[] {
  return run.sink.taken.flatMap(({ body }) => {
    const { isDdl, database, table, source, changes, pkNames, data } = JSON.parse(body.toString()) as Body;
    const name = `${database}.${table}`;
    return changes.map((change, i) => {
      const id = `${name} ${source}:${change}`;
      if (isDdl) return { id: `${source}:${change}`, key: undefined };
      return { id, key: pkNames === null ? name : [name, ...pkNames.map((column) => data[i]?.[column])].join(' ') };
    });
  });
}

/** The place of everything in the commit order: one lane, and one row a message. */
async function placesOf(stream: Stream): Promise<ReadonlyMap<string, number>> {
  const run = newRun(stream, { lanes: 1, messageBytes: 1, heldBytes: 64 << 20 });
  await run.start();
  await run.read(fixtureEvents(stream.name));
  while (run.relay.status().heldBytes > 0 && run.relay.status().lanesBusy > 0) await run.clock.advance(1);
  await run.stop();
  expect(run.outcome).toBe('stopped');
  return new Map(itemsOf(run).map(({ id }, i) => [id, i]));
}

/**
 * What one run has published: each row once, the rows of a key in commit order, and statements at their place among all
 * rows.
 */
function expectInOrder(items: readonly Item[], places: ReadonlyMap<string, number>): void {
  const newestOfKey = new Map<string, number>();
  let newest = -1;
  let newestStatement = -1;
  for (const { id, key } of items) {
    const place = places.get(id) ?? -1;
    if (key === undefined) {
      expect(place, id).toBeGreaterThanOrEqual(newest);
      newestStatement = place;
    } else {
      expect(place, id).toBeGreaterThan(Math.max(newestStatement, newestOfKey.get(key) ?? -1));
      newestOfKey.set(key, place);
    }
    newest = Math.max(newest, place);
  }
}

/** Reads, sends and fails as `random` says, until `steps` are over or everything is published. */
async function live(run: RelayRun, server: Server, random: Random, steps: number): Promise<void> {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  run.sink.onSend = () => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  await run.start();
  let session: FakeSession | undefined;
  let events: FixtureEvent[] = [];
  for (let step = 0; step < steps; step += 1) {
    const newest = run.source.session;
    if (newest !== session) events = server.dumpFrom(newest.position.gtidSet ?? '');
    session = newest;
    if (!session.isClosed) {
      await run.read(events.splice(0, random.int(0, 6)));
      if (step < 200 && random.chance(0.1)) session.fail(LOST);
    }
    const [sent] = waiting.splice(random.int(0, Math.max(0, waiting.length - 1)), 1);
    if (random.chance(0.1)) sent?.reject(BUSY);
    else sent?.resolve();
    await run.clock.advance(random.chance(0.3) ? 2500 : 1);
    expect(run.outcome).toBeUndefined();
    const { lanesBusy, ddlWaits, position } = run.relay.status();
    if (lanesBusy === 0 && !ddlWaits && server.missingIn(position?.gtidSet ?? '') === 0) return;
  }
}

it.each<Stream>([
  { name: 'shop.9.7', flavour: 'mysql', maxBodyBytes: 1 << 20 },
  { name: 'xa.9.7', flavour: 'mysql', maxBodyBytes: 1 << 20 },
  { name: 'xa-compressed.9.7', flavour: 'mysql', maxBodyBytes: 1 << 20 },
  { name: 'tagged.9.7', flavour: 'mysql', maxBodyBytes: 1 << 20 },
  { name: 'compressed.9.7', flavour: 'mysql', maxBodyBytes: 1500 },
  { name: 'noblob.9.7', flavour: 'mysql', maxBodyBytes: 3000 },
  { name: 'values.9.7', flavour: 'mysql', maxBodyBytes: 3000 },
  { name: 'mariadb.10.11', flavour: 'mariadb', maxBodyBytes: 3000 },
])(
  'publishes everything of $name in its order, whatever connections, broker and relay do; body at most $maxBodyBytes bytes (invariant 12)',
  async (stream) => {
    const server = new Server(stream);
    const places = await placesOf(stream);
    expect(places.size).toBeGreaterThan(5);
    for (let seed = 0; seed < RUNS; seed += 1) {
      const random = new Random(`${stream.name} ${seed}`);
      const store = new FakeStore();
      const published = new Set<string>();
      for (let life = 1; life <= LIVES; life += 1) {
        const isLast = life === LIVES;
        const run = newRun(stream, {
          store,
          heldBytes: random.int(20_000, 120_000),
          messageBytes: random.int(300, 4000),
          requestsPerSecond: random.chance(0.3) ? random.int(10, 2000) : Infinity,
          // A backlog now and then.
          clock: new ManualClock(random.chance(0.5) ? Date.UTC(2040, 0) : Date.UTC(2020, 0)),
        });
        await live(run, server, random, isLast ? Infinity : random.int(5, 120));
        // What is not stopped was killed: its clock stands still.
        if (isLast || random.chance(0.5)) await run.stop();
        const items = itemsOf(run);
        expectInOrder(items, places);
        for (const { id } of items) published.add(id);
        if (isLast && run.relay.status().openXaBranches.length === 0)
          expect(server.missingIn(store.last?.gtidSet ?? '')).toBe(0);
      }
      expect([...places.keys()].filter((id) => !published.has(id))).toEqual([]);
    }
  },
);

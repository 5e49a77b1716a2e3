/** src/relay/kept/xa-branches.ts and xa-branch.ts, with intake and low-water mark. */
import { describe, expect, it } from 'vitest';
import { eventNextOffset, eventSize } from '../../../src/binlog/wire/event-header.ts';
import { readGtid } from '../../../src/binlog/events/gtid.ts';
import { newGtidRecord } from '../../../src/binlog/events/gtid-record.ts';
import { readQuery } from '../../../src/binlog/statements/query.ts';
import type { StartPosition } from '../../../src/source/source.ts';
import { codeOf, fixtureEvents, type FixtureEvent } from '../../support/binlog-fixture.ts';
import { changesOf, TestFlow, type FlowOptions } from '../../support/flow.ts';
import { RelayRun } from '../../support/relay-ends.ts';

const CHECKSUM_BYTES = 4;
const FIXTURES = ['xa.9.7', 'xa.8.0', 'xa-compressed.9.7'];

const withoutServer = (changes: readonly string[]): string[] =>
  changes.map((change) => change.replace(/^[0-9a-f-]{36}:/, ''));
const statementOf = ({ name, bytes }: FixtureEvent): string =>
  name === 'QUERY' ? readQuery(bytes, 0, bytes.length - CHECKSUM_BYTES).statement : '';
const isGtid = ({ name }: FixtureEvent): boolean => name === 'GTID';

/** What a dump that starts at `position` sends: what names the file, then the events from there on. */
function dumpFrom(events: readonly FixtureEvent[], { offset }: StartPosition): FixtureEvent[] {
  const first = events.findIndex(isGtid);
  const found = events.findIndex(({ bytes }) => eventNextOffset(bytes, 0) - eventSize(bytes, 0) === offset);
  const rest = offset === 4 ? first : found < 0 ? events.length : found;
  return [...events.slice(0, first), ...events.slice(rest)];
}

/** The transactions of a fixture: each from its GTID on. */
function transactionsOf(events: readonly FixtureEvent[]): FixtureEvent[][] {
  const starts = events.flatMap((event, i) => (isGtid(event) ? [i] : []));
  return starts.map((from, i) => events.slice(from, starts[i + 1] ?? events.length - 1));
}

/** Index of the n-th transaction in which `text` stands. */
function transactionWith(events: readonly FixtureEvent[], text: string, n = 0): number {
  const found = transactionsOf(events).flatMap((transaction, i) =>
    transaction.some((event) => statementOf(event).startsWith(text)) ? [i] : [],
  )[n];
  if (found === undefined) throw new Error(`no transaction with ${text}`);
  return found;
}

describe('XA branches', () => {
  const events = fixtureEvents('xa.9.7');
  const transactions = transactionsOf(events);
  const preamble = events.slice(0, events.findIndex(isGtid));

  it('are published at their commit, with the ids of the transactions in which they were logged', async () => {
    expect(withoutServer(await changesOf(events, { ordering: 'total' }))).toMatchInlineSnapshot(`
      [
        "5#0 INSERT a {"id":"1","v":"one"}",
        "6#0 INSERT a {"id":"2","v":"two"}",
        "6#1 UPDATE a {"id":"2","v":"deux"} was {"v":"two"}",
        "10#0 INSERT a {"id":"3","v":"three"}",
        "10#0 INSERT b {"id":"3","v":"three"}",
        "12#0 INSERT a {"id":"6","v":"six"}",
        "15#0 INSERT b {"id":"8","v":"eight"}",
        "14#0 INSERT a {"id":"7","v":"seven"}",
        "18#0 DELETE b {"id":"8","v":"eight"}",
        "13#0 INSERT a {"id":"4","v":"four"}",
        "13#0 INSERT b {"id":"4","v":"four"}",
        "13#1 INSERT b {"id":"5","v":"five"}",
        "13#1 UPDATE a {"id":"4","v":"quatre"} was {"v":"four"}",
        "13#2 DELETE b {"id":"5","v":"five"}",
        "21#0 INSERT a {"id":"12","v":"twelve"}",
        "20#0 INSERT a {"id":"10","v":"ten"}",
        "20#1 UPDATE a {"id":"11","v":"ten"} was {"id":"10"}",
        "23#0 INSERT a {"id":"13","v":"thirteen"}",
      ]
    `);
  });

  it('are logged by 8.0 as by 9.7', async () => {
    const ids = async (fixture: string): Promise<string[]> => {
      const changes = withoutServer(await changesOf(fixtureEvents(fixture), { ordering: 'total' }));
      const first = Number.parseInt(changes[0] ?? '', 10);
      return changes.map((change) => change.replace(/^\d+/, (gno) => String(Number(gno) - first)));
    };
    expect(await ids('xa.8.0')).toEqual(await ids('xa.9.7'));
  });

  it('may be compressed', async () => {
    const changes = await changesOf(fixtureEvents('xa-compressed.9.7'), { ordering: 'total' });
    expect(withoutServer(changes).map((change) => change.replace(/(\w)\1{199}/g, '$1 x 200'))).toMatchInlineSnapshot(`
      [
        "30#0 INSERT a {"id":"3","v":"d x 200"}",
        "30#1 INSERT a {"id":"4","v":"e x 200"}",
        "29#0 INSERT a {"id":"1","v":"a x 200"}",
        "29#1 INSERT a {"id":"2","v":"b x 200"}",
        "29#2 UPDATE a {"id":"2","v":"c"} was {"v":"b x 200"}",
        "34#0 INSERT a {"id":"5","v":"g x 200"}",
        "34#1 INSERT a {"id":"6","v":"h x 200"}",
      ]
    `);
  });

  it('bear the time of their commit', async () => {
    const [prepare, commit] = ["XA START X'6c656674'", "XA COMMIT X'6c656674'"].map((text) => {
      const [gtid] = transactions[transactionWith(events, text)] ?? [];
      const record = newGtidRecord();
      if (gtid !== undefined) readGtid(gtid.bytes, 0, gtid.bytes.length - CHECKSUM_BYTES, record);
      return Math.floor(record.originalCommitMs);
    });
    expect(prepare).toBeLessThan(commit ?? 0);
    const flow = new TestFlow();
    // Up to it only: a message bears the time of its newest row.
    flow.read([...preamble, ...transactions.slice(0, transactionWith(events, "XA COMMIT X'6c656674'") + 1).flat()]);
    await flow.drain();
    expect(flow.bodies().find(({ data }) => data.some(({ v }) => v === 'ten'))?.es).toBe(commit);
  });

  describe.each(FIXTURES)('%s', (fixture) => {
    const all = fixtureEvents(fixture);

    it('are taken exactly once when the connection is lost after any event', async () => {
      const expected = (await changesOf(all)).sort();
      for (let cut = all.findIndex(isGtid); cut < all.length; cut += 1) {
        const flow = new TestFlow();
        flow.read(all.slice(0, cut));
        if (cut % 2 === 0) await flow.drain();
        flow.intake.restart();
        flow.read(dumpFrom(all, flow.intake.position));
        await flow.drain();
        expect(flow.changes().sort(), `cut before event ${cut}`).toEqual(expected);
      }
    });

    it('are taken exactly once when the connection is lost at any step of a replay', async () => {
      const expected = (await changesOf(all)).sort();
      let replays = 0;
      for (let steps = 0; ; steps += 1) {
        let room = steps;
        const flow = new TestFlow({ oneStepBytes: 0, hasRoom: () => room-- > 0 });
        for (const event of all) {
          flow.read([event]);
          if (flow.intake.isBusy) break;
        }
        if (!flow.intake.isBusy) break;
        replays += 1;
        if (steps % 2 === 0) await flow.drain();
        flow.intake.restart();
        room = Number.MAX_SAFE_INTEGER;
        // The next session begins when what has ended is taken.
        while (flow.intake.isBusy) flow.intake.takeUp();
        flow.read(dumpFrom(all, flow.intake.position));
        await flow.drain();
        expect(flow.changes().sort(), `cut after ${steps} steps`).toEqual(expected);
      }
      expect(replays).toBeGreaterThan(10);
    });

    it.each([
      ['none', () => true],
      ['lane-0', (lane: string) => lane !== 'lane-0'],
      ['lane-1', (lane: string) => lane !== 'lane-1'],
      ['lane-2', (lane: string) => lane !== 'lane-2'],
      ['lane-3', (lane: string) => lane !== 'lane-3'],
      ['all', () => false],
    ])(
      'lose nothing when the process is killed after any event; lanes without acknowledgement: %s',
      async (_, acknowledges) => {
        const expected = new Set(await changesOf(all));
        for (let cut = all.findIndex(isGtid); cut <= all.length; cut += 1) {
          const killed = new TestFlow({ acknowledges });
          for (const event of all.slice(0, cut)) {
            killed.read([event]);
            // As a lane sends at the end of a read, and is idle again before the next.
            await flushed(killed);
          }
          const start = killed.lowWater.position();
          const next = new TestFlow({ start });
          next.read(dumpFrom(all, start));
          await next.drain();
          const acknowledged = killed.sent.filter(({ lane }) => acknowledges(lane));
          const both = [...killed.changes(acknowledged), ...next.changes()];
          expect(new Set(both), `killed before event ${cut}`).toEqual(expected);
        }
      },
    );

    it('take turns with what is sent when there is little room', async () => {
      let room = 0;
      const flow = new TestFlow({ oneStepBytes: 0, hasRoom: () => room-- > 0 });
      for (const event of all) {
        room = 1;
        flow.read([event]);
        while (flow.intake.isBusy) {
          room = 1;
          flow.intake.takeUp();
        }
      }
      await flow.drain();
      expect(flow.changes().sort()).toEqual((await changesOf(all)).sort());
    });

    it('go to files when there is no memory for them, and leave none', async () => {
      const flow = new TestFlow({ xaMemoryBytes: 0, transactionMemoryBytes: 0 });
      flow.read(all);
      await flow.drain();
      expect(flow.changes().sort()).toEqual((await changesOf(all)).sort());
      expect(flow.spillFiles.created).toBeGreaterThan(2);
      expect(flow.spillFiles.open).toBe(0);
      expect(flow.outbox.held.bytes + flow.eventBytes.bytes).toBe(0);
    });
  });

  it('hold the low-water mark, and their bytes, from XA PREPARE to their end', async () => {
    const flow = new TestFlow();
    const open: string[] = [];
    for (const [i, transaction] of [preamble, ...transactions].entries()) {
      flow.read(transaction);
      await flow.drain();
      const position = flow.lowWater.position();
      const branches = flow.xa.open;
      const first = transactions.findIndex((one) => positionBefore(one) === position.offset);
      expect(flow.eventBytes.bytes > 0, `after ${i}`).toBe(branches.length > 0);
      if (branches.length === 0) {
        if (i > 0) expect(position, `after ${i}`).toEqual(flow.intake.position);
        continue;
      }
      const started = statementOf(transactions[first]?.[1] ?? { name: '', bytes: Buffer.alloc(0) });
      expect(started).toBe(`XA START ${branches[0]?.xid}`);
      open.push(branches.map(({ xid }) => xid).join(' and '));
    }
    expect(new Set(open)).toEqual(
      new Set([
        "X'636f6d6d6974',X'',1",
        "X'726f6c6c6261636b',X'',1",
        "X'00275c2cff',X'e69c8d01',0",
        "X'00275c2cff',X'e69c8d01',0 and X'00275c2cff',X'e69c8d00',4294967295",
        "X'00275c2cff',X'e69c8d01',0 and X'00275c2cff',X'e69c8d00',4294967295 and X'00275c2cff',X'',0",
        "X'00275c2cff',X'e69c8d00',4294967295",
        "X'6c656674',X'',1",
      ]),
    );
  });

  it('keep nothing of excluded tables', () => {
    const upTo = transactionWith(events, "XA START X'6c656674'");
    const bytesOf = (options: FlowOptions): number | undefined => {
      const flow = new TestFlow(options);
      flow.read([...preamble, ...transactions.slice(0, upTo + 1).flat()]);
      return flow.xa.open[0]?.bytes;
    };
    expect(bytesOf({})).toBeGreaterThan(0);
    expect(bytesOf({ include: ['fxx.b'] })).toBe(0);
  });

  it('stop the relay when one is committed whose rows were not read', () => {
    const commit = transactions[transactionWith(events, 'XA COMMIT')] ?? [];
    const flow = new TestFlow();
    expect(codeOf(() => flow.read([...preamble, ...commit]))).toBe('XA_UNKNOWN_BRANCH');
    expect(() => new TestFlow().read([...preamble, ...commit])).toThrow(
      /^at \S+:\d+, transaction \S+: XA COMMIT X'636f/,
    );
  });

  it('may be rolled back when their rows were not read', () => {
    const rollback = transactions[transactionWith(events, 'XA ROLLBACK')] ?? [];
    const flow = new TestFlow();
    flow.read([...preamble, ...rollback]);
    expect(flow.lowWater.position()).toEqual(flow.intake.position);
    expect(flow.intake.counters.transactionsRead).toBe(1);
  });

  it('give way to another of the same name, which a server takes only when it has lost the first', async () => {
    const lost = transactionWith(events, "XA COMMIT X'6c656674'");
    const flow = new TestFlow();
    flow.read([...preamble, ...transactions.filter((_, i) => i !== lost).flat()]);
    await flow.drain();
    const names = flow.bodies().flatMap(({ data }) => data.map(({ v }) => v));
    expect(names).toContain('thirteen');
    expect(names).not.toContain('ten');
    expect(flow.lowWater.position()).toEqual(flow.intake.position);
  });

  it('are reported once when they are old', () => {
    const flow = new TestFlow();
    flow.read([...preamble, ...transactions.slice(0, transactionWith(events, "XA START X'6c656674'") + 1).flat()]);
    const [branch] = flow.xa.open;
    if (branch === undefined) throw new Error('no branch is open');
    expect(flow.xa.newlyOlder(branch.sinceMs)).toEqual([]);
    expect(flow.xa.newlyOlder(branch.sinceMs + 1)).toEqual([branch]);
    expect(flow.xa.newlyOlder(branch.sinceMs + 1)).toEqual([]);
  });

  it('free memory and files when the run ends', () => {
    const flow = new TestFlow({ xaMemoryBytes: 0, transactionMemoryBytes: 0 });
    flow.read([...preamble, ...transactions.slice(0, transactionWith(events, "XA START X'6c656674'") + 1).flat()]);
    expect(flow.spillFiles.open).toBe(1);
    flow.xa.close();
    expect(flow.spillFiles.open).toBe(0);
  });
});

describe('a relay with an open branch', () => {
  const all = fixtureEvents('xa.9.7');
  const upToPrepare = transactionsOf(all).slice(0, transactionWith(all, "XA START X'6c656674'") + 1);
  const xid = "X'6c656674',X'',1";
  const WARNING = 'an XA branch has been prepared for long';
  const LATER_MS = 10 ** 12;

  it('is idle when it has published what is committed, shows the branch, and warns of it once', async () => {
    const run = new RelayRun();
    await run.start();
    await run.read([...all.slice(0, all.findIndex(isGtid)), ...upToPrepare.flat()]);
    const { position, lowWaterMark } = run.relay.status();
    if (position === undefined) throw new Error('nothing was read');
    expect(lowWaterMark?.offset).toBe(positionBefore(upToPrepare.at(-1) ?? []));
    expect(position.offset).toBeGreaterThan(lowWaterMark?.offset ?? 0);
    run.source.onHead = () => Promise.resolve({ ...position, serverUuid: '' });

    for (let turn = 0; turn < 3; turn += 1) await run.clock.advance(LATER_MS);
    expect(run.relay.status()).toMatchObject({
      progress: 'idle',
      oldestUnacknowledgedMs: undefined,
      openXaBranches: [{ xid, sinceMs: expect.any(Number) as number, bytes: expect.any(Number) as number }],
    });
    expect(run.log.filter((line) => line.startsWith(WARNING))).toHaveLength(1);
    await run.stop();
    expect(run.outcome).toBe('stopped');
    expect(run.store.last?.offset).toBe(lowWaterMark?.offset);
  });

  it('is stuck when the server has more and nothing comes', async () => {
    const run = new RelayRun();
    await run.start();
    await run.read([...all.slice(0, all.findIndex(isGtid)), ...upToPrepare.flat()]);
    run.source.onHead = () =>
      Promise.resolve({ file: 'binlog.999999', offset: 4, gtidSet: `${UNREAD}:1`, serverUuid: '' });
    for (let turn = 0; turn < 8; turn += 1) await run.clock.advance(5_000);
    expect(run.relay.status().progress).toBe('stuck');
    await run.stop();
  });
});

const UNREAD = '00000000-0000-0000-0000-0000000000ff';

const positionBefore = ([gtid]: readonly FixtureEvent[]): number | undefined =>
  gtid === undefined ? undefined : eventNextOffset(gtid.bytes, 0) - eventSize(gtid.bytes, 0);

/** Sends what is held, as far as it is acknowledged. */
async function flushed(flow: TestFlow): Promise<void> {
  flow.outbox.flush();
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

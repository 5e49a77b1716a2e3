/** src/relay/intake on MariaDB's events: intake, transaction-reader, gtid-reader. */
import { describe, expect, it } from 'vitest';
import { eventNextOffset, eventSize } from '../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../src/binlog/wire/event-types.ts';
import { codeOf, fixtureEvents, madeEvent, withoutChecksum, type FixtureEvent } from '../../support/binlog-fixture.ts';
import { changesOf, TestFlow, type FlowOptions } from '../../support/flow.ts';

const MARIADB: FlowOptions = { flavour: 'mariadb' };
const events = fixtureEvents('mariadb.10.11');
const isTransactionStart = ({ name }: FixtureEvent): boolean => name === 'MARIADB_GTID';
const preamble = events.slice(0, events.findIndex(isTransactionStart));
/** Without the port of the server that the fixture was made on. */
const short = (changes: readonly string[]): string[] => changes.map((change) => change.replace(/^(\d+)-\d+:/, '$1-S:'));

function withoutCounters(changes: readonly string[]): string[] {
  return short(changes).map((change) => change.replace(/^\S+:(\d+)#/, '#'));
}

describe('Intake, of MariaDB', () => {
  it('publishes every change once, XA branches at their commit, compressed ones like others', async () => {
    expect(withoutCounters(await changesOf(events, { ...MARIADB, ordering: 'total' }))).toMatchInlineSnapshot(`
      [
        "#0 INSERT t {"id":"1","v":"one"}",
        "#1 INSERT t {"id":"2","v":"two"}",
        "#0 UPDATE t {"id":"1","v":"eins"} was {"v":"one"}",
        "#0 INSERT t {"id":"3","v":"three"}",
        "#0 INSERT m {"id":"1"}",
        "#0 INSERT c {"id":"1","v":"eins"}",
        "#1 INSERT c {"id":"2","v":"two"}",
        "#2 INSERT c {"id":"3","v":"three"}",
        "#0 INSERT m {"id":"2"}",
        "#0 INSERT t {"id":"10","v":"xa"}",
        "#0 INSERT t {"id":"11","v":"xa"}",
        "#0 INSERT history {"id":"1","v":"1","row_start":"2026-11-23 11:40:08.000000","row_end":"2038-01-19 03:14:07.999999"}",
        "#0 UPDATE history {"id":"1","v":"2","row_start":"2026-11-23 11:40:09.000000","row_end":"2038-01-19 03:14:07.999999"} was {"v":"1","row_start":"2026-11-23 11:40:08.000000"}",
        "#1 INSERT history {"id":"1","v":"1","row_start":"2026-11-23 11:40:08.000000","row_end":"2026-11-23 11:40:09.000000"}",
        "#0 INSERT t {"id":"20","v":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}",
        "#1 INSERT t {"id":"21","v":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}",
        "#0 UPDATE t {"id":"20","v":"cccccccccccccccccccccccccccccccccccccccc"} was {"v":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}",
        "#1 UPDATE t {"id":"21","v":"cccccccccccccccccccccccccccccccccccccccc"} was {"v":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}",
        "#0 INSERT t {"id":"22","v":"dddddddddddddddddddddddddddddddddddddddd"}",
        "#0 DELETE t {"id":"20","v":"cccccccccccccccccccccccccccccccccccccccc"}",
        "#1 DELETE t {"id":"21","v":"cccccccccccccccccccccccccccccccccccccccc"}",
        "#2 DELETE t {"id":"22","v":"dddddddddddddddddddddddddddddddddddddddd"}",
        "#0 INSERT t {"id":"30","v":"another domain"}",
      ]
    `);
  });

  it('gives changes ids of the server, and messages its own text of a GTID', async () => {
    const flow = new TestFlow(MARIADB);
    flow.read(events);
    await flow.drain();
    const bodies = flow.bodies();
    const [first] = bodies;
    expect(first?.source).toMatch(/^0-\d+$/);
    expect(first?.changes[0]).toMatch(/^\d+#0$/);
    expect(first?.gtid).toBe(`${first?.source ?? ''}-${first?.changes.at(-1)?.split('#')[0] ?? ''}`);
    expect(bodies.some(({ source }) => source.startsWith('7-'))).toBe(true);
  });

  it('reads to the position that the server itself would give, domain by domain', async () => {
    const flow = new TestFlow(MARIADB);
    flow.read(events);
    expect(flow.intake.position.gtidSet).toMatch(/^0-\d+-\d+,7-\d+-1$/);
    await flow.drain();
    expect(flow.lowWater.position()).toEqual(flow.intake.position);
  });

  it('gives a change the same id from any transaction boundary', async () => {
    const all = new Set(await changesOf(events, MARIADB));
    const isPreparing = ({ name, bytes }: FixtureEvent): boolean =>
      name === 'MARIADB_GTID' && (bytes.readUInt8(19 + 12) & 0xc0) !== 0;
    const from = events.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
    const afterXa = events.findLastIndex(isPreparing);
    for (const start of from.filter((i) => i > afterXa || i < events.findIndex(isPreparing))) {
      for (const change of await changesOf([...preamble, ...events.slice(start)], MARIADB))
        expect(all).toContain(change);
    }
  });

  it('takes every change exactly once when the connection is lost after any event', async () => {
    const expected = (await changesOf(events, MARIADB)).sort();
    for (let cut = preamble.length; cut < events.length; cut += 1) {
      const flow = new TestFlow(MARIADB);
      flow.read(events.slice(0, cut));
      const { gtidSet } = flow.intake.position;
      flow.intake.restart();
      // What a server sends that was asked for what comes after the position.
      flow.read([...preamble, ...events.slice(lastBoundary(cut))]);
      await flow.drain();
      expect({ cut, gtidSet, changes: flow.changes().sort() }).toEqual({ cut, gtidSet, changes: expected });
    }
  });

  it('passes exactly the transaction that is to be skipped, XA branches too', async () => {
    const all = await changesOf(events, MARIADB);
    const whole = new TestFlow(MARIADB);
    whole.read(preamble);
    const { file } = whole.intake.position;
    whole.read(events.slice(preamble.length));
    let unknownBranches = 0;
    for (const { bytes } of events.filter(isTransactionStart)) {
      const offset = eventNextOffset(bytes, 0) - eventSize(bytes, 0);
      const flow = new TestFlow({ ...MARIADB, skip: `${file}:${offset}` });
      const code = codeOf(() => flow.read(events));
      await flow.drain();
      expect(flow.skipped).toHaveLength(1);
      const left = flow.changes();
      expect(all).toEqual(expect.arrayContaining(left));
      // The rows of a branch are gone whose prepare was skipped: its commit has none to publish, and says so.
      if (code === 'XA_UNKNOWN_BRANCH') {
        unknownBranches += 1;
        continue;
      }
      expect(code).toBeUndefined();
      expect(flow.intake.position).toEqual(whole.intake.position);
      const missing = all.filter((change) => !left.includes(change)).map((change) => change.split('#')[0]);
      expect(new Set(missing).size).toBeLessThanOrEqual(1);
    }
    expect(unknownBranches).toBe(2);
  });

  it('takes an ALTER in two phases at its commit, and not at all when it is rolled back', () => {
    const flow = new TestFlow(MARIADB);
    flow.read(preamble.map(withoutChecksum));
    // As 10.11 writes them: START ALTER, COMMIT ALTER, START ALTER, ROLLBACK ALTER, and a plain one.
    const gtids = [
      '04000000000000000000000029020000000000',
      '05000000000000000000000029040400000000000000',
      '06000000000000000000000029020000000000',
      '07000000000000000000000029080600000000000000',
      '08000000000000000000000029000000000000',
    ];
    for (const [i, gtid] of gtids.entries()) {
      const alter = `ALTER TABLE t ADD c${i} INT`;
      flow.read([
        { name: 'MARIADB_GTID', bytes: madeEvent(EVENT.MARIADB_GTID, Buffer.from(gtid, 'hex')) },
        { name: 'QUERY', bytes: madeEvent(EVENT.QUERY, Buffer.from(`${'\0'.repeat(14)}${alter}`)) },
      ]);
    }
    expect(flow.ddl).toEqual(['ALTER TABLE t ADD c1 INT', 'ALTER TABLE t ADD c4 INT']);
    expect(flow.intake.position.gtidSet).toBe('0-0-8');
    expect(flow.lowWater.position()).toEqual(flow.intake.position);
  });

  it('knows the end of a compressed statement that is skipped', () => {
    const at = events.findIndex(({ name }) => name === 'QUERY_COMPRESSED');
    const gtid = events[at - 1]?.bytes ?? Buffer.alloc(0);
    const before = new TestFlow(MARIADB);
    before.read(preamble);
    const skip = `${before.intake.position.file}:${eventNextOffset(gtid, 0) - eventSize(gtid, 0)}`;
    const flow = new TestFlow({ ...MARIADB, skip });
    flow.read(events.slice(0, at + 1));
    expect(flow.skipped).toHaveLength(1);
    expect(flow.skip?.state).toBe('passed');
  });

  it('refuses a GTID that the position holds already', () => {
    const flow = new TestFlow(MARIADB);
    flow.read(events);
    expect(codeOf(() => flow.read(events.slice(preamble.length)))).toBe('BINLOG_UNSUPPORTED');
  });

  it('passes over what says nothing of rows, and not over what it does not know', () => {
    const flow = new TestFlow(MARIADB);
    flow.read(preamble);
    const take = (type: number): string | undefined => {
      const bytes = madeEvent(type, Buffer.from('DELETE FROM t'));
      return codeOf(() => flow.intake.event(bytes, 0, bytes.length));
    };
    flow.intake.restart();
    expect(take(EVENT.ANNOTATE_ROWS)).toBeUndefined();
    expect(take(EVENT.BINLOG_CHECKPOINT)).toBeUndefined();
    expect(take(EVENT.MARIADB_GTID_LIST)).toBeUndefined();
    expect(take(EVENT.START_ENCRYPTION)).toBe('BINLOG_UNSUPPORTED');
    expect(take(EVENT.PARTIAL_ROW_DATA)).toBe('BINLOG_UNSUPPORTED');
  });
});

/**
 * Index of the GTID event of the transaction that the event before `cut` belongs to, or `cut` when that one ended it.
 */
function lastBoundary(cut: number): number {
  const flow = new TestFlow(MARIADB);
  let boundary = preamble.length;
  events.slice(0, cut).forEach((event, i) => {
    const before = flow.intake.counters.transactionsRead;
    flow.read([event]);
    if (flow.intake.counters.transactionsRead > before) boundary = i + 1;
  });
  return boundary;
}

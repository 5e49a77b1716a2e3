import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { crc32 } from '../../../../src/binlog/wire/checksum.ts';
import { eventNextOffset, eventSize } from '../../../../src/binlog/wire/event-header.ts';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { parseSkip, Skip } from '../../../../src/relay/intake/skip.ts';
import { codeOf, fixtureEvents, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { changesOf, EARLIEST, TestFlow } from '../../../support/flow.ts';

const shop = fixtureEvents('shop.9.7');
const SERVER = '66add94e-e731-11f1-b77a-02fc00000001';
/** Three updates of one statement. */
const UPDATE = `${SERVER}:8`;

async function changesWith(
  events: readonly FixtureEvent[],
  skip: string,
): Promise<{ changes: string[]; flow: TestFlow }> {
  const flow = new TestFlow({ skip });
  flow.read(events);
  await flow.drain();
  return { changes: flow.changes().sort(), flow };
}

const without = (changes: readonly string[], transaction: string): string[] =>
  changes.filter((change) => !change.startsWith(`${transaction}#`)).sort();

describe('a transaction that is to be skipped (invariant 15)', () => {
  it('is the only one that is missing, and the position moves over it', async () => {
    const all = await changesOf(shop);
    for (let number = 1; number <= 17; number += 1) {
      const transaction = `${SERVER}:${number}`;
      const { changes, flow } = await changesWith(shop, transaction);
      expect(changes, transaction).toEqual(without(all, transaction));
      expect(flow.skipped).toEqual([transaction]);
      expect(flow.intake.position.gtidSet).toBe(`${SERVER}:1-17`);
      expect(flow.lowWater.position()).toEqual(flow.intake.position);
      expect(flow.skip?.state).toBe('passed');
    }
  });

  it('can be named by where it begins', async () => {
    const begins = shop
      .filter(({ name }) => name === 'GTID')
      .map(({ bytes }) => eventNextOffset(bytes, 0) - eventSize(bytes, 0));
    const file = new TestFlow();
    file.read(shop.slice(0, 4));
    const { changes, flow } = await changesWith(shop, `${file.intake.position.file}:${begins[7]}`);
    expect(changes).toEqual(without(await changesOf(shop), UPDATE));
    expect(flow.skipped).toEqual([UPDATE]);
  });

  it('is passed when the connection is lost in it', async () => {
    const from = shop.findIndex(({ name }) => name === 'UPDATE_ROWS');
    const flow = new TestFlow({ skip: UPDATE });
    flow.read(shop.slice(0, from + 1));
    flow.intake.restart();
    flow.read([...shop.slice(0, 2), ...shop.slice(from - 3)]);
    await flow.drain();
    expect(flow.changes().sort()).toEqual(without(await changesOf(shop), UPDATE));
    expect(flow.skipped).toEqual([UPDATE]);
  });

  // Each error names what to skip, until nothing stops the relay any more.
  it.each(['transactions.9.7', 'transactions.8.0'])('is named by every error that stops the relay: %s', (fixture) => {
    const events = fixtureEvents(fixture);
    let start = EARLIEST;
    let skip: string | undefined;
    const codes: string[] = [];
    for (let rest = events; ;) {
      const flow = new TestFlow({ start, skip });
      try {
        flow.read(rest);
        expect(codes).toEqual(['ROW_IMAGE_NOT_FULL', 'BINLOG_STATEMENT']);
        expect(flow.skipped).toEqual([skip]);
        return;
      } catch (error) {
        if (!(error instanceof RelayError)) throw error;
        codes.push(error.code);
        skip = /binlog-relay run --skip (\S+)$/.exec(error.remedy)?.[1];
        expect(parseSkip(skip ?? '')).toBe(skip);
        start = flow.intake.position;
        const at = start.offset;
        rest = [...events.slice(0, 2), ...events.filter(({ bytes }) => eventNextOffset(bytes, 0) > at)];
      }
    }
  });

  it.each(['UPDATE_ROWS', 'TABLE_MAP', 'QUERY', 'XID'])('may be damaged: %s', async (name) => {
    const gtid = shop.flatMap((event, i) => (event.name === 'GTID' ? [i] : []))[7] ?? 0;
    const at = shop.findIndex((event, i) => i > gtid && event.name === name);
    const events = shop.map((event, i) => (i === at ? damaged(event) : event));
    expect(codeOf(() => new TestFlow().read(events))).toBe('BINLOG_CHECKSUM');
    const { changes, flow } = await changesWith(events, UPDATE);
    expect(changes).toEqual(without(await changesOf(shop), UPDATE));
    expect(flow.intake.position).toEqual({ file: expect.any(String) as unknown, offset: 4, gtidSet: `${SERVER}:1-17` });
  });

  it('may be an incident, as MySQL logs one', async () => {
    const gtids = shop.flatMap((event, i) => (event.name === 'GTID' ? [i] : []));
    const [at = 0, next = 0] = gtids.slice(7, 9);
    const [begin] = shop.slice(at + 1, at + 2);
    if (begin === undefined) throw new Error('the fixture has no such transaction');
    const events = [...shop.slice(0, at + 1), retyped(begin, EVENT.INCIDENT), ...shop.slice(next)];
    const remedy = expect.stringMatching(new RegExp(`binlog-relay copy .* run --skip ${UPDATE}$`)) as unknown;
    expect(() => new TestFlow().read(events)).toThrow(expect.objectContaining({ code: 'BINLOG_INCIDENT', remedy }));
    const { changes, flow } = await changesWith(events, UPDATE);
    expect(changes).toEqual(without(await changesOf(shop), UPDATE));
    expect(flow.intake.position.gtidSet).toBe(`${SERVER}:1-17`);
  });

  it('may hold events that are not known, and a payload that cannot be unpacked', async () => {
    const unknown = shop.map((event) => (event.name === 'UPDATE_ROWS' ? retyped(event, 200) : event));
    const flow = new TestFlow({ skip: UPDATE });
    expect(codeOf(() => flow.read(unknown))).toBe('BINLOG_UNSUPPORTED');
    expect(flow.skipped).toEqual([UPDATE]);

    const tagged = fixtureEvents('tagged.9.7');
    const broken = tagged.map((event) =>
      event.name === 'TRANSACTION_PAYLOAD' ? withRightChecksum(damaged(event)) : event,
    );
    const error = new TestFlow();
    expect(codeOf(() => error.read(broken))).toBe('BINLOG_DECODE');
    const { changes } = await changesWith(broken, `${error.intake.position.gtidSet?.slice(0, 36)}:14`);
    expect(changes.some((change) => change.includes(':14#'))).toBe(false);
    expect(changes.length).toBeGreaterThan(3);
  });
});

describe('an XA branch whose transaction is skipped', () => {
  const xa = fixtureEvents('xa.9.7');
  const server = 'bbd4835d-e73b-11f1-a7e2-02fc00000001';

  it('is gone: nothing of it stays open, and whatever is skipped, the mark comes to the end', async () => {
    const open = new TestFlow();
    open.read(xa);
    for (let number = 1; number <= 25; number += 1) {
      const flow = new TestFlow({ skip: `${server}:${number}` });
      const code = codeOf(() => flow.read(xa));
      // A prepare that was skipped: its commit is not understood, and has to be skipped as well.
      if (code !== undefined) {
        expect(code).toBe('XA_UNKNOWN_BRANCH');
        continue;
      }
      await flow.drain();
      expect(flow.xa.open.length).toBeLessThanOrEqual(open.xa.open.length);
      if (flow.xa.isEmpty) expect(flow.lowWater.position()).toEqual(flow.intake.position);
    }
  });
});

describe('Skip', () => {
  const at = { file: 'binlog.000007', offset: 4711, gtidSet: `${SERVER}:1-23` };

  it.each([
    [`${SERVER}:23`, at, 'before-start'],
    [`${SERVER}:24`, at, 'waiting'],
    [`${SERVER}:tag:1`, at, 'waiting'],
    ['0-1-23', at, 'not-met'],
    ['0-1-23', { ...at, gtidSet: '0-1-23,5-2-7' }, 'before-start'],
    ['0-1-24', { ...at, gtidSet: '0-1-23,5-2-7' }, 'waiting'],
    ['5-1-3', { ...at, gtidSet: '0-1-23,5-2-7' }, 'waiting'],
    ['0-1-1', { ...at, gtidSet: '' }, 'waiting'],
    [`${SERVER}:23`, { ...at, gtidSet: '0-1-23' }, 'not-met'],
    ['binlog.000007:4710', at, 'before-start'],
    ['binlog.000007:4711', at, 'waiting'],
    ['binlog.000006:9999', at, 'before-start'],
    ['binlog.000010:4', at, 'waiting'],
    [`${SERVER}:24`, { ...at, gtidSet: undefined }, 'not-met'],
  ])('%s', (transaction, start, state) => {
    expect(new Skip(transaction, start).state).toBe(state);
  });

  it('says when the stream has passed a place at which no transaction begins', () => {
    const skip = new Skip('binlog.000007:5000', at);
    const place = { source: SERVER, number: '24', hasGtid: true, commitTimeMs: 0 };
    expect(skip.isMet({ ...place, begins: 'binlog.000007:4711' }, 'binlog.000007', 4711)).toBe(false);
    expect(skip.state).toBe('waiting');
    expect(skip.isMet({ ...place, begins: 'binlog.000007:5001' }, 'binlog.000007', 5001)).toBe(false);
    expect(skip.state).toBe('not-met');
  });
});

describe('parseSkip', () => {
  it.each([
    [' 66ADD94E-e731-11f1-b77a-02fc00000001:8 ', UPDATE],
    [`${SERVER}:Tag:8`, `${SERVER}:tag:8`],
    ['0-1-23', '0-1-23'],
    ['binlog.000007:4711', 'binlog.000007:4711'],
  ])('%s', (text, expected) => expect(parseSkip(text)).toBe(expected));

  it.each([
    '',
    '8',
    `${SERVER}:1-8`,
    `${SERVER}:0`,
    SERVER,
    `${SERVER}:8,${SERVER}:9`,
    'binlog:4',
    'binlog.000007',
    '/var/binlog.000007:4',
  ])('refuses %s', (text) => expect(codeOf(() => parseSkip(text))).toBe('USAGE'));
});

function damaged({ name, bytes }: FixtureEvent): FixtureEvent {
  const copy = Buffer.from(bytes);
  const at = copy.length - 6;
  copy.writeUInt8(copy.readUInt8(at) ^ 0x55, at);
  return { name, bytes: copy };
}

function withRightChecksum({ name, bytes }: FixtureEvent): FixtureEvent {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(crc32(copy, 0, copy.length - 4), copy.length - 4);
  return { name, bytes: copy };
}

function retyped(event: FixtureEvent, type: number): FixtureEvent {
  const copy = Buffer.from(event.bytes);
  copy.writeUInt8(type, 4);
  return withRightChecksum({ name: 'UNKNOWN', bytes: copy });
}

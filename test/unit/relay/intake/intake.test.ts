/** src/relay/intake: intake, transaction-reader, transaction-taker, event-check, stream-place, placed-error. */
import { EXACT } from '../../../../src/relay/tables/publish-policy.ts';
import { describe, expect, it } from 'vitest';
import { eventNextOffset, eventSize } from '../../../../src/binlog/wire/event-header.ts';
import { codeOf, fixtureEvents, withoutChecksum, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { cutTo, DamageBench, streamOf } from '../../../support/damage.ts';
import { changesOf, TestFlow } from '../../../support/flow.ts';

const events = fixtureEvents('shop.9.7');
const isTransactionStart = ({ name }: FixtureEvent): boolean => name === 'GTID';
/** What a dump that starts in mid-file sends first. */
const preamble = events.slice(0, events.findIndex(isTransactionStart)).filter(({ name }) => name !== 'PREVIOUS_GTIDS');

/** The server sets it after it has made the checksum. */
const IN_USE_BIT = 8 * 17;

const withoutServer = (changes: readonly string[]): string[] =>
  changes.map((change) => change.replace(/^[0-9a-f-]{36}:/, ''));

describe('Intake', () => {
  it('publishes every change of a shop, with its identity', async () => {
    expect(withoutServer(await changesOf(events, { ordering: 'total' }))).toMatchInlineSnapshot(`
      [
        "7#0 INSERT orders {"id":"1","status":"new","amount":"10.00","note":null}",
        "7#1 INSERT orders {"id":"2","status":"new","amount":"20.50","note":"请尽快"}",
        "7#0 INSERT items {"order_id":"1","line_no":"1","sku":"A"}",
        "7#1 INSERT items {"order_id":"1","line_no":"2","sku":"B"}",
        "7#2 INSERT items {"order_id":"2","line_no":"1","sku":"C"}",
        "7#2 INSERT orders {"id":"3","status":"new","amount":"0.01","note":"quote \\" and \\\\"}",
        "8#0 UPDATE orders {"id":"1","status":"paid","amount":"10.00","note":null} was {"status":"new"}",
        "8#1 UPDATE orders {"id":"2","status":"paid","amount":"20.50","note":"请尽快"} was {"status":"new"}",
        "9#0 UPDATE orders {"id":"1","status":"paid","amount":"11.00","note":"x"} was {"amount":"10.00","note":null}",
        "10#0 UPDATE orders {"id":"101","status":"paid","amount":"11.00","note":"x"} was {"id":"1"}",
        "10#1 UPDATE orders {"id":"102","status":"paid","amount":"20.50","note":"请尽快"} was {"id":"2"}",
        "10#0 DELETE items {"order_id":"1","line_no":"1","sku":"A"}",
        "10#1 DELETE items {"order_id":"1","line_no":"2","sku":"B"}",
        "11#0 INSERT coupons {"code":"Spring","percent":"10"}",
        "11#1 INSERT coupons {"code":"été","percent":"20"}",
        "12#0 UPDATE coupons {"code":"SPRING","percent":"10"} was {"code":"Spring"}",
        "13#0 DELETE coupons {"code":"été","percent":"20"}",
        "14#0 INSERT visits {"at":"2026-11-23 10:00:00.123","page":"/"}",
        "14#1 INSERT visits {"at":"2026-11-23 10:00:00.123","page":"/"}",
        "16#0 UPDATE orders {"extra":"1","id":"3","status":"new","amount":"0.01","note":"quote \\" and \\\\"} was {"extra":null}",
      ]
    `);
  });

  // A change id is the same from any start and under any filter.
  it('gives a change the same id from any transaction boundary', async () => {
    const all = new Set(await changesOf(events));
    const starts = events.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
    for (const from of starts) {
      const rest = await changesOf([...preamble, ...events.slice(from)]);
      for (const change of rest) expect(all).toContain(change);
    }
  });

  it('gives a change the same id under another table filter', async () => {
    const all = (await changesOf(events)).filter((change) => / orders /.test(change));
    expect((await changesOf(events, { include: ['fxs.orders'] })).sort()).toEqual(all.sort());
  });

  it('takes every change exactly once when the connection is lost after any event', async () => {
    const expected = (await changesOf(events)).sort();
    for (let cut = preamble.length; cut < events.length; cut += 1) {
      const flow = new TestFlow();
      flow.read(events.slice(0, cut));
      if (cut % 2 === 0) await flow.drain();
      flow.intake.restart();
      const { offset } = flow.intake.position;
      flow.read([...preamble, ...events.slice(offset === 4 ? preamble.length + 1 : eventAt(offset))]);
      await flow.drain();
      expect(flow.changes().sort(), `cut before event ${cut}`).toEqual(expected);
    }
  });

  // A byte that is flipped on the way is no event of an unknown layout.
  it.each(['GTID', 'QUERY', 'TABLE_MAP', 'UPDATE_ROWS', 'XID', 'ROTATE', 'FORMAT_DESCRIPTION'])(
    'calls a flipped bit of a %s what it is, wherever it is',
    (name) => {
      const at = events.findLastIndex((event) => event.name === name);
      const whole = events[at]?.bytes ?? Buffer.alloc(0);
      expect(whole.length).toBeGreaterThan(0);
      for (let bit = 0; bit < 8 * whole.length; bit += 1) {
        if (name === 'FORMAT_DESCRIPTION' && bit === IN_USE_BIT) continue;
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const flow = new TestFlow();
        flow.read(at < preamble.length ? preamble : events.slice(0, at));
        expect(
          codeOf(() => flow.read([{ name, bytes: damaged }])),
          `bit ${bit}`,
        ).toBe('BINLOG_CHECKSUM');
      }
    },
  );

  it('stops at a damaged event, without taking anything of it', async () => {
    const rows = events.findIndex(({ name }) => name === 'WRITE_ROWS');
    const damaged = Buffer.from(events[rows]?.bytes ?? Buffer.alloc(0));
    damaged.writeUInt8(damaged.readUInt8(40) ^ 1, 40);
    const flow = new TestFlow();
    flow.read(events.slice(0, rows));
    expect(codeOf(() => flow.read([{ name: 'WRITE_ROWS', bytes: damaged }]))).toBe('BINLOG_CHECKSUM');
    await flow.drain();
    expect(flow.changes()).toEqual([]);
  });

  it('reads a binlog without checksums', async () => {
    expect(await changesOf(events.map(withoutChecksum))).toEqual(await changesOf(events));
  });

  it.each([0, 1, 3])('keeps the offset exact where 32 bits wrap, for the %ith time', async (times) => {
    const end = events.reduce((most, { bytes }) => Math.max(most, eventNextOffset(bytes, 0)), 0);
    const shift = 2 ** 32 * times + 2 ** 32 - Math.floor(end / 2);
    const plain = new TestFlow();
    const shifted = new TestFlow();
    for (const event of events.map(withoutChecksum)) {
      plain.read([event]);
      shifted.read([movedBy(shift, event)]);
      const { file, offset } = plain.intake.position;
      if (offset > 4) expect(shifted.intake.position).toMatchObject({ file, offset: offset + shift });
    }
    await shifted.drain();
    expect(shifted.changes().sort()).toEqual((await changesOf(events)).sort());
  });

  it('stops at a damaged first event', () => {
    const [rotate, ...rest] = events;
    const damaged = Buffer.from(rotate?.bytes ?? Buffer.alloc(0));
    damaged.writeUInt8(damaged.readUInt8(30) ^ 1, 30);
    expect(codeOf(() => new TestFlow().read([{ name: 'ROTATE', bytes: damaged }, ...rest]))).toBe('BINLOG_CHECKSUM');
  });

  it.each(['shop.9.7', 'xa.9.7'])('refuses a table map and rows without a table id: %s', (fixture) => {
    const stream = streamOf(fixtureEvents(fixture));
    const bench = new DamageBench(stream, {});
    stream.transactions.forEach((transaction, n) => {
      transaction.forEach(({ name, bytes }, i) => {
        if (!/TABLE_MAP|ROWS$/.test(name)) return;
        for (let size = 19; size < 25; size += 1) expect(bench.read(n, i, cutTo(bytes, size))).toBe('BINLOG_DECODE');
      });
    });
  });

  it('refuses rows outside of a transaction: nothing would say whose they are', () => {
    const flow = new TestFlow();
    const [, rows] = splitAt(events, 'TABLE_MAP');
    expect(codeOf(() => flow.read([...preamble, ...rows]))).toBe('BINLOG_DECODE');
  });

  it('says with what mysqlbinlog shows the transaction that it cannot decode', () => {
    const plain = events.map(withoutChecksum);
    const at = plain.findIndex(({ name }) => name === 'TABLE_MAP');
    // GTID, BEGIN, and this one.
    const [gtid, , cut] = plain.slice(at - 2).map(({ bytes }) => bytes);
    if (gtid === undefined || cut === undefined) throw new Error('the fixture has no rows');
    const begins = eventNextOffset(gtid, 0) - gtid.length;
    cut.writeUInt8(200, 19 + 8);
    const flow = new TestFlow();
    flow.read(plain.slice(0, at));
    expect(() => flow.read([{ name: 'TABLE_MAP', bytes: cut }])).toThrow(
      expect.objectContaining({
        code: 'BINLOG_DECODE',
        remedy: expect.stringContaining(
          `look at it with mysqlbinlog --start-position=${begins} ${flow.intake.position.file}, and report`,
        ) as unknown,
      }),
    );
  });

  it('names the place of what it cannot pass', () => {
    const flow = new TestFlow();
    expect(() => flow.read(fixtureEvents('transactions.9.7'))).toThrow(
      /^at \S+:\d+, transaction [0-9a-f-]{36}(:\w+)?:\d+: /,
    );
  });

  it.each([
    ['transactions.9.7', 'ROW_IMAGE_NOT_FULL'],
    ['minimal.9.7', 'ROW_METADATA_NOT_FULL'],
  ])('stops at what this version cannot publish exactly: %s', (fixture, code) => {
    expect(codeOf(() => new TestFlow().read(fixtureEvents(fixture)))).toBe(code);
  });

  it('publishes the columns that a minimal image has, if that is allowed', async () => {
    const flow = new TestFlow({ publish: { ...EXACT, partialRows: 'allow' }, ordering: 'total' });
    // What follows is a statement.
    expect(codeOf(() => flow.read(fixtureEvents('transactions.9.7')))).toBe('BINLOG_STATEMENT');
    await flow.drain();
    const marked = flow.bodies().filter(({ absent }) => absent !== undefined);
    expect(marked).toMatchObject([
      { type: 'UPDATE', table: 'a', data: [{ id: '1', n: '7' }], old: [{}], absent: ['v'], oldAbsent: ['n'] },
    ]);
  });

  it('publishes tagged GTIDs, a compressed transaction, and CREATE TABLE … SELECT', async () => {
    const changes = await changesOf(fixtureEvents('tagged.9.7'), { ordering: 'total' });
    expect(withoutServer(changes)).toMatchInlineSnapshot(`
      [
        "orders:2#0 INSERT v {"id":"1","e":"AACAPwAAAEAAAEBA","c":"x"}",
        "_z9:1#0 INSERT v {"id":"2","e":null,"c":"y"}",
        "14#0 INSERT v {"id":"3","e":null,"c":"z"}",
        "15#0 INSERT w {"id":"1","e":"AACAPwAAAEAAAEBA","c":"x"}",
        "15#1 INSERT w {"id":"2","e":null,"c":"y"}",
        "15#2 INSERT w {"id":"3","e":null,"c":"z"}",
      ]
    `);
  });

  it('leaves a compressed transaction where there is no more room, and takes it up there', async () => {
    let room = 0;
    const flow = new TestFlow({ hasRoom: () => room-- > 0 });
    const [before, [payload, ...after]] = splitAt(fixtureEvents('tagged.9.7'), 'TRANSACTION_PAYLOAD');
    flow.read(before);
    flow.read(payload === undefined ? [] : [payload]);
    let turns = 0;
    while (flow.intake.isBusy) {
      turns += 1;
      room = 1;
      flow.intake.takeUp();
    }
    room = Number.MAX_SAFE_INTEGER;
    flow.read(after);
    await flow.drain();
    expect(turns).toBeGreaterThan(3);
    expect(flow.changes().sort()).toEqual((await changesOf(fixtureEvents('tagged.9.7'))).sort());
  });

  it('passes the same tables, whatever their types, when they are excluded', async () => {
    for (const fixture of ['minimal.9.7', 'types.9.7']) {
      expect(await changesOf(fixtureEvents(fixture), { include: ['other.*'] })).toEqual([]);
    }
  });

  it('announces statements that change tables without row events', () => {
    const flow = new TestFlow();
    flow.read(events);
    expect(flow.ddl.filter((statement) => !statement.startsWith('CREATE'))).toEqual([
      'DROP DATABASE IF EXISTS fxs',
      'ALTER TABLE fxs.orders ADD COLUMN extra INT FIRST',
      'DROP DATABASE fxs',
    ]);
  });
});

function splitAt(all: readonly FixtureEvent[], name: string): [FixtureEvent[], FixtureEvent[]] {
  const at = all.findIndex((event) => event.name === name);
  return [all.slice(0, at), all.slice(at)];
}

/** Index of the event that stands at `offset` of the file; after the last one when none does. */
function eventAt(offset: number): number {
  const found = events.findIndex(({ bytes }) => eventNextOffset(bytes, 0) - eventSize(bytes, 0) === offset);
  return found < 0 ? events.length : found;
}

/** The event as it would stand that many bytes later in its file: a rotate names 64 bits, all others the low 32. */
function movedBy(bytesLater: number, { name, bytes }: FixtureEvent): FixtureEvent {
  const moved = Buffer.from(bytes);
  const next = eventNextOffset(moved, 0);
  if (name === 'ROTATE') moved.writeBigUInt64LE(moved.readBigUInt64LE(19) + BigInt(bytesLater), 19);
  else if (next !== 0) moved.writeUInt32LE((next + bytesLater) % 2 ** 32, 13);
  return { name, bytes: moved };
}

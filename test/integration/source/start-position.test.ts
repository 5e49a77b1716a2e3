import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { gtidSetBefore, requireBoundary } from '../../../src/source/binlog-files.ts';
import type { ControlConnection } from '../../../src/source/control.ts';
import { numberOf, textOf } from '../../../src/source/rows.ts';
import type { StartPosition, StoredPosition } from '../../../src/source/source.ts';
import { resolveStart } from '../../../src/source/start-position.ts';
import { openZongjiSession } from '../../../src/source/zongji.ts';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { asRoot, controlOf, errorOf, VERSIONS } from './both-servers.ts';

const IGNORE = { begin: (): void => undefined, event: (): void => undefined, endOfRead: (): void => undefined };

describe.each(VERSIONS)('MySQL %s', (version) => {
  let mysql: MysqlServer;
  let control: ControlConnection;

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    await asRoot(mysql, 'CREATE DATABASE shop', 'CREATE TABLE shop.a (id INT PRIMARY KEY AUTO_INCREMENT)');
  });
  afterAll(() => mysql.remove());
  beforeEach(() => {
    control = controlOf(mysql);
  });
  afterEach(() => control.close());

  const insert = (): Promise<void> => asRoot(mysql, 'INSERT INTO shop.a VALUES ()');
  const stored = async (): Promise<StoredPosition> => control.head();

  /** The GTIDs that a dump from `start` gives, as the server's own list has them. */
  async function open(start: StartPosition, serverId = 4_000_000_001): Promise<void> {
    const connection = await control.dumpOptions();
    const session = await openZongjiSession(
      { connection, serverId, flavour: 'mysql' as const, heartbeatMs: 10_000, clock: systemClock },
      start,
      IGNORE,
    );
    await session.close();
  }

  test('latest is the head, and says what it leaves out', async () => {
    const { start, sentence, isOrdinary } = await resolveStart(control, 'latest', undefined);
    const { file, offset, gtidSet } = await control.head();
    expect(start).toEqual({ file, offset, gtidSet });
    expect(sentence).toMatch(/no checkpoint.*committed before is not published/);
    expect(isOrdinary).toBe(false);
    await open(start);
  });

  test('a checkpoint is gone on from', async () => {
    const before = await stored();
    await insert();
    const resolved = await resolveStart(control, 'latest', before);
    expect(resolved).toMatchObject({
      isOrdinary: true,
      start: { gtidSet: before.gtidSet, file: before.file, offset: before.offset },
    });
    await open(resolved.start);
  });

  test('a checkpoint of another server of the topology is gone on from by GTID, and said', async () => {
    const { gtidSet } = await stored();
    const other = { serverUuid: '00000000-0000-0000-0000-000000000001', file: 'other.000009', offset: 77, gtidSet };
    const resolved = await resolveStart(control, 'latest', other);
    expect(resolved.start.gtidSet).toBe(gtidSet);
    expect(resolved.start.file).not.toBe('other.000009');
    expect(resolved).toMatchObject({
      isOrdinary: false,
      sentence: expect.stringContaining('another server') as string,
    });
  });

  test('a checkpoint with transactions that the server does not know is refused; the server itself would not mind', async () => {
    const before = await stored();
    const foreign = '00000000-0000-0000-0000-000000000001:1-5';
    const gtidSet = `${String(before.gtidSet)},${foreign}`;
    const error = await errorOf(resolveStart(control, 'latest', { ...before, gtidSet }));
    expect(error.code).toBe('SOURCE_LACKS_PUBLISHED');
    expect(error.message).toContain(foreign);
    await open({ ...before, gtidSet });
  });

  test('places that are no boundary are refused, wherever they lie', async () => {
    await insert();
    const { file, offset: end } = await control.head();
    const events = await control.query('SHOW BINLOG EVENTS IN ?', [file]);
    const boundaries = new Set([...events.filter(isBoundary).map((event) => numberOf(event, 'Pos')), end]);
    expect(boundaries.size).toBeGreaterThan(4);
    const places = new Set(events.flatMap((event) => [numberOf(event, 'Pos'), numberOf(event, 'Pos') + 3]));
    places.add(end);
    for (const offset of places) {
      const checks = [requireBoundary(control, { file, offset }), gtidSetBefore(control, { file, offset })];
      for (const check of checks) {
        if (boundaries.has(offset)) await check;
        else expect((await errorOf(check)).code).toBe('SOURCE_POSITION_INVALID');
      }
    }
  });

  test('file and position become the GTID set of everything before', async () => {
    await asRoot(mysql, 'FLUSH BINARY LOGS');
    const marks = [];
    for (let n = 0; n < 3; n += 1) {
      await insert();
      marks.push(await control.head());
    }
    for (const { file, offset, gtidSet } of marks) {
      const { start } = await resolveStart(control, { file, position: offset }, undefined);
      expect(start).toEqual({ file, offset, gtidSet });
    }
    const { file } = await control.head();
    const fromStart = await resolveStart(control, { file, position: 4 }, undefined);
    await open(fromStart.start);
    expect((await errorOf(resolveStart(control, { file: 'binlog.999999', position: 4 }, undefined))).code).toBe(
      'SOURCE_POSITION_INVALID',
    );
    expect((await errorOf(resolveStart(control, { file, position: 99_999_999 }, undefined))).code).toBe(
      'SOURCE_POSITION_INVALID',
    );
  });

  test('what was purged is refused with the missing transactions, and earliest starts after it', async () => {
    const before = await stored();
    await insert();
    const missing = await control.head();
    await asRoot(mysql, 'FLUSH BINARY LOGS');
    const { file } = await control.head();
    await asRoot(mysql, `PURGE BINARY LOGS TO '${file}'`);

    const error = await errorOf(resolveStart(control, 'latest', before));
    expect(error.code).toBe('BINLOG_PURGED');
    expect(error.message).toMatch(new RegExp(`: ${missing.serverUuid}:\\d+$`));
    expect((await errorOf(resolveStart(control, { gtidSet: String(before.gtidSet) }, undefined))).code).toBe(
      'BINLOG_PURGED',
    );
    // What the server itself says when asked all the same.
    expect((await errorOf(open(before))).code).toBe('BINLOG_PURGED');
    expect((await errorOf(open({ ...before, gtidSet: undefined }))).code).toBe('BINLOG_PURGED');

    const { start } = await resolveStart(control, 'earliest', undefined);
    expect(start).toEqual({ file, offset: 4, gtidSet: missing.gtidSet });
    await open(start);
    const named = await resolveStart(control, { gtidSet: String(missing.gtidSet) }, undefined);
    expect(named.start.gtidSet).toBe(missing.gtidSet);
  });

  test('the server refuses what lies beyond its end', async () => {
    const { gtidSet, ...head } = await control.head();
    const beyond = String(gtidSet).replace(/\d+$/, (last) => String(Number(last) + 50));
    expect((await errorOf(open({ ...head, gtidSet: beyond }))).code).toBe('SOURCE_ROLLED_BACK');
    expect((await errorOf(open({ ...head, offset: 99_999_999, gtidSet: undefined }))).code).toBe('SOURCE_ROLLED_BACK');
  });

  test('of two readers with the same server id, the older is thrown out and told so', async () => {
    const start = await control.head();
    const connection = await control.dumpOptions();
    const options = {
      connection,
      serverId: 4_000_000_002,
      flavour: 'mysql' as const,
      heartbeatMs: 10_000,
      clock: systemClock,
    };
    const older = await openZongjiSession(options, start, IGNORE);
    const younger = await openZongjiSession(options, start, IGNORE);
    expect((await errorOf(older.ended)).code).toBe('SOURCE_SERVER_ID_TAKEN');
    await older.close();
    await younger.close();
  });

  test('without GTIDs file and offset decide, and a change of the mode is explained', async () => {
    const withGtids = await stored();
    await asRoot(
      mysql,
      'SET GLOBAL gtid_mode = ON_PERMISSIVE',
      'SET GLOBAL gtid_mode = OFF_PERMISSIVE',
      'SET GLOBAL gtid_mode = OFF',
    );
    await control.close();
    control = controlOf(mysql);
    await insert();

    const head = await control.head();
    expect(head.gtidSet).toBeUndefined();
    const { start } = await resolveStart(control, 'latest', head);
    expect(start).toEqual({ file: head.file, offset: head.offset, gtidSet: undefined });
    await open(start);
    expect((await resolveStart(control, 'earliest', undefined)).start).toMatchObject({ offset: 4, gtidSet: undefined });
    expect((await errorOf(resolveStart(control, 'latest', { ...head, offset: head.offset - 3 }))).code).toBe(
      'SOURCE_ROLLED_BACK',
    );
    expect((await errorOf(resolveStart(control, 'latest', { ...head, file: 'binlog.000001' }))).code).toBe(
      'BINLOG_PURGED',
    );

    const byFile = await resolveStart(control, 'latest', withGtids);
    expect(byFile.start).toEqual({ file: withGtids.file, offset: withGtids.offset, gtidSet: undefined });
    expect(byFile.sentence).toContain('goes on by file and offset');
    const error = await errorOf(
      resolveStart(control, 'latest', { ...withGtids, serverUuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562' }),
    );
    expect(error.code).toBe('SOURCE_CHANGED');
    expect(error.message).toContain('gtid_mode of the server is OFF');
    expect((await errorOf(open(withGtids))).code).toBe('SOURCE_CHANGED');
  });
});

function isBoundary(event: Parameters<typeof textOf>[0]): boolean {
  return ['Format_desc', 'Previous_gtids', 'Gtid', 'Rotate', 'Stop'].includes(textOf(event, 'Event_type'));
}

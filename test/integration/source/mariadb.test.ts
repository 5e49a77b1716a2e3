/** All of src/source against MariaDB: positions, preflight, the dump. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import type { ControlConnection } from '../../../src/source/control.ts';
import type { Finding } from '../../../src/source/finding.ts';
import { preflight } from '../../../src/source/preflight.ts';
import { numberOf, textOf } from '../../../src/source/rows.ts';
import type { StartPosition, StoredPosition } from '../../../src/source/source.ts';
import { resolveStart } from '../../../src/source/start-position.ts';
import { openZongjiSession, type ZongjiOptions } from '../../../src/source/zongji.ts';
import { MARIADB_VERSIONS, type MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { connectMysql } from '../../support/servers.ts';
import { asRoot, controlOf, errorOf } from './both-servers.ts';

const IGNORE = { begin: () => undefined, event: () => undefined, endOfRead: () => undefined };
const published = tableFilter({ include: ['shop.*'], exclude: ['shop.log'], excludeColumns: [] });
const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ level, code }) => `${level} ${code}`);

describe.each(MARIADB_VERSIONS)('%s', (version) => {
  let mariadb: MysqlServer;
  let control: ControlConnection;

  beforeAll(async () => {
    mariadb = await startMysql({ version, own: true, progress: () => undefined });
    await asRoot(
      mariadb,
      'CREATE DATABASE shop',
      'CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY)',
      "CREATE USER nobody IDENTIFIED BY 'pw'",
      "CREATE USER half IDENTIFIED BY 'pw'",
      'GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO half',
    );
  });
  afterAll(() => mariadb.remove());
  beforeEach(() => {
    control = controlOf(mariadb);
  });
  afterEach(() => control.close());

  const insert = (): Promise<void> => asRoot(mariadb, 'INSERT INTO shop.a VALUES ()');
  const options = async (serverId = 4_000_000_001): Promise<ZongjiOptions> => ({
    connection: await control.dumpOptions(),
    serverId,
    flavour: 'mariadb',
    heartbeatMs: 10_000,
    clock: systemClock,
  });

  /** Whether the server itself agrees to start there: what keeps it from it comes soon after. */
  async function open(start: StartPosition): Promise<void> {
    const session = await openZongjiSession(await options(), start, IGNORE);
    await Promise.race([session.ended, new Promise((resolve) => setTimeout(resolve, 200))]);
    await session.close();
  }

  test('head is the newest position, and moves with every commit', async () => {
    const before = await control.head();
    await insert();
    const after = await control.head();
    expect(after.serverUuid).toBe(`server_id=${mariadb.port}`);
    expect(after.offset).toBeGreaterThan(before.offset);
    const [, number] = /^0-\d+-(\d+)$/.exec(before.gtidSet ?? '') ?? [];
    expect(after.gtidSet).toBe(`0-${mariadb.port}-${Number(number) + 1}`);
  });

  test('knows the server', async () => {
    expect(await control.serverFacts()).toMatchObject({
      hasBinlog: true,
      hasGtids: true,
      binlogFormat: 'ROW',
      binlogRowImage: 'FULL',
      binlogRowMetadata: 'FULL',
      isReplica: false,
      hidesCascades: true,
      gtidPurged: '',
    });
    expect(await control.takenServerIds()).toEqual(new Set([mariadb.port]));
  });

  test('the lock keeps out a second relay until the first closes', async () => {
    await control.lock('a checkpoint');
    const second = controlOf(mariadb, {}, { lockWaits: { othersSeconds: 0, ownSeconds: 0 } });
    expect((await errorOf(second.lock('a checkpoint'))).code).toBe('SOURCE_LOCKED');
    await control.close();
    await second.lock('a checkpoint');
    await second.close();
  });

  describe('preflight', () => {
    const check = (): Promise<readonly Finding[]> => preflight(control, { published, settings: { host: '127.0.0.1' } });

    test('finds nothing wrong with a server as it should be', async () => {
      expect(await check()).toEqual([]);
    });

    test('warns of XA branches that were prepared before the first start', async () => {
      const xid = "X'6f72',X'01',7";
      const owner = await connectMysql(mariadb);
      await owner.query('CREATE TABLE shop.branches (id INT PRIMARY KEY)');
      await owner.query(`XA START ${xid}; INSERT INTO shop.branches VALUES (1); XA END ${xid}; XA PREPARE ${xid}`);
      await owner.end();
      try {
        const findings = await preflight(control, { published, settings: { host: '127.0.0.1' }, isFirstStart: true });
        expect(findings.map(({ code }) => code)).toEqual(['XA_PREPARED']);
        expect(findings[0]?.message).toContain(`: ${xid}.`);
      } finally {
        await asRoot(mariadb, `XA ROLLBACK ${xid}`, 'DROP TABLE shop.branches');
      }
    });

    test('finds what is wrong with its settings, and names what MariaDB understands', async () => {
      await asRoot(
        mariadb,
        'SET GLOBAL binlog_format = MIXED',
        'SET GLOBAL binlog_row_image = MINIMAL',
        'SET GLOBAL binlog_row_metadata = NO_LOG',
        'SET GLOBAL sync_binlog = 0',
      );
      try {
        const findings = await check();
        expect(brief(findings)).toEqual([
          'error BINLOG_FORMAT',
          'error BINLOG_ROW_METADATA',
          'error BINLOG_ROW_IMAGE',
          'warning SYNC_BINLOG',
        ]);
        for (const { remedy } of findings) await asRoot(mariadb, remedy.split(';')[0] ?? '');
        expect(await check()).toEqual([]);
      } finally {
        await asRoot(
          mariadb,
          'SET GLOBAL binlog_format = ROW, GLOBAL binlog_row_image = FULL, GLOBAL binlog_row_metadata = FULL, GLOBAL sync_binlog = 1',
        );
      }
    });

    test('finds sequences and columns that it cannot read, of published tables only', async () => {
      await asRoot(
        mariadb,
        'CREATE SEQUENCE shop.numbers',
        'CREATE TABLE shop.history (id INT PRIMARY KEY, u UUID) WITH SYSTEM VERSIONING',
        'SET GLOBAL mysql56_temporal_format = OFF',
        'CREATE TABLE shop.old (id INT PRIMARY KEY, at DATETIME(3))',
        'CREATE TABLE shop.log (at DATETIME(3))',
        'SET GLOBAL mysql56_temporal_format = ON',
        'CREATE TABLE shop.keyless (a INT) WITH SYSTEM VERSIONING',
      );
      try {
        const findings = await check();
        expect(brief(findings)).toEqual([
          'error COLUMN_NOT_SUPPORTED',
          'error TABLE_NOT_SUPPORTED',
          'warning NO_PRIMARY_KEY',
        ]);
        expect(findings.map(({ message }) => message).join(' ')).toMatch(
          /shop\.old\.at .*shop\.numbers.*shop\.keyless/,
        );
      } finally {
        await asRoot(
          mariadb,
          'DROP SEQUENCE shop.numbers',
          'DROP TABLE shop.history, shop.old, shop.log, shop.keyless',
        );
      }
    });

    test.each([
      ['nobody', 'REPLICATION SLAVE, SLAVE MONITOR, BINLOG MONITOR'],
      ['half', 'SLAVE MONITOR'],
    ])('the account %s lacks %s', async (user, privileges) => {
      const poor = controlOf(mariadb, { user, password: 'pw' });
      const findings = await preflight(poor, { published, settings: { host: '127.0.0.1' } });
      await poor.close();
      expect(brief(findings)).toEqual(['error GRANT_MISSING']);
      expect(findings[0]?.remedy).toBe(`GRANT ${privileges} ON *.* TO '${user}'@'%';`);
    });
  });

  describe('where a run starts', () => {
    const stored = (): Promise<StoredPosition> => control.head();

    test('a checkpoint is gone on from, also on another server of the replication', async () => {
      const before = await stored();
      await insert();
      const resolved = await resolveStart(control, 'latest', before);
      expect(resolved).toMatchObject({ isOrdinary: true, flavour: 'mariadb', start: { gtidSet: before.gtidSet } });
      await open(resolved.start);
      const moved = await resolveStart(control, 'latest', {
        ...before,
        serverUuid: 'server_id=7',
        file: 'other.000009',
      });
      expect(moved.start).toMatchObject({ gtidSet: before.gtidSet, offset: 4 });
      expect(moved.sentence).toContain('server_id=7');
    });

    test('file and position become the GTID position of everything before; what is no boundary is refused', async () => {
      await insert();
      const { file, offset, gtidSet } = await control.head();
      expect((await resolveStart(control, { file, position: offset }, undefined)).start).toEqual({
        file,
        offset,
        gtidSet,
      });
      for (const event of await control.query('SHOW BINLOG EVENTS IN ?', [file])) {
        const position = numberOf(event, 'Pos');
        const isBoundary = /^(Gtid|Format_desc|Gtid_list|Binlog_checkpoint)$/.test(textOf(event, 'Event_type'));
        const starting = resolveStart(control, { file, position }, undefined);
        if (isBoundary) await starting;
        else expect((await errorOf(starting)).code).toBe('SOURCE_POSITION_INVALID');
        expect((await errorOf(resolveStart(control, { file, position: position + 3 }, undefined))).code).toBe(
          'SOURCE_POSITION_INVALID',
        );
      }
    });

    test('what the server does not know is refused, by the relay and by the server', async () => {
      const head = await stored();
      for (const [gtidSet, code] of [
        [String(head.gtidSet).replace(/\d+$/, '999999'), 'SOURCE_ROLLED_BACK'],
        ['0-4711-1', 'SOURCE_LACKS_PUBLISHED'],
      ] as const) {
        expect((await errorOf(resolveStart(control, 'latest', { ...head, gtidSet }))).code).toBe(code);
        expect((await errorOf(open({ ...head, gtidSet }))).code).toBe('SOURCE_ROLLED_BACK');
      }
      // The server itself would not mind a domain that it has never seen.
      const gtidSet = `${String(head.gtidSet)},9-1-1`;
      expect((await errorOf(resolveStart(control, 'latest', { ...head, gtidSet }))).code).toBe(
        'SOURCE_LACKS_PUBLISHED',
      );
      await open({ ...head, gtidSet });
    });

    test('a checkpoint of MySQL is refused', async () => {
      const gtidSet = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
      const error = await errorOf(resolveStart(control, 'latest', { ...(await stored()), gtidSet }));
      expect(error.code).toBe('SOURCE_CHANGED');
      expect(error.message).toContain('MariaDB');
    });

    test('a hole in the numbers is no place to start from', async () => {
      const head = await stored();
      const [, start = '', number = ''] = /^(.*-)(\d+)$/.exec(String(head.gtidSet)) ?? [];
      await asRoot(mariadb, `SET STATEMENT gtid_seq_no = ${Number(number) + 10} FOR INSERT INTO shop.a VALUES ()`);
      expect((await errorOf(open({ ...head, gtidSet: `${start}${Number(number) + 5}` }))).code).toBe(
        'SOURCE_ROLLED_BACK',
      );
      await open(head);
    });

    test('what was purged is refused, and earliest starts after it', async () => {
      const before = await stored();
      await insert();
      const last = await control.head();
      await asRoot(mariadb, 'FLUSH BINARY LOGS');
      const { file } = await control.head();
      // A file that a dump is still reading stays, without an error.
      await expect
        .poll(async () => {
          await asRoot(mariadb, `PURGE BINARY LOGS TO '${file}'`);
          const [oldest] = await control.query('SHOW BINARY LOGS');
          return oldest?.['Log_name'];
        })
        .toBe(file);
      const error = await errorOf(resolveStart(control, 'latest', before));
      expect(error.code).toBe('BINLOG_PURGED');
      expect(error.message).toContain(String(last.gtidSet));
      expect((await errorOf(open(before))).code).toBe('BINLOG_PURGED');
      const { start } = await resolveStart(control, 'earliest', undefined);
      expect(start).toEqual({ file, offset: 4, gtidSet: last.gtidSet });
      await open(start);
    });

    test('of two readers with the same server id, the older is thrown out and told so', async () => {
      const start = await control.head();
      const older = await openZongjiSession(await options(4_000_000_002), start, IGNORE);
      const younger = await openZongjiSession(await options(4_000_000_002), start, IGNORE);
      expect((await errorOf(older.ended)).code).toBe('SOURCE_SERVER_ID_TAKEN');
      await older.close();
      await younger.close();
    });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pino } from 'pino';
import { systemClock } from '../../../src/base/clock.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import type { ControlConnection } from '../../../src/source/control.ts';
import type { Finding } from '../../../src/source/finding.ts';
import { MysqlSource } from '../../../src/source/mysql-source.ts';
import { preflight } from '../../../src/source/preflight.ts';
import type { StoredPosition } from '../../../src/source/source.ts';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { connectMysql } from '../../support/servers.ts';
import { asRoot, controlOf, relaySettings, VERSIONS } from './both-servers.ts';

const published = tableFilter({ include: ['shop.*'], exclude: ['shop.log'], excludeColumns: ['*.*.secret'] });
const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ level, code }) => `${level} ${code}`);

describe.each(VERSIONS)('MySQL %s', (version) => {
  let mysql: MysqlServer;
  let control: ControlConnection;
  const check = (host = '127.0.0.1'): Promise<readonly Finding[]> =>
    preflight(control, { published, settings: { host } });

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, flags: ['--binlog-ignore-db=hidden'], progress: () => undefined });
    await asRoot(
      mysql,
      'CREATE DATABASE shop DEFAULT CHARACTER SET utf8mb4',
      'CREATE DATABASE hidden',
      'CREATE TABLE shop.orders (id INT PRIMARY KEY, j JSON, e ENUM("a"), s VARCHAR(9), b BLOB)',
      "CREATE USER seeing IDENTIFIED BY 'pw'",
      'GRANT REPLICATION SLAVE, REPLICATION CLIENT, REFERENCES ON *.* TO seeing',
      "CREATE USER recovering IDENTIFIED BY 'pw'",
      'GRANT REPLICATION SLAVE, REPLICATION CLIENT, REFERENCES, XA_RECOVER_ADMIN ON *.* TO recovering',
      "CREATE USER blind IDENTIFIED BY 'pw'",
      'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO blind',
      "CREATE USER nobody IDENTIFIED BY 'pw'",
      'CREATE ROLE reader',
      'GRANT REPLICATION SLAVE ON *.* TO reader',
      "CREATE USER dormant IDENTIFIED BY 'pw'",
      'GRANT reader TO dormant',
      'GRANT REPLICATION CLIENT ON *.* TO dormant',
    );
  });
  afterAll(() => mysql.remove());
  beforeEach(() => {
    control = controlOf(mysql, { user: 'seeing', password: 'pw' });
  });
  afterEach(() => control.close());

  test('finds nothing wrong with a server as it should be', async () => {
    // The option hides another database.
    expect(brief(await check())).toEqual(['warning BINLOG_FILTERED']);
  });

  test('finds all wrong settings at once', async () => {
    await asRoot(
      mysql,
      'SET GLOBAL binlog_format = MIXED',
      'SET GLOBAL binlog_row_image = MINIMAL',
      'SET GLOBAL binlog_row_metadata = MINIMAL',
      'SET GLOBAL sync_binlog = 0',
      'SET GLOBAL innodb_flush_log_at_trx_commit = 2',
      'SET GLOBAL binlog_expire_logs_seconds = 3600',
    );
    try {
      expect(brief(await check()).filter((text) => !text.endsWith('FILTERED'))).toEqual([
        'error BINLOG_FORMAT',
        'error BINLOG_ROW_METADATA',
        'error BINLOG_ROW_IMAGE',
        'warning SYNC_BINLOG',
        'warning INNODB_FLUSH',
        'warning BINLOG_RETENTION',
      ]);
    } finally {
      await asRoot(
        mysql,
        'SET GLOBAL binlog_format = ROW, GLOBAL binlog_row_image = FULL, GLOBAL binlog_row_metadata = FULL',
        'SET GLOBAL sync_binlog = 1, GLOBAL innodb_flush_log_at_trx_commit = 1',
        'SET GLOBAL binlog_expire_logs_seconds = 2592000',
      );
    }
  });

  test('finds tables that cannot be copied exactly, of published ones only', async () => {
    await asRoot(
      mysql,
      'CREATE TABLE shop.place (id INT PRIMARY KEY, p POINT, old VARCHAR(9) CHARACTER SET latin1, secret GEOMETRY)',
      'CREATE TABLE shop.log (p POINT) ENGINE = MyISAM',
      'CREATE TABLE shop.keyless (a INT) ENGINE = MyISAM',
      'CREATE TABLE shop.split (id INT, secret INT, PRIMARY KEY (id, secret))',
      'CREATE TABLE shop.line (id INT PRIMARY KEY, o INT, CONSTRAINT of_order FOREIGN KEY (o) REFERENCES shop.orders (id) ON DELETE CASCADE)',
    );
    try {
      const findings = (await check()).filter(({ code }) => code !== 'BINLOG_FILTERED');
      expect(brief(findings)).toEqual([
        'error KEY_COLUMN_EXCLUDED',
        'warning NO_PRIMARY_KEY',
        'warning ENGINE_NOT_TRANSACTIONAL',
        ...(version === '8.0' ? ['warning CASCADE_HIDDEN'] : []),
      ]);
      expect(findings[0]?.message).toContain(': shop.split.secret.');
      expect(findings[1]?.message).toContain(': shop.keyless. ');
      expect(findings[1]?.message).toContain('On a replica their change ids may differ.');
      expect(findings[2]?.message).toContain(': shop.keyless (MyISAM).');
      if (version === '8.0') expect(findings[3]?.message).toContain(': shop.line.of_order.');
    } finally {
      await asRoot(mysql, 'DROP TABLE shop.line, shop.split, shop.keyless, shop.log, shop.place');
    }
  });

  test('finds tables that a first start could not copy, as the server shows its grants', async () => {
    const found = async (): Promise<readonly Finding[]> =>
      (
        await preflight(control, {
          published,
          settings: { host: '127.0.0.1' },
          isFirstStart: true,
          copiesAtFirstStart: true,
        })
      ).filter(({ code }) => code === 'GRANT_MISSING' || code.startsWith('COPY_'));
    expect((await found())[0]?.message).toContain('lacks SELECT on tables that are published: shop.orders.');
    const grants = ['SELECT ON `sh%`.*', 'SELECT ON shop.orders', 'reader_of_shop', 'SELECT ON *.*'];
    await asRoot(mysql, 'CREATE ROLE reader_of_shop', 'GRANT SELECT ON shop.* TO reader_of_shop');
    try {
      for (const grant of grants) {
        await asRoot(mysql, `GRANT ${grant} TO seeing`, 'SET DEFAULT ROLE ALL TO seeing');
        await control.close();
        control = controlOf(mysql, { user: 'seeing', password: 'pw' });
        expect(await found(), grant).toEqual([]);
        await asRoot(mysql, `REVOKE ${grant} FROM seeing`);
      }
      await asRoot(mysql, 'GRANT SELECT (id), INSERT ON shop.orders TO seeing');
      expect(brief(await found())).toEqual(['error GRANT_MISSING']);
    } finally {
      await asRoot(mysql, 'REVOKE SELECT (id), INSERT ON shop.orders FROM seeing', 'DROP ROLE reader_of_shop');
    }
  });

  test('finds databases that are not logged', async () => {
    await asRoot(mysql, 'CREATE TABLE hidden.a (id INT PRIMARY KEY)');
    const all = tableFilter({ include: ['*.*'], exclude: [], excludeColumns: [] });
    const findings = await preflight(control, { published: all, settings: { host: '127.0.0.1' } });
    expect(brief(findings)).toEqual(['error BINLOG_FILTERED']);
    expect(findings[0]?.message).toContain('changes of hidden: binlog_ignore_db (hidden)');
  });

  test('warns of XA branches that were prepared before the first start, where the account may ask', async () => {
    const xid = "X'6f726465722fff',X'0001',4711";
    const owner = await connectMysql(mysql);
    await owner.query(`XA START ${xid}; INSERT INTO shop.orders (id) VALUES (1); XA END ${xid}; XA PREPARE ${xid}`);
    // Before MySQL 8.0.29 another session can end the branch only when this one is gone.
    await owner.end();
    const warnings = async (user: string, stored?: StoredPosition): Promise<readonly Finding[]> => {
      const settings = {
        ...relaySettings(mysql, { user, password: 'pw' }),
        connectTimeoutMs: 5000,
        heartbeatMs: 10_000,
        section: 'source' as const,
      };
      const source = new MysqlSource(
        { ...settings, hosts: [mysql], serverId: undefined, start: 'latest' },
        { clock: systemClock, logger: pino({ level: 'silent' }), published },
      );
      const found = await source.findings(stored).finally(() => source.close());
      return found.filter(({ code }) => code === 'XA_PREPARED');
    };
    try {
      expect(await warnings('seeing')).toEqual([]);
      expect(await warnings('recovering', { ...(await control.head()) })).toEqual([]);
      const [finding] = await warnings('recovering');
      expect(finding).toMatchObject({ level: 'warning', message: expect.stringContaining(`: ${xid}.`) as string });
    } finally {
      await asRoot(mysql, `XA ROLLBACK ${xid}`);
    }
    expect(await warnings('recovering')).toEqual([]);
  });

  test('says what an account without REFERENCES cannot see', async () => {
    await control.close();
    control = controlOf(mysql, { user: 'blind', password: 'pw' });
    expect(brief(await check())).toEqual(['warning BINLOG_FILTERED', 'warning SCHEMA_NOT_VISIBLE']);
  });

  test.each([
    ['nobody', /GRANT REPLICATION SLAVE, REPLICATION CLIENT ON \*\.\* TO 'nobody'@'%';$/],
    [
      'dormant',
      /GRANT REPLICATION SLAVE ON \*\.\* TO 'dormant'@'%'; If a role .* SET DEFAULT ROLE ALL TO 'dormant'@'%'/,
    ],
  ])('names the grants that %s lacks', async (user, remedy) => {
    await control.close();
    control = controlOf(mysql, { user, password: 'pw' });
    const [finding] = await check();
    expect(finding).toMatchObject({
      level: 'error',
      code: 'GRANT_MISSING',
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  test('a role that is active counts', async () => {
    await asRoot(mysql, 'SET DEFAULT ROLE ALL TO dormant');
    await control.close();
    control = controlOf(mysql, { user: 'dormant', password: 'pw' });
    expect(brief(await check())).not.toContain('error GRANT_MISSING');
  });

  test('a plain connection to another host is warned of', async () => {
    await control.close();
    control = controlOf(mysql, { user: 'seeing', password: 'pw', tls: { mode: 'disabled' } });
    expect(brief(await check('db.example'))).toContain('warning NOT_ENCRYPTED');
    expect(brief(await check('127.0.0.1'))).not.toContain('warning NOT_ENCRYPTED');
  });
});

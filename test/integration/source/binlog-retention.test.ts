/** How long a server keeps its binlog, as it says itself. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { askRetention } from '../../../src/source/binlog-retention.ts';
import type { ControlConnection } from '../../../src/source/control.ts';
import type { Retention, StoredPosition } from '../../../src/source/source.ts';
import { asRoot, controlOf, errorOf } from './both-servers.ts';

const OTHER = '00000000-0000-0000-0000-000000000001';

describe.each(['9.7', '8.0', 'mariadb-10.11', 'mariadb-11.8'] as const)('%s', (version) => {
  let server: MysqlServer;
  let control: ControlConnection;

  beforeAll(async () => {
    server = await startMysql({ version, own: true, progress: () => undefined });
    await asRoot(server, 'CREATE DATABASE shop', 'CREATE TABLE shop.a (id INT AUTO_INCREMENT PRIMARY KEY)');
  });
  afterAll(() => server.remove());
  beforeEach(() => {
    control = controlOf(server);
  });
  afterEach(() => control.close());

  const retention = async (stored: StoredPosition, of = control): Promise<Retention> => {
    const facts = { version: await of.version(), serverUuid: of.serverUuid ?? '' };
    return askRetention(of, facts, stored);
  };

  test('names the files, and the one that the position is in', async () => {
    const before = await control.head();
    await asRoot(server, 'FLUSH BINARY LOGS', 'INSERT INTO shop.a VALUES ()');
    const after = await control.head();
    const { files, needed, asOfMs, serverUuid } = await retention(before);
    expect(needed).toBe(before.file);
    expect(files.map(({ name }) => name)).toContain(before.file);
    expect(files.at(-1)).toEqual({ name: after.file, sizeBytes: after.offset });
    expect(serverUuid).toBe(before.serverUuid);
    expect(asOfMs).toBeGreaterThanOrEqual(after.asOfMs ?? Infinity);
  });

  test('goes by GTIDs for a position of another server', async () => {
    const before = await control.head();
    await asRoot(server, 'FLUSH BINARY LOGS', 'INSERT INTO shop.a VALUES ()', 'FLUSH BINARY LOGS');
    const elsewhere = { ...before, file: 'other.000001', serverUuid: OTHER };
    const next = before.file.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'));
    expect((await retention(elsewhere)).needed).toBe(next);
    expect((await retention({ ...elsewhere, gtidSet: undefined })).needed).toBeUndefined();
  });

  test('tells the expiry, and how to raise it', async () => {
    const position = await control.head();
    await asRoot(server, 'SET GLOBAL binlog_expire_logs_seconds = 7200');
    const short = await retention(position);
    expect(short.expireSeconds).toBe(7200);
    expect(short.remedies.expiry).toMatch(/^SET (PERSIST|GLOBAL) binlog_expire_logs_seconds = 604800;/);
    await asRoot(server, 'SET GLOBAL binlog_expire_logs_seconds = 2592000');
    expect((await retention(position)).remedies.expiry).toContain('binlog_expire_logs_seconds = 5184000;');
    await asRoot(server, 'SET GLOBAL binlog_expire_logs_seconds = 0');
    expect((await retention(position)).expireSeconds).toBeUndefined();
  });

  test('tells the space, where the server has a limit', async () => {
    const position = await control.head();
    expect((await retention(position)).spaceLimitBytes).toBeUndefined();
    if (version !== 'mariadb-11.8') return;
    await asRoot(server, 'SET GLOBAL max_binlog_total_size = 1073741824');
    const limited = await retention(position);
    expect(limited.spaceLimitBytes).toBe(1_073_741_824n);
    expect(limited.remedies.space).toContain('SET GLOBAL max_binlog_total_size = 2147483648;');
    await asRoot(server, 'SET GLOBAL max_binlog_total_size = 18446744073709551615');
    expect((await retention(position)).spaceLimitBytes).toBeGreaterThan(2n ** 63n);
    await asRoot(server, 'SET GLOBAL max_binlog_total_size = 0');
  });

  test('is not told to everybody', async () => {
    await asRoot(server, "CREATE USER nobody IDENTIFIED BY 'pw'");
    const nobody = controlOf(server, { user: 'nobody', password: 'pw' });
    try {
      const error = await errorOf(retention(await control.head(), nobody));
      expect(error.code).toBe('SOURCE_GRANT_MISSING');
    } finally {
      await nobody.close();
    }
  });
});

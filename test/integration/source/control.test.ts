import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { RelayError } from '../../../src/base/errors.ts';
import type { ControlConnection } from '../../../src/source/control.ts';
import { lockNameOf } from '../../../src/source/lock.ts';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { BreakableLine } from '../../support/broken-line.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { connectMysql } from '../../support/servers.ts';
import { asRoot, controlOf, errorOf, relaySettings, VERSIONS } from './both-servers.ts';

describe.each(VERSIONS)('MySQL %s', (version) => {
  let mysql: MysqlServer;
  let controls: ControlConnection[] = [];
  const open = (
    ...args: Parameters<typeof controlOf> extends [unknown, ...infer Rest] ? Rest : never
  ): ControlConnection => {
    const control = controlOf(mysql, ...args);
    controls.push(control);
    return control;
  };

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, progress: () => undefined });
    await asRoot(
      mysql,
      "CREATE USER nobody IDENTIFIED BY 'pw'",
      'CREATE DATABASE shop',
      'CREATE TABLE shop.a (id INT PRIMARY KEY)',
    );
  });
  afterAll(() => mysql.remove());
  afterEach(async () => {
    await Promise.all(controls.map((control) => control.close()));
    controls = [];
  });

  test('head is the newest position, of one moment, and moves with every commit', async () => {
    const control = open();
    const before = await control.head();
    await asRoot(mysql, 'INSERT INTO shop.a VALUES (1)');
    const after = await control.head();
    expect(after.file).toBe(before.file);
    expect(after.offset).toBeGreaterThan(before.offset);
    expect(after.serverUuid).toMatch(/^[0-9a-f-]{36}$/);
    const [, last] = /:1-(\d+)$/.exec(before.gtidSet ?? '') ?? [];
    expect(after.gtidSet).toBe(`${after.serverUuid}:1-${Number(last) + 1}`);
  });

  test('knows the server', async () => {
    const facts = await open().serverFacts();
    expect(facts).toMatchObject({
      hasBinlog: true,
      hasGtids: true,
      binlogFormat: 'ROW',
      binlogRowImage: 'FULL',
      binlogRowMetadata: 'FULL',
      isReplica: false,
      logsReplicaUpdates: true,
      hidesCascades: version === '8.0',
    });
    expect(await open().takenServerIds()).toEqual(new Set([facts.serverId]));
  });

  test('connects again after the server ended the connection', async () => {
    const control = open();
    const [row] = await control.query('SELECT CONNECTION_ID() AS id');
    await asRoot(mysql, `KILL ${String(row?.['id'])}`);
    const [again] = await control.query('SELECT CONNECTION_ID() AS id').catch(async (error: unknown) => {
      // The statement may meet the loss itself.
      expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
      return control.query('SELECT CONNECTION_ID() AS id');
    });
    expect(again?.['id']).not.toBe(row?.['id']);
  });

  describe('errors', () => {
    test.each([
      [{ password: 'wrong' }, 'SOURCE_ACCESS_DENIED', false],
      [{ user: 'nope' }, 'SOURCE_ACCESS_DENIED', false],
      [{ user: 'nobody', password: 'pw' }, 'SOURCE_GRANT_MISSING', false],
      [{ port: 1 }, 'SOURCE_UNREACHABLE', true],
      [{ host: 'no-such-host.invalid' }, 'SOURCE_HOST_UNKNOWN', true],
      [{ tls: { mode: 'verify-ca' } }, 'SOURCE_TLS', false],
    ] as const)('%j: %s', async (changes, code, retryable) => {
      expect(await errorOf(open(changes).head())).toMatchObject({ code, retryable });
    });

    test('no connection is left', async () => {
      await asRoot(mysql, 'SET GLOBAL max_user_connections = 1');
      try {
        await open().head();
        expect(await errorOf(open().head())).toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true });
      } finally {
        await asRoot(mysql, 'SET GLOBAL max_user_connections = 0');
      }
    });
  });

  describe('encryption', () => {
    test.each([
      ['preferred', true],
      ['required', true],
      ['disabled', false],
    ] as const)('%s', async (mode, isEncrypted) => {
      const control = open({ tls: { mode } });
      expect(await control.isEncrypted()).toBe(isEncrypted);
      expect((await control.dumpOptions()).ssl !== undefined).toBe(isEncrypted);
    });

    test('the password of caching_sha2_password passes in plain text under the key of the server', async () => {
      await asRoot(mysql, "CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'pässword'");
      for (let time = 0; time < 2; time += 1) {
        const control = open({ user: 'sha2', password: 'pässword', tls: { mode: 'disabled' } });
        expect(await control.isEncrypted()).toBe(false);
      }
    });
  });

  describe('lock', () => {
    const waits = { othersSeconds: 1, ownSeconds: 1 };

    test('keeps out a second relay, naming the first, until the first closes', async () => {
      const first = open();
      await first.lock('a checkpoint');
      const [row] = await first.query('SELECT CONNECTION_ID() AS id');
      const second = open({}, { lockWaits: waits });
      const error = await errorOf(second.lock('a checkpoint'));
      expect(error).toMatchObject({ code: 'SOURCE_LOCKED', retryable: false });
      expect(error.message).toMatch(new RegExp(`connection ${String(row?.['id'])} of the server, from localhost`));
      await second.lock('another checkpoint');
      await first.close();
      await open({}, { lockWaits: { othersSeconds: 0, ownSeconds: 0 } }).lock('a checkpoint');
    });

    test('is free for a restart right after kill -9', async () => {
      const script = `
        import { createConnection } from 'mysql2/promise';
        const connection = await createConnection(JSON.parse(process.argv[1]));
        const [[{ taken }]] = await connection.query('SELECT GET_LOCK(?, 0) AS taken', [process.argv[2]]);
        console.log(taken);
        setInterval(() => undefined, 1000);`;
      const access = { host: mysql.host, port: mysql.port, user: mysql.relayUser, password: mysql.relayPassword };
      const child = spawn(
        process.execPath,
        ['--input-type=module', '-e', script, JSON.stringify(access), lockNameOf('killed')],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [taken] = (await once(child.stdout, 'data')) as [Buffer];
      expect(taken.toString().trim()).toBe('1');
      expect(await errorOf(open({}, { lockWaits: waits }).lock('killed'))).toMatchObject({ code: 'SOURCE_LOCKED' });
      child.kill('SIGKILL');
      await open().lock('killed');
    });

    // As of a host that hangs, and one of source.hosts that is turned to meanwhile.
    test('of the server that is asked now is kept when the attempt at the one before fails late', async () => {
      const before = await FaultProxy.to(mysql);
      try {
        let settings = relaySettings(mysql, { host: before.host, port: before.port, connectTimeoutMs: 1500 });
        const control = open({}, { settings: () => settings });
        await control.lock('late');
        const term = control.lockTerm ?? 0;
        before.fault = { kind: 'hold' };
        before.reset();
        await expect.poll(() => control.lockTerm).toBeUndefined();
        settings = relaySettings(mysql);
        // Waits for the attempt that is under way, while others are made already.
        const renewed = control.renew();
        await control.ensureLock();
        expect(control.lockTerm).toBe(term + 1);
        await renewed;
        expect(control.lockTerm).toBe(term + 1);
      } finally {
        await before.close();
      }
    });

    test('is taken again at once when the connection was lost', async () => {
      const lost: RelayError[] = [];
      const control = open({}, { onLockLost: (error) => lost.push(error) });
      await control.lock('lost');
      const [row] = await control.query('SELECT CONNECTION_ID() AS id');
      await asRoot(mysql, `KILL ${String(row?.['id'])}`);
      const root = await connectMysql(mysql);
      await expect
        .poll(async () => {
          const [rows] = await root.query<RowDataPacket[]>('SELECT IS_USED_LOCK(?) AS id', [lockNameOf('lost')]);
          return rows[0]?.['id'] as unknown;
        })
        .toSatisfy((id) => id !== null && String(id) !== String(row?.['id']));
      await root.end();
      await control.ensureLock();
      expect(lost).toEqual([]);
    });

    test('that another relay took meanwhile is reported, and stays lost', async () => {
      const lost: RelayError[] = [];
      const control = open({}, { lockWaits: waits, onLockLost: (error) => lost.push(error) });
      await control.lock('stolen');
      const [row] = await control.query('SELECT CONNECTION_ID() AS id');
      const thief = await connectMysql(mysql);
      const [[session]] = await thief.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
      const theft = thief.query<RowDataPacket[]>('SELECT GET_LOCK(?, 20) AS taken', [lockNameOf('stolen')]);
      const root = await connectMysql(mysql);
      await expect
        .poll(async () => {
          // Sessions of other tests may wait for a lock as well.
          const [rows] = await root.query<RowDataPacket[]>('SHOW PROCESSLIST');
          return rows.find((process) => process['Id'] === session?.['id'])?.['State'] as unknown;
        })
        .toBe('User lock');
      await root.query(`KILL ${String(row?.['id'])}`);
      await root.end();
      const [[answer]] = await theft;
      expect(answer?.['taken']).toBe(1);
      await expect.poll(() => lost.map(({ code }) => code), { timeout: 10_000 }).toEqual(['SOURCE_LOCKED']);
      await thief.end();
      expect((await errorOf(control.ensureLock())).code).toBe('SOURCE_LOCKED');
    });
  });

  describe('the lock, while the connection that holds it is away', () => {
    const HOSTILE = [
      'max_execution_time = 500',
      'lock_wait_timeout = 1',
      "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
      'sql_select_limit = 1',
      'autocommit = 0',
    ];
    const holder = async (identity: string): Promise<string> => {
      const root = await connectMysql(mysql);
      const [rows] = await root.query<RowDataPacket[]>('SELECT IS_USED_LOCK(?) AS id', [lockNameOf(identity)]);
      await root.end();
      return String(rows[0]?.['id']);
    };
    beforeAll(() => asRoot(mysql, ...HOSTILE.map((setting) => `SET GLOBAL ${setting}`)));
    afterAll(() => asRoot(mysql, ...HOSTILE.map((setting) => `SET GLOBAL ${setting.split(' ')[0] ?? ''} = DEFAULT`)));

    test('is taken back within moments from our own session, whatever the server has set for all', async () => {
      const line = await BreakableLine.to(mysql);
      const lost: RelayError[] = [];
      const control = open({ port: line.port }, { onLockLost: (error) => lost.push(error) });
      await control.lock('broken line');
      const [before, term] = [await holder('broken line'), control.lockTerm];
      expect(term).toBeDefined();
      line.break();
      await expect.poll(() => control.lockTerm).not.toBe(term);
      // Far less than the minute after which the server would have freed it by itself.
      await expect.poll(() => control.lockTerm, { timeout: 15_000 }).toBeDefined();
      expect(await holder('broken line')).not.toBe(before);
      expect(lost).toEqual([]);
      await control.close();
      line.close();
    });

    test('is waited for longer than a statement may take there', async () => {
      const first = open();
      await first.lock('waited for');
      const second = open().lock('waited for');
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await first.close();
      await second;
    });

    test('is not certain, and not lost, while the server lets nobody in', async () => {
      const lost: RelayError[] = [];
      await asRoot(mysql, "CREATE USER barred IDENTIFIED BY 'pw'", 'GRANT REPLICATION CLIENT ON *.* TO barred');
      const barred = { user: 'barred', password: 'pw' };
      const control = open(barred, { onLockLost: (error) => lost.push(error) });
      await control.lock('barred');
      const term = control.lockTerm;
      await asRoot(mysql, 'ALTER USER barred ACCOUNT LOCK', `KILL ${await holder('barred')}`);
      await expect.poll(() => control.lockTerm).toBeUndefined();
      expect((await errorOf(control.ensureLock())).code).toBe('SOURCE_ACCESS_DENIED');
      expect(control.lockTerm).toBeUndefined();
      expect(lost).toEqual([]);
      await asRoot(mysql, 'ALTER USER barred ACCOUNT UNLOCK');
      await control.ensureLock();
      expect(control.lockTerm).toBeGreaterThan(term ?? 0);
    });

    test('is certain only until the server could have freed it unheard', async () => {
      let asleepMs = 0;
      const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + asleepMs };
      const control = open({}, { clock });
      await control.lock('asleep');
      const term = control.lockTerm;
      asleepMs = 49_000;
      expect(control.lockTerm).toBe(term);
      asleepMs = 51_000;
      expect(control.lockTerm).toBeUndefined();
      await control.ensureLock();
      expect(control.lockTerm).toBe(term);
    });
  });

  test('closing tells the server good-bye', async () => {
    const aborted = async (): Promise<unknown> => {
      const root = await connectMysql(mysql);
      const [rows] = await root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Aborted_clients'");
      await root.end();
      return rows[0]?.['Value'] as unknown;
    };
    const before = await aborted();
    for (let n = 0; n < 5; n += 1) {
      const control = open();
      await control.head();
      await control.close();
      await control.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await aborted()).toBe(before);
  });
});

describe.each([
  ['9.7', '--tls-version='],
  ['8.0', '--ssl=0'],
] as const)('MySQL %s without TLS', (version, flag) => {
  let mysql: MysqlServer;
  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, flags: [flag], progress: () => undefined });
  });
  afterAll(() => mysql.remove());

  test('preferred goes on in plain text, required does not', async () => {
    const preferred = controlOf(mysql);
    expect(await preferred.isEncrypted()).toBe(false);
    expect((await preferred.dumpOptions()).ssl).toBeUndefined();
    await preferred.close();
    const error = await errorOf(controlOf(mysql, { tls: { mode: 'required' } }).head());
    expect(error.code).toBe('SOURCE_TLS');
    expect(error.remedy).toMatch(/has no TLS/);
  });
});

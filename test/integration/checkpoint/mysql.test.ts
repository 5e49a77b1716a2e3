import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer, MysqlVersion } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import type { MysqlAccess } from '../../../src/checkpoint/mysql-session.ts';
import { createMysqlCheckpointStore } from '../../../src/checkpoint/mysql.ts';
import { describeServerStore, failure, loggerTo } from '../../contract/checkpoint/server-store-contract.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { connectMysql, uniqueName } from '../../support/servers.ts';

const DATABASE = 'relay_state';
/** None of it may matter: a save is stored when it is answered, whatever a server has set for all. */
const FLAGS = ['--autocommit=0', '--sql-mode=NO_BACKSLASH_ESCAPES', '--secure-file-priv='];

describe.each<{ version: MysqlVersion; tls: MysqlAccess['tls'] }>([
  { version: '9.7', tls: { mode: 'required' } },
  { version: '8.0', tls: { mode: 'preferred' } },
  { version: 'mariadb-10.11', tls: { mode: 'preferred' } },
])('$version', ({ version, tls }) => {
  let mysql: MysqlServer;
  let sql: Connection;

  beforeAll(async () => {
    mysql = await startMysql({ version, own: true, flags: FLAGS, progress: () => undefined });
    sql = await connectMysql(mysql);
    await sql.query(
      `SET autocommit = 1; CREATE DATABASE ${DATABASE};
       CREATE USER keeper IDENTIFIED BY 'keeper-secret'; GRANT SELECT, INSERT, UPDATE, CREATE ON ${DATABASE}.* TO keeper;
       CREATE USER writer IDENTIFIED BY 'writer-secret'; GRANT SELECT, INSERT, UPDATE ON ${DATABASE}.* TO writer;
       CREATE USER stranger IDENTIFIED BY 'stranger-secret'`,
    );
  });

  afterAll(async () => {
    await sql.end();
    await mysql.remove();
  });

  const access = (changes: Partial<MysqlAccess> = {}): MysqlAccess => ({
    host: mysql.host,
    port: mysql.port,
    user: 'keeper',
    password: 'keeper-secret',
    tls,
    database: DATABASE,
    table: 'checkpoints',
    name: uniqueName(''),
    ...changes,
  });

  const open = (at: MysqlAccess): CheckpointStore =>
    createMysqlCheckpointStore(at, { logger: loggerTo([]), clock: systemClock });

  describeServerStore('mysql', () => ({
    server: mysql,
    port: mysql.port,
    sql,
    open: (at, surroundings) => createMysqlCheckpointStore(access(at), surroundings),
    recordOf: (name) => `${DATABASE}.checkpoints WHERE name = '${name}'`,
    damage: (name, generation) =>
      `UPDATE ${DATABASE}.checkpoints SET \`${generation}\` = '{ cut' WHERE name = '${name}'`,
  }));

  describe('the fence of the row', () => {
    it.each([
      ['a higher epoch', 'epoch = 99', 'epoch 99'],
      ['another stream', "stream = 'ffffffff'", 'stream ffffffff'],
    ])('%s beside the text: no save goes over it, and no run begins with it', async (_, change, said) => {
      const at = access();
      const store = open(at);
      await store.save(checkpoint(1));
      await sql.query(`UPDATE ${DATABASE}.checkpoints SET ${change} WHERE name = ?`, [at.name]);
      const error = await failure(store.save(checkpoint(2)));
      expect(error.code).toBe('CHECKPOINT_TAKEN');
      expect(error.message).toContain(said);
      const damaged = await failure(open(at).take());
      expect(damaged.code).toBe('CHECKPOINT_DAMAGED');
      expect(damaged.message).toContain(said);
    });

    it('a row of another program is refused', async () => {
      const at = access();
      await open(at).save(checkpoint(1));
      await sql.query(`UPDATE ${DATABASE}.checkpoints SET revision = -5 WHERE name = ?`, [at.name]);
      const error = await failure(open(at).save(checkpoint(2)));
      expect(error.code).toBe('CHECKPOINT_DAMAGED');
      expect(error.message).toContain('revision');
    });
  });

  describe('the table', () => {
    it('that is missing is not made for a look, and by the first save', async () => {
      const at = access({ table: uniqueName('t') });
      const tables = async (): Promise<number> => {
        const [rows] = await sql.query<RowDataPacket[]>(`SHOW TABLES FROM ${DATABASE} LIKE '${at.table}'`);
        return rows.length;
      };
      expect(await open(at).load()).toBeUndefined();
      expect((await open(at).take()).epoch).toBe(1);
      expect(await tables()).toBe(0);
      await open(at).save(checkpoint(1));
      expect(await tables()).toBe(1);
    });

    it('that the account may not make: the statement that makes it is told, and then it suffices', async () => {
      const at = access({ user: 'writer', password: 'writer-secret', table: uniqueName('t') });
      const error = await failure(open(at).save(checkpoint(1)));
      expect(error.code).toBe('CHECKPOINT_REFUSED');
      await sql.query(error.remedy.slice(0, error.remedy.indexOf(';')));
      await open(at).save(checkpoint(1));
      expect(await open(at).load()).toEqual(checkpoint(1));
    });

    it('that is another one is refused, and left as it is', async () => {
      const at = access({ table: uniqueName('t') });
      await sql.query(`CREATE TABLE ${DATABASE}.${at.table} (id INT PRIMARY KEY)`);
      for (const work of [() => open(at).load(), () => open(at).save(checkpoint(1))]) {
        const error = await failure(work());
        expect(error.code).toBe('CHECKPOINT_REFUSED');
        expect(error.remedy).toContain('checkpoint.table');
      }
    });
  });

  it('follows a password that was rotated in its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secret-'));
    const passwordFile = join(folder, 'password');
    try {
      await writeFile(passwordFile, 'wrong-secret\n');
      const store = open(access({ passwordFile }));
      expect((await failure(store.save(checkpoint(1)))).code).toBe('CHECKPOINT_REFUSED');
      await writeFile(passwordFile, 'keeper-secret\n');
      await store.save(checkpoint(1));
      expect(await store.load()).toEqual(checkpoint(1));
      await rm(passwordFile);
      expect((await failure(store.load())).message).toContain(`${passwordFile} of checkpoint.password`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ['a wrong password', { password: 'wrong-secret' }, 'CHECKPOINT_REFUSED', 'checkpoint.password'],
    [
      'a database that is missing',
      { user: 'root', password: '', database: 'nowhere' },
      'CHECKPOINT_REFUSED',
      'CREATE DATABASE nowhere',
    ],
    [
      'an account without privileges',
      { user: 'stranger', password: 'stranger-secret' },
      'CHECKPOINT_REFUSED',
      'GRANT SELECT',
    ],
    ['a host that nobody knows', { host: 'nowhere.invalid' }, 'CHECKPOINT_UNREACHABLE', 'checkpoint.host'],
    ['a port where nobody listens', { port: 1 }, 'CHECKPOINT_UNREACHABLE', 'checkpoint.port'],
  ])('%s', async (_, changes, code, remedy) => {
    const works = [(store: CheckpointStore) => store.load(), (store: CheckpointStore) => store.save(checkpoint(1))];
    for (const work of works) {
      const error = await failure(work(open(access(changes))));
      expect(error.code).toBe(code);
      expect(error.remedy).toContain(remedy);
      expect(error.message).not.toContain('secret');
    }
  });

  it.runIf(version === '9.7')('verifies the certificate of the server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'checkpoint-tls-'));
    try {
      const ca = join(folder, 'ca.pem');
      const [rows] = await sql.query<RowDataPacket[]>(
        "SELECT CONVERT(LOAD_FILE(CONCAT(@@datadir, 'ca.pem')) USING ascii) AS pem",
      );
      await writeFile(ca, String(rows[0]?.['pem']));
      const at = access({ tls: { mode: 'verify-ca', ca } });
      await open(at).save(checkpoint(1));
      expect(await open(at).load()).toEqual(checkpoint(1));
      const other = join(folder, 'other.pem');
      // prettier-ignore
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', other, '-days', '1', '-subj', '/CN=other'], { stdio: 'ignore' });
      const refused = await failure(open(access({ tls: { mode: 'verify-ca', ca: other } })).load());
      expect(refused.code).toBe('CHECKPOINT_REFUSED');
      expect(refused.remedy).toContain('checkpoint.tls.ca');
      const address = await failure(open(access({ tls: { mode: 'verify-identity', ca } })).load());
      expect(address.code).toBe('CHECKPOINT_REFUSED');
      expect(address.remedy).toContain('checkpoint.host');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

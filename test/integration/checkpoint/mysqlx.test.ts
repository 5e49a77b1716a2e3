import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import type { MysqlxAccess } from '../../../src/checkpoint/mysqlx-session.ts';
import { createMysqlxCheckpointStore } from '../../../src/checkpoint/mysqlx.ts';
import { describeServerStore, failure, loggerTo } from '../../contract/checkpoint/server-store-contract.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { connectMysql, uniqueName } from '../../support/servers.ts';

const SCHEMA = 'relay_state';

let mysql: MysqlServer;
let sql: Connection;

beforeAll(async () => {
  mysql = await startMysql({ own: true, mysqlx: true, flags: ['--secure-file-priv='], progress: () => undefined });
  sql = await connectMysql(mysql);
  await sql.query(
    `CREATE DATABASE ${SCHEMA}; CREATE USER keeper IDENTIFIED BY 'keeper-secret'; GRANT SELECT, INSERT, UPDATE, CREATE ON ${SCHEMA}.* TO keeper; ` +
      "CREATE USER stranger IDENTIFIED BY 'stranger-secret'",
  );
});

afterAll(async () => {
  await sql.end();
  await mysql.remove();
});

function access(changes: Partial<MysqlxAccess> = {}): MysqlxAccess {
  return {
    host: mysql.host,
    port: mysql.mysqlxPort ?? 0,
    user: 'keeper',
    password: 'keeper-secret',
    tls: { mode: 'required' },
    schema: SCHEMA,
    collection: 'checkpoints',
    name: uniqueName(''),
    ...changes,
  };
}

function open(at: MysqlxAccess): CheckpointStore {
  return createMysqlxCheckpointStore(at, { logger: loggerTo([]), clock: systemClock });
}

describeServerStore('mysqlx', () => ({
  server: mysql,
  port: mysql.mysqlxPort ?? 0,
  sql,
  open: (at, surroundings) => createMysqlxCheckpointStore(access(at), surroundings),
  recordOf: (name) => `${SCHEMA}.checkpoints WHERE _id = '${name}'`,
  damage: (name, generation) =>
    `UPDATE ${SCHEMA}.checkpoints SET doc = JSON_SET(doc, '$.${generation}', '{ cut') WHERE _id = '${name}'`,
}));

it('a document that is another is refused', async () => {
  const at = access();
  await open(at).save(checkpoint(1));
  await sql.query(`UPDATE ${SCHEMA}.checkpoints SET doc = JSON_REMOVE(doc, '$.revision') WHERE _id = ?`, [at.name]);
  const error = await failure(open(at).load());
  expect(error.code).toBe('CHECKPOINT_DAMAGED');
  expect(error.message).toContain('revision');
});

describe('the certificate of the server', () => {
  let folder: string;
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'checkpoint-tls-'));
    ca = join(folder, 'ca.pem');
    const [rows] = await sql.query<RowDataPacket[]>(
      "SELECT CONVERT(LOAD_FILE(CONCAT(@@datadir, 'ca.pem')) USING ascii) AS pem",
    );
    await writeFile(ca, String(rows[0]?.['pem']));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('signed by an authority of ca is taken', async () => {
    const at = access({ tls: { mode: 'verify-ca', ca } });
    await open(at).save(checkpoint(1));
    expect(await open(at).load()).toEqual(checkpoint(1));
  });

  it('signed by another one is refused', async () => {
    const other = join(folder, 'other.pem');
    // prettier-ignore
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', other, '-days', '1', '-subj', '/CN=other'], { stdio: 'ignore' });
    expect(await failure(open(access({ tls: { mode: 'verify-ca', ca: other } })).load())).toMatchObject({
      code: 'CHECKPOINT_REFUSED',
      remedy: expect.stringContaining('checkpoint.tls.ca') as string,
    });
  });

  it('made for another host is refused by verify-identity', async () => {
    expect(await failure(open(access({ tls: { mode: 'verify-identity', ca } })).load())).toMatchObject({
      code: 'CHECKPOINT_REFUSED',
      remedy: expect.stringContaining('checkpoint.host') as string,
    });
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

describe('refusals', () => {
  it.each([
    ['a wrong password', { password: 'wrong-secret' }, 'CHECKPOINT_REFUSED', 'checkpoint.password'],
    [
      'a schema that is missing',
      { user: 'root', password: '', schema: 'nowhere' },
      'CHECKPOINT_REFUSED',
      'CREATE DATABASE nowhere',
    ],
    [
      'an account without privileges',
      { user: 'stranger', password: 'stranger-secret' },
      'CHECKPOINT_REFUSED',
      'GRANT SELECT',
    ],
    ['a host that nobody knows', { host: 'nowhere.invalid' }, 'CHECKPOINT_UNREACHABLE', ''],
    ['a port where nobody listens', { port: 1 }, 'CHECKPOINT_UNREACHABLE', ''],
  ])('%s', async (_, changes, code, remedy) => {
    const works = [(store: CheckpointStore) => store.load(), (store: CheckpointStore) => store.save(checkpoint(1))];
    for (const work of works) {
      const error = await failure(work(open(access(changes))));
      expect(error.code).toBe(code);
      expect(error.remedy).toContain(remedy);
      expect(error.message).not.toContain('secret');
    }
  });

  it('the port of the classic protocol', async () => {
    const error = await failure(open(access({ port: mysql.port })).load());
    expect(error.code).toBe('CHECKPOINT_REFUSED');
    expect(error.remedy).toContain('33060');
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { asRelayError, type RelayError } from '../../../src/base/errors.ts';
import type { CheckpointStore } from '../../../src/checkpoint/checkpoint.ts';
import type { MysqlxAccess } from '../../../src/checkpoint/mysqlx-session.ts';
import { createMysqlxCheckpointStore } from '../../../src/checkpoint/mysqlx.ts';
import { describeCheckpointStore } from '../../contract/checkpoint/store-contract.ts';
import { checkpoint } from '../../support/checkpoints.ts';
import { connectMysql, uniqueName } from '../../support/servers.ts';

const SCHEMA = 'relay_state';
/** Waits a twentieth of what it is asked to. */
const HASTY: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 20, signal) };

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

function open(at: MysqlxAccess, clock: Clock = systemClock, lines: string[] = []): CheckpointStore {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return createMysqlxCheckpointStore(at, { logger: pino(stream), clock });
}

function failure(work: Promise<unknown>): Promise<RelayError> {
  return work.then(() => expect.unreachable(), asRelayError);
}

describeCheckpointStore('mysqlx', () => {
  const at = access();
  return Promise.resolve({ open: () => open(at), remove: () => Promise.resolve() });
});

describe('two generations', () => {
  const damage = (at: MysqlxAccess, path: string): Promise<unknown> =>
    sql.query(`UPDATE ${SCHEMA}.checkpoints SET doc = JSON_SET(doc, ?, '{ cut') WHERE _id = ?`, [path, at.name]);

  it('go back to the previous one when the newest is damaged, under the next epoch', async () => {
    const at = access();
    const lines: string[] = [];
    await open(at).save(checkpoint(1));
    await open(at).save(checkpoint(2));
    await damage(at, '$.current');
    const store = open(at, systemClock, lines);
    expect(await store.load()).toEqual(checkpoint(1, { epoch: 8 }));
    expect(lines).toHaveLength(1);
    // The damaged one, and what is older than it, are gone after the next save.
    await store.save(checkpoint(3, { epoch: 9 }));
    await damage(at, '$.current');
    expect(await open(at).load()).toEqual(checkpoint(3, { epoch: 10 }));
  });

  it('refuse to guess when none is sound, or when the document is another', async () => {
    const at = access();
    await open(at).save(checkpoint(1));
    await damage(at, '$.current');
    await damage(at, '$.previous');
    const error = await failure(open(at).load());
    expect(error.code).toBe('CHECKPOINT_DAMAGED');
    expect(error.remedy).toContain(`DELETE FROM ${SCHEMA}.checkpoints WHERE _id = '${at.name}'`);
    await sql.query(`UPDATE ${SCHEMA}.checkpoints SET doc = JSON_REMOVE(doc, '$.revision') WHERE _id = ?`, [at.name]);
    expect(await failure(open(at).load())).toMatchObject({ code: 'CHECKPOINT_DAMAGED' });
  });
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

describe('what comes between', () => {
  it('another run: what it has stored is never overwritten, however often the one before tries', async () => {
    const at = access();
    const old = open(at);
    await old.take();
    await old.save(checkpoint(1, { epoch: 1 }));
    await old.confirm();
    const next = open(at);
    const { epoch } = await next.take();
    await next.save(checkpoint(2, { epoch }));
    for (let n = 3; n < 6; n += 1) {
      expect(await failure(old.save(checkpoint(n, { epoch: 1 })))).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
      expect(await failure(old.confirm())).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
    }
    expect(await open(at).load()).toEqual(checkpoint(2, { epoch }));
    await next.save(checkpoint(7, { epoch }));
  });

  it('two runs that begin at the same time: only one gets the epoch', async () => {
    const at = access();
    for (let round = 1; round < 10; round += 1) {
      const stores = [open(at), open(at), open(at)];
      const taken = await Promise.all(stores.map((store) => store.take()));
      expect(new Set(taken.map(({ epoch }) => epoch))).toEqual(new Set([round]));
      const saves = stores.map((store, n) =>
        store.save(checkpoint(n, { epoch: round })).then(() => 'stored', asRelayError),
      );
      const outcomes = await Promise.all(saves);
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome === 'stored') continue;
        expect(await failure(stores[n]?.save(checkpoint(n, { epoch: round })) ?? Promise.resolve())).toMatchObject({
          code: 'CHECKPOINT_LOCKED',
        });
      }
    }
  });

  it('a document that was removed by hand is stored again', async () => {
    const at = access();
    const store = open(at);
    await store.save(checkpoint(1));
    await sql.query(`DELETE FROM ${SCHEMA}.checkpoints WHERE _id = '${at.name}'`);
    await store.save(checkpoint(2));
    expect(await open(at).load()).toEqual(checkpoint(2));
  });

  it('a killed session: the save is tried again and works', async () => {
    const at = access();
    const store = open(at);
    await store.save(checkpoint(1));
    await sql.query(`START TRANSACTION; SELECT * FROM ${SCHEMA}.checkpoints WHERE _id = '${at.name}' FOR UPDATE`);
    const failed = failure(store.save(checkpoint(2)));
    await sql.query(`KILL ${await waitingSession()}`);
    const error = await failed;
    expect(error).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE', retryable: true });
    expect(error.message).toContain('interrupted');
    await sql.query('ROLLBACK');
    await store.save(checkpoint(3));
    expect(await open(at).load()).toEqual(checkpoint(3));
  });

  it('a server that does not answer: the save is broken off, leaves no socket, and what it did late does not count', async () => {
    const at = access();
    const store = open(at, HASTY);
    await store.save(checkpoint(1));
    const before = sockets();
    await sql.query(`START TRANSACTION; SELECT * FROM ${SCHEMA}.checkpoints WHERE _id = '${at.name}' FOR UPDATE`);
    expect((await failure(store.save(checkpoint(2)))).message).toContain('no answer within 10 s');
    expect(sockets()).toBeLessThanOrEqual(before);
    await sql.query('ROLLBACK');
    await expect.poll(() => store.save(checkpoint(3)).then(() => 'stored', asRelayError)).toBe('stored');
    expect(await open(at).load()).toEqual(checkpoint(3));
  });

  it('a frozen server, and its thaw', async () => {
    const at = access();
    const store = open(at, HASTY);
    await store.save(checkpoint(1));
    await mysql.freeze();
    try {
      expect(await failure(store.save(checkpoint(2)))).toMatchObject({ code: 'CHECKPOINT_UNREACHABLE' });
    } finally {
      await mysql.thaw();
    }
    await expect.poll(() => store.save(checkpoint(3)).then(() => 'stored', asRelayError)).toBe('stored');
    expect(await open(at).load()).toEqual(checkpoint(3));
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

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

/** The session that waits for a lock of a row, as soon as there is one. */
async function waitingSession(): Promise<number> {
  for (;;) {
    const [rows] = await sql.query<RowDataPacket[]>(
      "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    );
    const id: unknown = rows[0]?.['id'];
    if (typeof id === 'number') return id;
    // Only then does the server look again: it keeps what it shows for 0.1 s after each look.
    await systemClock.sleep(150);
  }
}

/** Sessions of apply on lines that a proxy in the middle has stopped, against a real MySQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SessionPool } from '../../../src/apply/run/pool.ts';
import { DeadLines } from '../../../src/apply/target/dead-lines.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import type { Session } from '../../../src/apply/target/target.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../../support/servers.ts';

let target: FreshDatabase;
let line: FaultProxy;
/** For what is waited for in seconds. */
let aheadMs: number;
const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs };
/** The clock jumps here: that must not make a session older than the server. */
const young = (session: Session): Session => Object.assign(session, { beganMs: Number.POSITIVE_INFINITY });
const open = (): Promise<Session> =>
  openSession(
    { ...targetOf(sharedMysql()), host: line.host, port: line.port },
    clock,
    new AbortController().signal,
  ).then(young);

beforeEach(async () => {
  aheadMs = 0;
  target = await freshDatabase({ prefix: 'dead_lines' });
  line = await FaultProxy.to(sharedMysql());
  await target.connection.query('CREATE TABLE t (id INT PRIMARY KEY)');
});

afterEach(async () => {
  await line.close();
  await target.drop();
});

const failureOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'answered').catch((e: unknown) => e);

it('a half-open line is given up after two looks, and what its transaction has locked is free', async () => {
  const deadLines = new DeadLines(open, clock);
  const [session, other] = await Promise.all([open(), open()]);
  await session.run([`BEGIN`, `INSERT INTO \`${target.name}\`.t VALUES (1)`].map((sql) => Buffer.from(sql)));
  line.freeze();
  const commit = failureOf(session.run([Buffer.from('COMMIT')]));
  const look = (): Promise<boolean> => deadLines.look([session, other]);
  await look();
  expect(session.isOver).toBe(false);
  aheadMs += 6000;
  await look();
  expect(session.isOver).toBe(false);
  aheadMs += 6000;
  expect(await look()).toBe(true);
  expect(await look()).toBe(false);
  // That it was given up, or, if the proxy is quicker, that it has ended in the server.
  expect(await commit).toMatchObject({ code: 'TARGET_UNREACHABLE' });
  expect([session.isOver, other.isOver]).toEqual([true, false]);
  await target.connection.query('SET innodb_lock_wait_timeout = 5');
  await target.connection.query('INSERT INTO t VALUES (1)');
});

it('an answer that was lost is not waited for', async () => {
  const deadLines = new DeadLines(open, clock);
  const session = await open();
  const lock = `'${target.name}'`;
  await target.connection.query(`DO GET_LOCK(${lock}, 0)`);
  const answer = failureOf(session.query(`SELECT GET_LOCK(${lock}, 60)`));
  const command = async (): Promise<unknown> => {
    const [list] = await target.connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
    return list.find(({ Id }) => String(Id) === session.server.connectionId)?.['Command'];
  };
  await expect.poll(command).toBe('Query');
  line.freeze();
  aheadMs += 6000;
  for (let looks = 0; looks < 3; looks += 1) expect(await deadLines.look([session])).toBe(false);
  await target.connection.query(`DO RELEASE_LOCK(${lock})`);
  await expect.poll(command).toBe('Sleep');
  expect(await deadLines.look([session])).toBe(false);
  expect(await deadLines.look([session])).toBe(true);
  expect(await answer).toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

it('an answer that comes slowly is waited for, of which TLS has given nothing yet', async () => {
  line.fault = { kind: 'slow', bytesPerSecond: 6000 };
  const session = await open();
  const direct = (): Promise<Session> => openSession(targetOf(sharedMysql()), clock, new AbortController().signal);
  const deadLines = new DeadLines(direct, clock);
  const answer = session.query("SELECT REPEAT('x', 16000) AS x");
  await sleep(500);
  aheadMs += 60_000;
  for (let looks = 0; looks < 2; looks += 1) {
    expect(await deadLines.look([session])).toBe(false);
    await sleep(500);
  }
  expect((await answer)[0]?.['x']).toHaveLength(16_000);
  session.destroy();
});

it('a statement that takes long, or waits for a lock, is waited for', async () => {
  const deadLines = new DeadLines(open, clock);
  const session = await open();
  await target.connection.query('BEGIN');
  await target.connection.query('INSERT INTO t VALUES (1)');
  const answer = session.run([Buffer.from(`INSERT IGNORE INTO \`${target.name}\`.t VALUES (1)`)]);
  aheadMs += 500_000;
  for (let looks = 0; looks < 5; looks += 1) await deadLines.look([session]);
  await target.connection.query('COMMIT');
  expect(await answer).toEqual([{ found: 0, warnings: 1 }]);
  session.destroy();
});

it('a session that the server has ended is given up, and one that cannot be asked about is not', async () => {
  const session = await open();
  line.freeze();
  const answer = failureOf(session.query('SELECT 1'));
  aheadMs += 6000;
  line.fault = { kind: 'refuse' };
  const deadLines = new DeadLines(open, clock);
  for (let looks = 0; looks < 3; looks += 1) await deadLines.look([session]);
  expect(session.isOver).toBe(false);
  await target.connection.query(`KILL ${session.server.connectionId}`);
  line.fault = undefined;
  for (let looks = 0; looks < 2; looks += 1) await deadLines.look([session]);
  expect(await answer).toMatchObject({ code: 'TARGET_UNREACHABLE' });
});

it('a look that the server does not answer ends when apply does', async () => {
  const session = await open();
  line.freeze();
  const answer = failureOf(session.query('SELECT 1'));
  aheadMs += 6000;
  let isAsking = false;
  const asking = async (): Promise<Session> => {
    const asked = await open();
    line.freeze();
    isAsking = true;
    return asked;
  };
  const patient = { ...clock, sleep: () => new Promise<void>(() => undefined) };
  const deadLines = new DeadLines(asking, patient);
  const look = deadLines.look([session]);
  await expect.poll(() => isAsking).toBe(true);
  deadLines.close();
  expect(await look).toBe(false);
  session.destroy();
  await answer;
});

it.each([200, 1600, 2000])('a session that is stopped after %i ms of its beginning is not waited for', async (ms) => {
  line.fault = { kind: 'slow', bytesPerSecond: 200 };
  const closing = new AbortController();
  const plain = { ...targetOf(sharedMysql()), tls: { mode: 'disabled' } } as const;
  const target = { ...plain, host: line.host, port: line.port };
  const opening = failureOf(openSession(target, clock, closing.signal));
  await sleep(ms);
  const beforeMs = systemClock.monotonic();
  closing.abort();
  expect(await opening).toMatchObject({ code: 'TARGET_UNREACHABLE' });
  expect(systemClock.monotonic() - beforeMs).toBeLessThan(200);
});

it('a server rolls back after two minutes what apply has left open, and verify keeps its sessions', async () => {
  const pool = new SessionPool(1, open, clock);
  const [shown] = await pool.with((session) => session.query("SHOW VARIABLES LIKE 'wait_timeout'"));
  expect(shown?.['Value']).toBe('120');
  pool.close();
  const session = await open();
  const [other] = await session.query("SHOW VARIABLES LIKE 'wait_timeout'");
  expect(other?.['Value']).toBe('28800');
  session.destroy();
});

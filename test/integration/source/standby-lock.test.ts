/** The lock for relays that stand by: src/source/lock.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { ControlConnection } from '../../../src/source/control.ts';
import { lockNameOf, standbyLockTimes, standbyLockWaits } from '../../../src/source/lock.ts';
import { connectMysql, sharedMysql, uniqueName } from '../../support/servers.ts';

const times = standbyLockTimes(10_000);
const opened: ControlConnection[] = [];
afterEach(() => Promise.all(opened.splice(0).map((control) => control.close())));

function open(options: Partial<ConstructorParameters<typeof ControlConnection>[0]> = {}): ControlConnection {
  const { host, port, relayUser: user, relayPassword: password } = sharedMysql();
  const control = new ControlConnection({
    settings: () => ({
      host,
      port,
      user,
      password,
      tls: { mode: 'preferred' },
      connectTimeoutMs: 10_000,
      section: 'source',
    }),
    clock: systemClock,
    lockTimes: times,
    lockWaits: standbyLockWaits(times),
    ...options,
  });
  opened.push(control);
  return control;
}

const idOf = async (control: ControlConnection): Promise<string> =>
  String((await control.query('SELECT CONNECTION_ID() AS id'))[0]?.['id']);

async function kill(id: string): Promise<void> {
  const root = await connectMysql();
  await root.query(`KILL ${id}`);
  await root.end();
}

it('is waited for beyond every turn of waiting, and had as soon as its holder is gone; the holder is told once', async () => {
  const name = uniqueName('waited');
  const first = open();
  await first.lock(name);
  const id = await idOf(first);
  const holders: string[] = [];
  let isHeld = false;
  const second = open();
  const waiting = second.lock(name, (holder) => holders.push(holder)).then(() => (isHeld = true));
  await sleep(7000);
  expect(isHeld).toBe(false);
  expect(second.lockTerm).toBeUndefined();
  await first.close();
  await waiting;
  expect(second.lockTerm).toBe(1);
  expect(holders).toEqual([expect.stringMatching(new RegExp(`^connection ${id} of the server, from `))]);
});

it('is not waited for any more once it is closed, and left to others', async () => {
  const name = uniqueName('closed');
  const first = open();
  await first.lock(name);
  const second = open();
  const told = new Promise<void>((resolve) => {
    second.lock(name, () => resolve()).catch(() => undefined);
  });
  await told;
  await second.close();
  await first.close();
  await open().lock(name);
});

it('is not held by who lost it, as the server says at once', async () => {
  const name = uniqueName('lost');
  const control = open();
  expect(await control.hasLock()).toBe(false);
  await control.lock(name);
  expect(await control.hasLock()).toBe(true);
  const other = open();
  const taken = other.lock(name, () => undefined);
  await sleep(500);
  await kill(await idOf(control));
  await taken;
  expect(await control.hasLock()).toBe(false);
  expect(await other.hasLock()).toBe(true);
});

it('is freed by the server after the time in which everything that was sent has ended', async () => {
  const control = open();
  await control.lock(uniqueName('times'));
  const [row] = await control.query('SELECT @@SESSION.wait_timeout AS seconds');
  expect(row?.['seconds']).toBe('20');
  expect(standbyLockTimes(30_000)).toEqual({ sessionSeconds: 40, certainSeconds: 10, pingSeconds: 3 });
  expect(standbyLockTimes(1000).sessionSeconds).toBe(15);
});

it.each(['monotonic', 'now'] as const)('is certain for 10 s of silence only, by the clock %s', async (scale) => {
  let asleepMs = 0;
  const clock = { ...systemClock, [scale]: () => systemClock[scale]() + asleepMs };
  const control = open({ clock });
  await control.lock(uniqueName('asleep'));
  asleepMs = 8_000;
  expect(control.lockTerm).toBe(1);
  asleepMs = 11_000;
  expect(control.lockTerm).toBeUndefined();
  await control.ensureLock();
  expect(control.lockTerm).toBe(1);
});

it('of a line that fell silent is had by the next one when the server frees it', async () => {
  const name = uniqueName('silent');
  const holder = await connectMysql();
  await holder.query('SET SESSION wait_timeout = 2');
  await holder.query<RowDataPacket[]>('SELECT GET_LOCK(?, 0)', [lockNameOf(name)]);
  holder.on('error', () => undefined);
  await open().lock(name, () => undefined);
  holder.destroy();
});

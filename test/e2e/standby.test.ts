/** `ha: standby`: relays of one configuration, exactly one of them active. Times are printed, not judged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RelayProcess } from '../../dev/relay-process.ts';
import { Pipeline } from '../support/pipeline.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { freshDatabase, sharedMysql, type FreshDatabase } from '../support/servers.ts';
import { portsOf } from '../support/sockets-of.ts';
import { StandbyPair } from '../support/standby-pair.ts';

let pair: StandbyPair;

describe('two relays of one configuration', () => {
  beforeEach(async () => {
    pair = await StandbyPair.create();
  });
  afterEach(() => pair.remove());

  it('one waits, ready and saying so, and takes over after kill -9; the killed one waits when it is back', async () => {
    let active = await pair.start('a');
    await active.ready();
    let standby = await pair.start('b');
    const { healthy, parts, standby: of } = await standby.standingBy();
    expect(healthy).toBe(true);
    expect(of?.holder).toMatch(/^connection \d+ of the server, from /);
    expect(parts.source.reason).toContain('standing by');
    expect(await standby.page('/readyz')).toBe('200 standby\n');
    expect(await standby.page('/livez')).toBe('200 alive\n');
    expect(await standby.page('/metrics')).toContain('binlog_relay_state{state="standby"} 1');
    expect(await asked(standby, '/acknowledge', { all: true })).toMatchObject([503, { code: 'RELAY_STANDBY' }]);
    expect(await asked(standby, '/copy', { tables: ['a.b'] })).toMatchObject([503, { code: 'RELAY_STANDBY' }]);
    pair.write();
    const times: number[] = [];
    for (let kill = 1; kill <= 3; kill += 1) {
      await ms(1000);
      const killedMs = Date.now();
      await active.kill9();
      await standby.ready();
      const before = pair.messages.at(-1)?.epoch ?? 0;
      await pair.until(
        () => (pair.messages.at(-1)?.epoch ?? 0) > before || pair.packedMs(kill + 1, 'first') < Infinity,
        20_000,
        () => 'nothing of the new epoch',
      );
      times.push(pair.packedMs(kill + 1, 'first') - killedMs);
      [active, standby] = [standby, await pair.start(`c${kill}`)];
      await standby.standingBy();
    }
    const rows = await pair.endWriting();
    console.log(`kill -9 x 3: first message of the next relay after ${times.join(', ')} ms; ${rows} rows`);
    expect(pair.late()).toEqual([]);
    expect((await active.health())?.epoch).toBe(4);
  });

  it('one that is told to end gives its place away; one that waits ends at once', async () => {
    const [first, second] = [await pair.start('a'), await pair.start('b')];
    const [active, standby] = await roles(first, second);
    pair.write();
    await ms(500);
    const askedMs = Date.now();
    expect(await active.stop()).toEqual({ code: 0, signal: null });
    await standby.ready();
    const takenMs = Date.now();
    const third = await pair.start('c');
    await third.standingBy();
    const stopMs = Date.now();
    expect(await third.stop()).toEqual({ code: 0, signal: null });
    const stoppedMs = Date.now();
    await pair.endWriting();
    console.log(
      `SIGTERM: taken over after ${takenMs - askedMs} ms; one that waited ended after ${stoppedMs - stopMs} ms`,
    );
    expect(pair.late()).toEqual([]);
    // It had stored what it had sent.
    const ids = pair.messages.flatMap((message) => message.ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('two relays of one shop', () => {
  let pipeline: Pipeline;
  let state: FreshDatabase;
  beforeEach(async () => {
    state = await freshDatabase({ prefix: 'state' });
    const { host, port, user, password } = sharedMysql();
    const checkpoint = { type: 'mysql', host, port, user, password, database: state.name, name: 'shop' };
    pipeline = await Pipeline.create({ source: { serverId: 4_000_000_001 }, sections: { ha: 'standby', checkpoint } });
  });
  afterEach(async () => {
    await pipeline.remove();
    await state.drop();
  });

  it('keep the copy equal while the active one is killed again and again, with one server id for both', async () => {
    let active = await pipeline.startRelay('0');
    await active.ready();
    let standby = await pipeline.startRelay('1');
    await standby.standingBy();
    const load = pipeline.load(300);
    const times: number[] = [];
    for (let kill = 2; kill <= 5; kill += 1) {
      await ms(1000);
      const killedMs = Date.now();
      await active.kill9();
      await standby.ready();
      times.push(Date.now() - killedMs);
      active = standby;
      standby = await pipeline.startRelay(String(kill));
      await standby.standingBy();
    }
    // The one that was started last is looked at.
    await active.stop();
    await standby.ready();
    const { transactions } = await load.stop();
    const rows = await pipeline.expectEqual();
    const { messages, messagesRepeated, changesRepeated } = pipeline.reader.counts;
    console.log(
      `kill -9 x 4, SIGTERM x 1: ready after ${times.join(', ')} ms; ${transactions} transactions, ${messages} messages, ${rows} rows compared; sent twice: ${messagesRepeated} messages, ${changesRepeated} changes`,
    );
    expect((await standby.health())?.epoch).toBe(6);
  });
});

it('two processes that share the folder of the checkpoint take over from one another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-shared-'));
  pair = await StandbyPair.create(sharedMysql(), { checkpoint: { path: folder, shared: true } });
  const active = await pair.start('a');
  await active.ready();
  const standby = await pair.start('b');
  await standby.standingBy();
  pair.write();
  await ms(500);
  await active.kill9();
  await standby.ready();
  await pair.endWriting();
  expect(pair.late()).toEqual([]);
  expect((await standby.health())?.epoch).toBe(2);
  await pair.remove();
  await rm(folder, { recursive: true });
});

/** It sends for half a minute what it has read at once: there is always something that it could send. */
const SLOWLY = { limits: { requestsPerSecond: 10, messageBytes: '1KiB' } };
const BACKLOG_ROWS = 10_000;

/** A relay that is sending what takes it long, and one that stands by. */
async function withBacklog(): Promise<{ readonly active: RelayProcess; readonly standby: RelayProcess }> {
  const active = await pair.start('a');
  await active.ready();
  const standby = await pair.start('b');
  await standby.standingBy();
  await pair.writeMany(BACKLOG_ROWS);
  await pair.until(
    () => pair.messages.length > 0,
    20_000,
    () => 'nothing was sent',
  );
  return { active, standby };
}

const untilNextSends = (): Promise<void> =>
  pair.until(
    () => pair.messages.some(({ epoch }) => epoch === 2),
    20_000,
    () => 'nothing of epoch 2',
  );

describe('a relay that is active and does not know that it may not be', () => {
  afterEach(() => pair.remove());

  it('that is cut off from MySQL and its checkpoint, and not from the broker, has stopped sending before the next one sends', async () => {
    const mysql = await FaultProxy.to(sharedMysql());
    pair = await StandbyPair.create(mysql, SLOWLY);
    const { active, standby } = await withBacklog();
    const isActives = (port: number): boolean => portsOf(active.pid).has(port);
    mysql.isCutOff = isActives;
    mysql.freeze(isActives);
    const cutMs = Date.now();
    await active.until('uncertain', ({ parts }) => !parts.source.ok, 30_000);
    const uncertainMs = Date.now();
    const { heldBytes } = await standby.ready(60_000).then(async () => (await active.health()) ?? { heldBytes: 0 });
    const takenMs = Date.now();
    expect(heldBytes).toBeGreaterThan(0);
    await untilNextSends();
    await ms(3000);
    const { state, parts } = (await active.health()) ?? {};
    expect(['blocked', 'connecting']).toContain(state);
    expect(parts?.source.ok).toBe(false);
    expect(await active.page('/readyz')).toMatch(/^503 /);
    mysql.isCutOff = () => false;
    await active.standingBy(60_000);
    const rows = await pair.endWriting(120_000);
    const times = {
      cutOffNoticed: uncertainMs - cutMs,
      lastOfTheOld: pair.packedMs(1, 'last') - cutMs,
      takenOver: takenMs - cutMs,
      firstOfTheNew: pair.packedMs(2, 'first') - cutMs,
    };
    console.log(`cut off, ms since then: ${JSON.stringify(times)}; ${rows} rows`);
    expect(pair.packedMs(1, 'last')).toBeLessThan(pair.packedMs(2, 'first'));
    expect(pair.late()).toEqual([]);
    expect(await active.log()).toContain('SOURCE_LOCKED');
    await mysql.close();
  });

  it('that stood still for longer than its lock lasts sends nothing before it has asked, and then waits', async () => {
    pair = await StandbyPair.create(sharedMysql(), SLOWLY);
    const { active, standby } = await withBacklog();
    active.signal('SIGSTOP');
    const stoppedMs = Date.now();
    await standby.ready(60_000);
    await untilNextSends();
    await ms(2000);
    active.signal('SIGCONT');
    const wokenMs = Date.now();
    await active.standingBy(60_000);
    const waitsMs = Date.now();
    const rows = await pair.endWriting(120_000);
    const late = pair.late();
    console.log(
      `stopped: taken over after ${pair.packedMs(2, 'first') - stoppedMs} ms; woken, it waited after ${waitsMs - wokenMs} ms; ${late.length} late messages; ${rows} rows`,
    );
    // What was on its way when it was stopped may be stored later, at most one message of each lane: readers drop it.
    const lanes = late.map(({ lane }) => lane);
    expect(new Set(lanes).size).toBe(lanes.length);
    for (const { packedMs } of late) expect(packedMs).toBeLessThan(stoppedMs);
    expect(await active.log()).toMatch(/the lock is not confirmed|another relay is active/);
  });
});

/** The one that is active, and the one that waits. */
async function roles(...relays: readonly [RelayProcess, RelayProcess]): Promise<readonly [RelayProcess, RelayProcess]> {
  const [one, other] = relays;
  const isActive = await Promise.race([one.ready().then(() => true), other.ready().then(() => false)]);
  const found = isActive ? ([one, other] as const) : ([other, one] as const);
  await found[1].standingBy();
  return found;
}

async function asked(relay: RelayProcess, path: string, body: object): Promise<readonly [number, unknown]> {
  const response = await fetch(`${(await relay.address()) ?? ''}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return [response.status, await response.json()];
}

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));

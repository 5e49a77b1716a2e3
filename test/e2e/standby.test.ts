/** `ha: standby`: relays of one configuration, exactly one of them active. Times are printed, not judged. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RelayProcess } from '../../dev/relay-process.ts';
import { StandbyPair } from '../support/standby-pair.ts';

let pair: StandbyPair;
afterEach(() => pair.remove());

describe('two relays of one configuration', () => {
  beforeEach(async () => {
    pair = await StandbyPair.create();
  });

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

/** The one that is active, and the one that waits. */
async function roles(...relays: readonly [RelayProcess, RelayProcess]): Promise<readonly [RelayProcess, RelayProcess]> {
  const [one, other] = relays;
  const isActive = await Promise.race([one.ready().then(() => true), other.ready().then(() => false)]);
  const found = isActive ? ([one, other] as const) : ([other, one] as const);
  await found[1].standingBy();
  return found;
}

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));

/** `ha: standby` without servers: who waits, who takes over, and who waits again. */
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Code } from '../../../../src/base/error-codes.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { StandbyRelay } from '../../../../src/relay/run/standby-relay.ts';
import type { Checkpoint } from '../../../../src/checkpoint/checkpoint.ts';
import { RelayRun } from '../../../support/relay-ends.ts';
import { ManualClock, settled } from '../../../support/sink/manual-clock.ts';

const HOLDER = 'connection 7 of the server, from 10.0.0.5:4711';
const never = new Promise<void>(() => undefined);

function waiting(holders: readonly string[] = [HOLDER]): { readonly run: RelayRun; readonly free: () => void } {
  const run = new RelayRun({ standsBy: true });
  let free = (): void => undefined;
  const freed = new Promise<void>((resolve) => (free = resolve));
  run.source.onLock = (onHolder) => {
    for (const holder of holders) onHolder?.(holder);
    return freed;
  };
  return { run, free };
}

describe('a relay that stands by', () => {
  it('says whom it waits for, in its status and once in the log, and does nothing else', async () => {
    const { run } = waiting([HOLDER, HOLDER]);
    await run.start();
    await run.clock.advance(3_600_000);
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status()).toMatchObject({
      state: 'standby',
      standby: { holder: HOLDER },
      parts: { source: { ok: true, reason: `standing by: the lock is held by ${HOLDER}` }, sink: { ok: true } },
      epoch: 0,
    });
    expect(run.log.filter((line) => line.startsWith('standing by'))).toHaveLength(1);
    await run.stop();
    expect(run.outcome).toBe('stopped');
    expect(run.clock.sleeping).toBe(0);
  });

  it('refuses what is asked of the active one', async () => {
    const { run } = waiting();
    await run.start();
    expect(() => run.relay.acknowledge('all')).toThrow(expect.objectContaining({ code: 'RELAY_STANDBY' }));
    expect(() => run.relay.copy({ do: 'copy', patterns: ['a.b'] })).toThrow(HOLDER);
    await run.stop();
  });

  it('takes over when the lock is free, with what the broker says now', async () => {
    const { run, free } = waiting();
    await run.start();
    run.store.saved.push({ ...(await checkpoint()), epoch: 4 });
    free();
    await settled();
    expect(run.relay.status()).toMatchObject({ state: 'live', standby: undefined, epoch: 5 });
    expect(run.sink.renewals).toBe(1);
    await run.stop();
  });

  it('does not begin anew where the other one must have left a checkpoint', async () => {
    const { run, free } = waiting();
    await run.start();
    free();
    await settled();
    expect(run.outcome).toMatchObject({ code: 'CHECKPOINT_MISSING' });
    expect(run.store.saved).toEqual([]);
  });

  it('shows that the server is away while it waits', async () => {
    const { run } = waiting();
    let isAway = true;
    run.source.onLock = async (onHolder) => {
      onHolder?.(HOLDER);
      if (isAway) throw new RelayError('SOURCE_UNREACHABLE', 'away');
      await never;
    };
    await run.start();
    expect(run.relay.status()).toMatchObject({ state: 'standby', parts: { source: { ok: false } } });
    isAway = false;
    await run.clock.advance(20_000);
    expect(run.relay.status()).toMatchObject({ state: 'standby', parts: { source: { ok: true } } });
    expect(run.log.filter((line) => line.startsWith('standing by'))).toHaveLength(1);
    await run.stop();
  });

  it('does not go on saying that the checkpoint was away at its start', async () => {
    const { run } = waiting();
    run.store.onLoad = () => Promise.reject(new RelayError('CHECKPOINT_UNREACHABLE', 'away'));
    await run.start();
    expect(run.relay.status().parts.checkpoint.ok).toBe(false);
    run.store.onLoad = () => Promise.resolve();
    await run.clock.advance(20_000);
    expect(run.relay.status()).toMatchObject({
      state: 'standby',
      parts: { checkpoint: { ok: true, reason: 'nothing stored yet' } },
    });
    await run.stop();
  });

  it('does not go on saying that the broker was away when it took over', async () => {
    const { run, free } = waiting();
    await run.start();
    run.store.saved.push({ ...(await checkpoint()), epoch: 4 });
    run.sink.onOpen = () => Promise.reject(new RelayError('SINK_UNREACHABLE', 'away'));
    free();
    await settled();
    expect(run.relay.status().parts.sink.ok).toBe(false);
    run.sink.onOpen = () => Promise.resolve();
    await run.clock.advance(20_000);
    expect(run.relay.status()).toMatchObject({ state: 'live', parts: { sink: { ok: true, reason: 'ready: a list' } } });
    await run.stop();
  });
});

describe('a run that was ended by another relay', () => {
  it.each<[Code, boolean, boolean]>([
    ['SOURCE_LOCKED', false, true],
    ['CHECKPOINT_LOCKED', true, true],
    ['CHECKPOINT_TAKEN', false, true],
    ['SOURCE_SERVER_ID_TAKEN', false, true],
    // That other one does not know of this lock: the two would take the checkpoint from one another for ever.
    ['CHECKPOINT_TAKEN', true, false],
    ['SOURCE_SERVER_ID_TAKEN', true, false],
    ['BINLOG_PURGED', false, false],
  ])('by %s, while the lock is held: %s, gives way to it: %s', async (code, hasLock, isSucceeded) => {
    const run = new RelayRun({ standsBy: true });
    await run.start();
    run.source.onHasLock = () => Promise.resolve(hasLock);
    run.source.session.fail(new RelayError(code, 'ended'));
    await run.end();
    expect(run.outcome).toMatchObject({ code });
    expect(run.relay.isSucceeded).toBe(isSucceeded);
  });

  const standbyRelay = (
    runs: RelayRun[],
  ): { readonly relay: StandbyRelay; readonly clock: ManualClock; readonly firsts: boolean[] } => {
    const clock = new ManualClock();
    const firsts: boolean[] = [];
    const create = (isFirst: boolean): RelayRun['relay'] => {
      firsts.push(isFirst);
      const run = new RelayRun({ standsBy: true, clock });
      runs.push(run);
      return run.relay;
    };
    const logger = pino({ level: 'silent' });
    return { relay: new StandbyRelay({ create, clock, random: () => 0, logger }), clock, firsts };
  };

  it('is followed by one that stands by, which knows why the one before has ended', async () => {
    const runs: RelayRun[] = [];
    const { relay, clock, firsts } = standbyRelay(runs);
    const stop = new AbortController();
    const ended = relay.run(stop.signal);
    await settled();
    expect(relay.status().state).toBe('live');
    runs[0]?.source.session.fail(new RelayError('SOURCE_LOCKED', 'another one has it'));
    await settled();
    expect(runs[0]?.source.isClosed).toBe(true);
    await clock.advance(1000);
    expect(relay.status()).toMatchObject({ state: 'live', lastError: { code: 'SOURCE_LOCKED' } });
    expect(firsts).toEqual([true, false]);
    stop.abort();
    await clock.advance(10_000);
    await ended;
    expect(clock.sleeping).toBe(0);
  });

  it('is not begun again without a pause, and can be stopped in it', async () => {
    const runs: RelayRun[] = [];
    const { relay, clock } = standbyRelay(runs);
    const stop = new AbortController();
    const ended = relay.run(stop.signal);
    for (let n = 0; n < 200; n += 1) {
      const run = runs.at(-1);
      if (run !== undefined && run.source.sessions.length === 1 && run.outcome === undefined)
        run.source.session.fail(new RelayError('SOURCE_LOCKED', 'again'));
      await clock.advance(100);
    }
    // 20 s: 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10 s.
    expect(runs.length).toBeLessThan(10);
    stop.abort();
    await clock.advance(10_000);
    await ended;
  });

  it('ends with every other error', async () => {
    const runs: RelayRun[] = [];
    const { relay, clock } = standbyRelay(runs);
    const ended = relay.run(new AbortController().signal).catch((error: unknown) => error);
    await settled();
    runs[0]?.source.session.fail(new RelayError('BINLOG_PURGED', 'gone'));
    await clock.advance(10_000);
    expect(await ended).toMatchObject({ code: 'BINLOG_PURGED' });
  });
});

/** As a run before has left it. */
async function checkpoint(): Promise<Checkpoint> {
  const run = new RelayRun();
  await run.start();
  await run.stop();
  const { last } = run.store;
  if (last === undefined) throw new Error('no checkpoint was stored');
  return last;
}

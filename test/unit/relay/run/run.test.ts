/** src/relay/run: run, start, flow, attempts, throttle, status, checkpoint-keeper; and src/relay/progress/right.ts. */
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { GtidSet } from '../../../../src/binlog/gtids/gtid-set.ts';
import type { Checkpoint } from '../../../../src/checkpoint/checkpoint.ts';
import { fixtureEvents, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { EARLIEST } from '../../../support/flow.ts';
import { Gate, RelayRun } from '../../../support/relay-ends.ts';
import { ManualClock, settled } from '../../../support/sink/manual-clock.ts';

const events = fixtureEvents('shop.9.7');
const isTransactionStart = ({ name }: FixtureEvent): boolean => name === 'GTID';
/** What every dump sends first. */
const preamble = events.slice(0, events.findIndex(isTransactionStart));
const transactions = transactionsOf(events.slice(preamble.length));

const UNREACHABLE = new RelayError('SINK_UNREACHABLE', 'nobody there');
const REJECTED = new RelayError('SINK_REJECTED', 'never');
const LOST = new RelayError('SOURCE_UNREACHABLE', 'the connection was lost');
const LOCKED = new RelayError('SOURCE_LOCKED', 'another relay');
const PURGED = new RelayError('BINLOG_PURGED', 'the binlog is gone');
const DISK_FULL = new RelayError('CHECKPOINT_DISK_FULL', 'no room');
const NOT_WRITABLE = new RelayError('CHECKPOINT_NOT_WRITABLE', 'not yours');
const TAKEN = new RelayError('CHECKPOINT_TAKEN', 'another relay');
const never = (): Promise<never> => new Promise(() => undefined);

/** Every change of the fixture, as `database.table id`. */
const all = await changesOf(events);

describe('Relay', () => {
  it('publishes everything, raises the epoch before the first send, and stores the end at a stop', async () => {
    const run = await started();
    expect(run.store.saved.map(({ epoch }) => epoch)).toEqual([1]);
    await run.read(events);
    await run.stop();
    expect(run.outcome).toBe('stopped');
    expect(run.sink.changes().sort()).toEqual(all);
    expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
    expect([run.sink.isClosed, run.source.isClosed, run.source.session.isClosed]).toEqual([true, true, true]);
    expect(run.clock.sleeping).toBe(0);
  });

  it('stores the checkpoint while it runs', async () => {
    const run = await started();
    await run.read(events);
    await run.clock.advance(1000);
    expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
    await run.stop();
  });

  describe('when the sink refuses a message for good', () => {
    it('fails with its code, delivers what is in other lanes, and stores a checkpoint before that message', async () => {
      for (let refused = 0; refused < 6; refused += 1) {
        const run = await started();
        let sends = 0;
        run.sink.onSend = () => (sends++ === refused ? Promise.reject(REJECTED) : Promise.resolve());
        await run.read(events);
        await run.clock.advance(10);
        expect(run.outcome).toMatchObject({ code: 'SINK_REJECTED' });
        expectNothingBehindIsMissing(run);
        expect(run.relay.status().state).toBe('failed');
      }
    });

    it('does not wait for the lane that will never be empty', async () => {
      const run = await started();
      run.sink.onSend = () => Promise.reject(REJECTED);
      await run.read(events);
      expect(run.clock.monotonic()).toBe(0);
      expect(run.outcome).toMatchObject({ code: 'SINK_REJECTED' });
    });
  });

  describe('when the topic is missing at the start', () => {
    const missing = new RelayError('SINK_TOPIC_MISSING', 'no route');

    it('waits as long as a broker takes that has just started, and goes on', async () => {
      const run = new RelayRun();
      run.sink.onOpen = () => Promise.reject(missing);
      await run.start();
      await run.clock.advance(20_000);
      expect(run.outcome).toBeUndefined();
      expect(run.relay.status().parts.sink).toMatchObject({ ok: false });
      run.sink.onOpen = () => Promise.resolve();
      await run.clock.advance(10_000);
      expect(run.relay.status().state).toBe('live');
      await run.stop();
    });

    it('ends when it is still missing after that', async () => {
      const run = new RelayRun();
      run.sink.onOpen = () => Promise.reject(missing);
      await run.start();
      for (let n = 0; n < 8; n += 1) await run.clock.advance(10_000);
      expect(run.outcome).toMatchObject({ code: 'SINK_TOPIC_MISSING' });
    });

    it('waits for ever where an earlier run has published', async () => {
      const first = new RelayRun();
      await first.start();
      await first.stop();
      const run = new RelayRun({ store: first.store });
      Object.assign(run.sink, { destination: 'a list' });
      run.sink.onOpen = () => Promise.reject(missing);
      await run.start();
      for (let n = 0; n < 60; n += 1) await run.clock.advance(10_000);
      expect(run.outcome).toBeUndefined();
      await run.stop();
      expect(run.outcome).toBe('stopped');
    });
  });

  it('sends again what the sink could not take, each lane in its order', async () => {
    const run = await started({ lanes: 1 });
    let sends = 0;
    run.sink.onSend = () => (sends++ < 3 ? Promise.reject(UNREACHABLE) : Promise.resolve());
    for (const transaction of [preamble, ...transactions]) await run.read(transaction);
    expect(run.sink.taken).toEqual([]);
    expect(run.relay.status().parts.sink.ok).toBe(false);
    for (let i = 0; i < 10; i += 1) await run.clock.advance(1000);
    expect(run.relay.status().parts.sink.ok).toBe(true);
    expect(run.sink.taken.map(({ properties }) => Number(properties.get('sequence')))).toEqual(
      run.sink.taken.map((_, i) => i + 1),
    );
    expect(run.sink.changes().sort()).toEqual(all);
    await run.stop();
  });

  describe('when the sink never answers', () => {
    it('stops after stopTimeout, says so, and leaves the checkpoint before what is held', async () => {
      const run = await started();
      run.sink.onSend = never;
      await run.read(events);
      await run.askToStop();
      await run.clock.advance(4900);
      expect(run.outcome).toBeUndefined();
      await run.clock.advance(100);
      expect(run.outcome).toBe('stopped');
      expect(run.log).toContain(
        'stopped before the broker had taken everything; the next run sends it again from the checkpoint',
      );
      expectNothingBehindIsMissing(run);
      expect(run.clock.sleeping).toBe(0);
    });

    it('drains what is answered before that', async () => {
      const run = await started();
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(events);
      await run.askToStop();
      expect(run.relay.status().state).toBe('draining');
      gate.open();
      await run.end();
      expect(run.outcome).toBe('stopped');
      expect(run.sink.changes().sort()).toEqual(all);
      expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
    });
  });

  it('makes Node warn of no leak while many lanes wait', async () => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    const run = await started({ lanes: 96, clock: new ManualClock(Date.UTC(2040, 0)) });
    await run.read(fixtureEvents('xa.9.7'));
    await new Promise(setImmediate);
    // Node warns from the eleventh listener on; the checkpoint and the head wait, too.
    expect(run.clock.sleeping).toBeGreaterThan(2 + 10);
    process.off('warning', listen);
    await run.stop();
    expect(run.clock.sleeping).toBe(0);
    expect(warnings).toEqual([]);
  });

  describe('the byte budget', () => {
    // Invariant 3: no event is taken while the budget is used up, and nothing but an event, or a transaction that it
    // ends, uses more of it.
    it.each([4096, 8192, 16_384])(
      'holds no more than %i bytes, and one event or small transaction (invariant 3)',
      async (heldBytes) => {
        const run = await started({ heldBytes });
        const gate = new Gate();
        run.sink.onSend = () => gate.passed;
        const { session } = run.source;
        const held = (): number => run.relay.status().heldBytes;
        let largestEvent = 0;
        let before = 0;
        session.onEvent = () => {
          largestEvent = Math.max(largestEvent, held() - before);
          before = held();
          expect(before).toBeLessThan(heldBytes);
        };
        await run.read(events);
        largestEvent = Math.max(largestEvent, held() - before);
        expect(session.isPaused).toBe(true);
        expect(session.waiting).toBeGreaterThan(0);
        expect(run.relay.status().sourcePaused).toBe(true);
        expect(held()).toBeLessThan(heldBytes + largestEvent);

        gate.open();
        await settled();
        // Invariant 11: what was paused goes on, on the same connection.
        expect(session.waiting).toBe(0);
        expect(session.pauses).toBe(session.resumes);
        expect(run.relay.status().sourcePaused).toBe(false);
        expect(run.source.sessions).toEqual([session]);
        expect(session.isClosed).toBe(false);
        expect(run.sink.changes().sort()).toEqual(all);
        expect(held()).toBe(0);
        await run.stop();
      },
    );

    it('reconnects only when there is room again, when the connection is lost while it is paused', async () => {
      const run = await started({ heldBytes: 4096 });
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(events);
      run.source.session.fail(LOST);
      for (let i = 0; i < 30; i += 1) await run.clock.advance(1000);
      expect(run.source.sessions).toHaveLength(1);
      expect(run.relay.status()).toMatchObject({ sourcePaused: true, parts: { source: { ok: false } } });
      gate.open();
      await settled();
      expect(run.source.sessions).toHaveLength(2);
      expect(run.relay.status()).toMatchObject({ sourcePaused: false, parts: { source: { ok: true } } });
      await run.read(dumpFrom(run));
      expect(run.sink.changes().sort()).toEqual(all);
      await run.stop();
    });

    it('takes the lock again where it can, when the server that had it is lost while it is paused', async () => {
      const run = await started({ heldBytes: 4096 });
      run.source.lockTerm = undefined;
      await run.read(events);
      const relocked = [LOST, LOST];
      run.source.onRelock = () => {
        const error = relocked.pop();
        if (error !== undefined) return Promise.reject(error);
        run.source.lockTerm = 2;
        return Promise.resolve();
      };
      run.source.session.fail(LOST);
      for (let i = 0; i < 5; i += 1) await run.clock.advance(1000);
      expect(run.source.sessions).toHaveLength(2);
      expect(run.relay.status()).toMatchObject({ sourcePaused: false, parts: { source: { ok: true } } });
      await run.read(dumpFrom(run));
      expect(run.sink.changes().sort()).toEqual(all);
      await run.stop();
      expect(run.clock.sleeping).toBe(0);
    });

    it('ends when another relay has taken the lock meanwhile', async () => {
      const run = await started({ heldBytes: 4096 });
      run.source.lockTerm = undefined;
      await run.read(events);
      run.source.onRelock = () => Promise.reject(LOCKED);
      run.source.session.fail(LOST);
      await run.end();
      expect(run.outcome).toMatchObject({ code: 'SOURCE_LOCKED' });
      expect(run.sink.taken).toEqual([]);
    });

    it('can be stopped while it waits for room to reconnect', async () => {
      const run = await started({ heldBytes: 4096 });
      run.sink.onSend = never;
      await run.read(events);
      run.source.session.fail(LOST);
      await settled();
      await run.stop();
      expect(run.outcome).toBe('stopped');
    });
  });

  describe('when an event cannot be passed', () => {
    it('delivers and stores everything before it, and fails with its code', async () => {
      const damaged = transactions.map((transaction) => transaction.map(withDamagedRows));
      for (const [i, transaction] of damaged.entries()) {
        if (transaction.every((event, n) => event === transactions[i]?.[n])) continue;
        const run = await started();
        const before = [...preamble, ...transactions.slice(0, i).flat()];
        await run.read([...before, ...transaction, ...transactions.slice(i + 1).flat()]);
        await run.end();
        expect(run.outcome).toMatchObject({ code: 'BINLOG_CHECKSUM' });
        expect(new Set(run.sink.changes())).toEqual(new Set(await changesOf(before)));
        expect(acknowledged(run.store.last)).toEqual(gtidsIn(before));
      }
    });
  });

  describe('when the source fails for good', () => {
    it('delivers and stores everything before it, and fails with its code', async () => {
      const run = await started();
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(events);
      run.source.session.fail(PURGED);
      await settled();
      expect(run.outcome).toBeUndefined();
      gate.open();
      await run.end();
      expect(run.outcome).toMatchObject({ code: 'BINLOG_PURGED' });
      expect(run.sink.changes().sort()).toEqual(all);
      expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
      expect(run.clock.sleeping).toBe(0);
    });

    it('leaves the checkpoint alone when another relay has taken the lock: it belongs to that one now', async () => {
      const run = await started();
      await run.read(events);
      run.source.session.fail(LOCKED);
      await run.end();
      expect(run.outcome).toMatchObject({ code: 'SOURCE_LOCKED' });
      expect(run.sink.changes().sort()).toEqual(all);
      expect(run.store.saved).toHaveLength(1);
    });

    it('does so when it cannot be opened again', async () => {
      const run = await started();
      await run.read(events);
      run.source.onOpen = () => Promise.reject(PURGED);
      run.source.session.fail(LOST);
      await settled();
      expect(run.outcome).toMatchObject({ code: 'BINLOG_PURGED' });
      expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
    });
  });

  it('goes on at the last transaction boundary after any lost connection, and publishes nothing twice', async () => {
    for (let cut = 1; cut < events.length; cut += 1) {
      const run = await started();
      await run.read(events.slice(0, cut));
      run.source.session.fail(LOST);
      await settled();
      await run.read(dumpFrom(run));
      await run.stop();
      expect(run.sink.changes().sort(), `cut before event ${cut}`).toEqual(all);
      expect(run.relay.status().counters.sourceReconnects).toBe(1);
    }
  });
  describe('while the lock is not confirmed (invariant 18)', () => {
    const sent = (run: RelayRun): number => run.sink.taken.length;

    it('reads, sends nothing, stores nothing and says so; then goes on where it was', async () => {
      const run = await started();
      await run.read(preamble);
      run.source.lockTerm = undefined;
      for (const transaction of transactions) await run.read(transaction);
      for (let n = 0; n < 20; n += 1) await run.clock.advance(1000);
      expect(sent(run)).toBe(0);
      expect(run.store.saved).toHaveLength(1);
      expect(run.outcome).toBeUndefined();
      expect(run.relay.status()).toMatchObject({
        heldBytes: expect.any(Number) as number,
        parts: { source: { ok: false } },
      });
      expect(run.relay.status().parts.source.reason).toContain('nothing is sent or stored');
      run.source.lockTerm = 1;
      await run.clock.advance(1000);
      await run.clock.advance(1000);
      expect(run.sink.changes().sort()).toEqual(all);
      expect(run.relay.status().parts.source.ok).toBe(true);
      expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
      await run.stop();
    });

    it('asks the checkpoint before it goes on, when the lock had to be taken again: another relay may have come and gone', async () => {
      const run = await started();
      await run.read(preamble);
      run.source.lockTerm = undefined;
      run.store.onConfirm = () => Promise.reject(DISK_FULL);
      for (const transaction of transactions) await run.read(transaction);
      run.source.lockTerm = 2;
      await run.clock.advance(1000);
      expect(sent(run)).toBe(0);
      expect(run.relay.status().parts.checkpoint).toEqual({ ok: false, reason: 'no room' });
      run.store.onConfirm = () => Promise.reject(TAKEN);
      await run.clock.advance(1000);
      await run.end();
      expect(run.outcome).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
      expect(sent(run)).toBe(0);
      expect(run.store.saved).toHaveLength(1);
    });

    it('sends nothing of what it holds when another relay has the lock', async () => {
      const run = await started();
      run.source.lockTerm = undefined;
      await run.read(events);
      run.source.session.fail(LOCKED);
      await settled();
      expect(run.outcome).toMatchObject({ code: 'SOURCE_LOCKED' });
      expect(sent(run)).toBe(0);
      expect(run.store.saved).toHaveLength(1);
      expect(run.clock.sleeping).toBe(0);
    });

    it('can be stopped, and leaves the checkpoint as it is', async () => {
      const run = await started();
      run.source.lockTerm = undefined;
      await run.read(events);
      await run.stop();
      expect(run.outcome).toBe('stopped');
      expect([sent(run), run.store.saved.length, run.clock.sleeping]).toEqual([0, 1, 0]);
      expect(run.log).toContain(
        'the last checkpoint was not stored, since the lock is not confirmed; the next run sends some messages again',
      );
    });
  });

  describe('the checkpoint store', () => {
    it('may be out of order for a while: the relay publishes, says so, and stores later', async () => {
      const run = await started();
      run.store.onSave = () => Promise.reject(DISK_FULL);
      await run.read(events);
      await run.clock.advance(3000);
      expect(run.outcome).toBeUndefined();
      expect(run.sink.changes().sort()).toEqual(all);
      expect(run.relay.status().parts.checkpoint).toEqual({ ok: false, reason: 'no room' });
      run.store.onSave = () => Promise.resolve();
      await run.clock.advance(1000);
      expect(run.relay.status().parts.checkpoint.ok).toBe(true);
      expect(acknowledged(run.store.last)).toEqual(gtidsIn(events));
      await run.stop();
    });

    it('is tried again at the start of a run in a place that has one: the disk was full when the process was restarted', async () => {
      const before = await started();
      await before.stop();
      const run = new RelayRun({ store: before.store });
      before.store.onSave = () => Promise.reject(NOT_WRITABLE);
      await run.start();
      await run.clock.advance(3000);
      expect(run.outcome).toBeUndefined();
      expect(run.relay.status()).toMatchObject({ state: 'starting', parts: { checkpoint: { ok: false } } });
      before.store.onSave = () => Promise.resolve();
      for (let n = 0; n < 5; n += 1) await run.clock.advance(1000);
      expect(run.relay.status().parts.checkpoint.ok).toBe(true);
      await run.stop();
    });

    it('ends a run that never stored one in a place that cannot be used', async () => {
      const run = new RelayRun();
      run.store.onSave = () => Promise.reject(NOT_WRITABLE);
      await run.start();
      expect(run.outcome).toMatchObject({ code: 'CHECKPOINT_NOT_WRITABLE' });
    });

    it('is tried again in a place that worked before, whatever stands in the way', async () => {
      const run = await started();
      run.store.onSave = () => Promise.reject(NOT_WRITABLE);
      await run.read(events);
      await run.clock.advance(3000);
      expect(run.outcome).toBeUndefined();
      expect(run.relay.status().parts.checkpoint).toEqual({ ok: false, reason: 'not yours' });
      run.store.onSave = () => Promise.resolve();
      await run.clock.advance(1000);
      expect(run.relay.status().parts.checkpoint.ok).toBe(true);
      await run.stop();
    });

    it('ends the run at once when another relay has taken the checkpoint, and is given nothing more to store', async () => {
      const run = await started();
      run.sink.onSend = never;
      await run.read(events);
      run.store.onConfirm = () => Promise.reject(TAKEN);
      run.store.onSave = () => Promise.reject(TAKEN);
      for (let n = 0; n < 11; n += 1) await run.clock.advance(1000);
      expect(run.outcome).toMatchObject({ code: 'CHECKPOINT_TAKEN' });
      expect(run.store.saved).toHaveLength(1);
      expect(run.clock.sleeping).toBe(0);
      expect(run.store.isClosed).toBe(true);
    });

    it('is never silent: a stop whose checkpoint could not be stored says so', async () => {
      const run = await started();
      await run.read(events);
      run.store.onSave = () => Promise.reject(DISK_FULL);
      await run.stop();
      expect(run.outcome).toBe('stopped');
      expect(run.log).toContain('stopped, but not in order');
    });
  });

  describe('can be stopped', () => {
    it.each([
      ['the sink', (run: RelayRun) => (run.sink.onOpen = never)],
      ['the source', (run: RelayRun) => (run.source.onPrepare = never)],
      ['a session', (run: RelayRun) => (run.source.onOpen = never)],
    ])('while %s does not open', async (_, block) => {
      const run = new RelayRun();
      block(run);
      await run.start();
      await run.askToStop();
      expect(run.outcome).toBe('stopped');
      expect([run.sink.isClosed, run.source.isClosed]).toEqual([true, true]);
    });

    it('while it waits to try again', async () => {
      const run = new RelayRun();
      run.sink.onOpen = () => Promise.reject(UNREACHABLE);
      await run.start();
      expect(run.relay.status()).toMatchObject({ state: 'starting', parts: { sink: { ok: false } } });
      expect(run.log).toContain('the sink is not available; trying again');
      await run.askToStop();
      expect(run.outcome).toBe('stopped');
    });
  });

  it('waits for the checkpoint at its start, and sends nothing before its epoch is stored', async () => {
    const run = new RelayRun();
    run.store.onSave = () => Promise.reject(DISK_FULL);
    await run.start();
    expect(run.relay.status()).toMatchObject({ state: 'starting', parts: { checkpoint: { ok: false } } });
    expect(run.log).toContain('the checkpoint is not available; trying again');
    expect(run.source.sessions).toEqual([]);
    run.store.onSave = () => Promise.resolve();
    await run.clock.advance(1000);
    expect(run.relay.status()).toMatchObject({ state: 'live', parts: { checkpoint: { ok: true } } });
    await run.stop();
  });

  it('closes a session that opens after it was asked to stop', async () => {
    const run = new RelayRun();
    const gate = new Gate();
    run.source.onOpen = () => gate.passed;
    await run.start();
    await run.askToStop();
    gate.open();
    await settled();
    expect(run.source.session.isClosed).toBe(true);
  });

  it('goes on while its questions for the newest position are refused, and ends when the answer is that another has the lock', async () => {
    const run = await started();
    run.source.onHead = () =>
      Promise.reject(new RelayError('SOURCE_ERROR', 'maximum statement execution time exceeded'));
    await run.clock.advance(5000);
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status().progress).toBe('unknown');
    run.source.onHead = () => Promise.reject(LOCKED);
    await run.clock.advance(5000);
    await run.end();
    expect(run.outcome).toMatchObject({ code: 'SOURCE_LOCKED' });
  });

  it('is not idle while it holds what the server had after its newest position was asked for', async () => {
    const run = await started();
    run.sink.onSend = never;
    expect(run.relay.status().progress).toBe('idle');
    await run.read(events);
    expect(run.relay.status().progress).toBe('catching-up');
    await run.stop();
  });

  describe('says what state it is in, since when and why', () => {
    const lines = ({ logLines }: RelayRun): unknown[] =>
      logLines.filter(({ msg }) => msg === 'the state has changed').map(({ before, state }) => [before, state]);

    it('when the session is lost, and when it is there again', async () => {
      const run = await started();
      run.source.onOpen = () => Promise.reject(LOST);
      run.source.session.fail(LOST);
      await settled();
      for (let n = 0; n < 5; n += 1) await run.clock.advance(1000);
      expect(run.relay.status()).toMatchObject({
        state: 'connecting',
        sinceMs: run.clock.now() - 4000,
        reason: 'the connection was lost',
        remedy: LOST.remedy,
      });
      run.source.onOpen = () => Promise.resolve();
      for (let n = 0; n < 5; n += 1) await run.clock.advance(1000);
      expect(run.relay.status()).toMatchObject({ state: 'live', remedy: undefined });
      await run.stop();
      expect(lines(run)).toEqual([
        ['starting', 'connecting'],
        ['connecting', 'live'],
        ['live', 'connecting'],
        ['connecting', 'live'],
        ['live', 'draining'],
        ['draining', 'stopped'],
      ]);
    });

    it('when the sink takes nothing for some seconds, and when it does again', async () => {
      const run = await started();
      run.sink.onSend = () => Promise.reject(UNREACHABLE);
      await run.read(events);
      expect(run.relay.status()).toMatchObject({ parts: { sink: { ok: false } } });
      expect(run.relay.status().state).not.toBe('blocked');
      for (let n = 0; n < 4; n += 1) await run.clock.advance(1000);
      expect(run.relay.status()).toMatchObject({
        state: 'blocked',
        reason: 'the sink takes no messages: nobody there',
        remedy: UNREACHABLE.remedy,
      });
      run.sink.onSend = () => Promise.resolve();
      for (let n = 0; n < 20; n += 1) await run.clock.advance(1000);
      expect(run.relay.status()).toMatchObject({ state: 'live' });
      await run.stop();
    });

    it('when the checkpoint cannot be stored, and when it fails for good', async () => {
      const run = await started();
      run.store.onSave = () => Promise.reject(DISK_FULL);
      await run.read(events);
      await run.clock.advance(1000);
      expect(run.relay.status()).toMatchObject({ state: 'blocked', remedy: DISK_FULL.remedy });
      run.store.onSave = () => Promise.reject(TAKEN);
      for (let n = 0; n < 3; n += 1) await run.clock.advance(1000);
      await run.end();
      expect(run.relay.status()).toMatchObject({ state: 'failed', reason: 'CHECKPOINT_TAKEN: another relay' });
    });
  });

  it('counts what was acknowledged by table, and how long it took, once for each message', async () => {
    const run = await started();
    await run.read(events);
    await run.stop();
    const { tableChanges, lag, counters } = run.relay.status();
    const sum = tableChanges.reduce((all, { inserted, updated, deleted }) => all + inserted + updated + deleted, 0);
    expect(sum).toBe(counters.changesAcknowledged);
    expect(sum).toBe(all.length);
    expect(tableChanges.map(({ table }) => table)).toContain('orders');
    const messages = lag.counts.reduce((all, count) => all + count, 0);
    expect(messages).toBe(run.sink.taken.filter(({ body }) => body.includes('"data":[')).length);
    // The clock of the test stands long before the commits of the recording.
    expect([lag.counts[0], lag.sumSeconds]).toEqual([messages, 0]);
  });

  it('counts what was tried again by part and code', async () => {
    const run = new RelayRun();
    run.store.onSave = () => Promise.reject(DISK_FULL);
    await run.start();
    run.store.onSave = () => Promise.resolve();
    await run.clock.advance(1000);
    let sends = 0;
    run.sink.onSend = () => (sends++ < 3 ? Promise.reject(UNREACHABLE) : Promise.resolve());
    await run.read(events);
    run.source.session.fail(LOST);
    for (let n = 0; n < 10; n += 1) await run.clock.advance(1000);
    expect(run.relay.status().failures).toEqual([
      { part: 'source', code: 'SOURCE_UNREACHABLE', count: 1 },
      { part: 'sink', code: 'SINK_UNREACHABLE', count: 3 },
      { part: 'checkpoint', code: 'CHECKPOINT_DISK_FULL', count: 1 },
    ]);
    await run.stop();
  });

  it('can compare its position with that of a MariaDB whose binlog holds no transaction', async () => {
    const run = new RelayRun();
    const start = { ...EARLIEST, gtidSet: '0-1-5' };
    run.source.prepare = () => Promise.resolve({ start, flavour: 'mariadb', serverUuid: 'server_id=1', warnings: [] });
    await run.start();
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status().progress).toBe('idle');
    await run.stop();
  });
});

async function started(options?: ConstructorParameters<typeof RelayRun>[0]): Promise<RelayRun> {
  const run = new RelayRun(options);
  await run.start();
  expect(run.relay.status().state).toBe('live');
  return run;
}

/** Sorted ids of the changes of `events`. */
async function changesOf(events: readonly FixtureEvent[]): Promise<string[]> {
  const run = await started();
  await run.read(events);
  await run.stop();
  return run.sink.changes().sort();
}

/** Invariant 1: whatever the stored checkpoint covers, the sink has taken. */
function expectNothingBehindIsMissing(run: RelayRun): void {
  const { last } = run.store;
  const stored = GtidSet.parse(last?.gtidSet ?? '');
  const taken = new Set(run.sink.changes());
  const isStored = (change: string): boolean =>
    stored.contains(GtidSet.parse(change.replace(/^\S+ /, '').replace(/#.*$/, '')));
  expect(all.filter((change) => isStored(change) && !taken.has(change))).toEqual([]);
  expect(all.some((change) => !taken.has(change))).toBe(true);
}

const acknowledged = (checkpoint: Checkpoint | undefined): string => checkpoint?.gtidSet ?? '';

/** What the checkpoint says when all transactions of `events` are acknowledged. */
function gtidsIn(events: readonly FixtureEvent[]): string {
  const count = events.filter(isTransactionStart).length;
  const uuid = /(\S+):/.exec(all[0]?.split(' ')[1] ?? '')?.[1] ?? '';
  return count === 0 ? '' : `${uuid}:1-${count}`;
}

function transactionsOf(rest: readonly FixtureEvent[]): FixtureEvent[][] {
  const found: FixtureEvent[][] = [];
  for (const event of rest) {
    if (isTransactionStart(event)) found.push([]);
    found.at(-1)?.push(event);
  }
  return found;
}

/** What the server sends to the session that was opened last: what its GTID set does not hold. */
function dumpFrom(run: RelayRun): FixtureEvent[] {
  const { gtidSet = '' } = run.source.session.position;
  const known = gtidSet === '' ? 0 : Number(/(\d+)$/.exec(gtidSet)?.[1]);
  return [...preamble, ...transactions.slice(known).flat()];
}

function withDamagedRows(event: FixtureEvent): FixtureEvent {
  if (!event.name.endsWith('_ROWS')) return event;
  const bytes = Buffer.from(event.bytes);
  bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30);
  return { name: event.name, bytes };
}

it('a source that answers no question is told of although its session is open, as while reading is paused', async () => {
  const run = await started();
  run.source.onHead = () => never();
  for (let n = 0; n < 8; n += 1) await run.clock.advance(1000);
  expect(run.relay.status().parts.source.ok).toBe(true);
  for (let n = 0; n < 7; n += 1) await run.clock.advance(1000);
  const reason = expect.stringMatching(/no answer to a question for 1\d s$/) as string;
  expect(run.relay.status()).toMatchObject({ state: 'blocked', reason, parts: { source: { ok: false, reason } } });
  await run.stop();
});

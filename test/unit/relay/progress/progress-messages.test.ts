/** src/relay/progress/progress-messages.ts and reached.ts, in a whole run; src/format/canal-progress.ts. */
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import type { ProgressBody } from '../../../support/replay.ts';
import { fixtureEvents, type FixtureEvent } from '../../../support/binlog-fixture.ts';
import { EARLIEST } from '../../../support/flow.ts';
import { laneNames } from '../../../support/lane-names.ts';
import { Gate, RelayRun, type RelayRunOptions } from '../../../support/relay-ends.ts';
import { settled } from '../../../support/sink/manual-clock.ts';

const PROGRESS_MS = 2000;
const LANES = 4;
const SERVER = '66add94e-e731-11f1-b77a-02fc00000001';
const SERVER_MS = 1_600_000_000_000;

const events = fixtureEvents('shop.9.7');
const isTransactionStart = ({ name }: FixtureEvent): boolean => name === 'GTID';
const starts = events.flatMap((event, i) => (isTransactionStart(event) ? [i] : []));
/** What is read before transaction `n`, from 1. */
const before = (n: number): FixtureEvent[] => events.slice(0, starts[n - 1]);

async function started(options: RelayRunOptions = {}): Promise<RelayRun> {
  const run = new RelayRun({ progressMs: PROGRESS_MS, lanes: LANES, ...options });
  run.source.onHead = () => Promise.resolve({ ...EARLIEST, serverUuid: SERVER, asOfMs: SERVER_MS });
  await run.start();
  return run;
}

const progressOf = (run: RelayRun): ProgressBody[] =>
  run.sink.taken.filter(({ tag }) => tag === 'progress').map(({ body }) => JSON.parse(body.toString()) as ProgressBody);
const setsOf = (run: RelayRun): string[] => progressOf(run).map(({ progress }) => progress.gtidSet);
const times = (count: number, set: string): string[] => Array.from({ length: count }, () => set);

describe('progress messages', () => {
  it('are not sent unless asked for', async () => {
    const run = await started({ progressMs: undefined });
    await run.read(events);
    await run.clock.advance(3_600_000);
    expect(progressOf(run)).toEqual([]);
    await run.stop();
  });

  it('come in every lane at every interval while nothing happens', async () => {
    const run = await started();
    await run.clock.advance(PROGRESS_MS - 1);
    expect(run.sink.taken).toEqual([]);
    for (let round = 1; round <= 3; round += 1) {
      await run.clock.advance(round === 1 ? 1 : PROGRESS_MS);
      expect(run.sink.taken).toHaveLength(round * LANES);
    }
    expect(new Set(run.sink.taken.map(({ lane }) => lane)).size).toBe(LANES);
    const [first] = run.sink.taken;
    expect(JSON.parse(first?.body.toString() ?? '')).toEqual({
      type: 'CREATE',
      database: '',
      table: '',
      pkNames: null,
      isDdl: false,
      sql: '',
      mysqlType: null,
      sqlType: null,
      source: 'progress/1',
      data: null,
      old: null,
      changes: ['1#0'],
      progress: { gtidSet: '' },
      gtid: '',
      position: 'binlog.000001:4',
      es: SERVER_MS,
      ts: run.clock.now() - 2 * PROGRESS_MS,
      id: 1,
    });
    expect(first).toMatchObject({ tag: 'progress', keys: [] });
    expect(Object.fromEntries(first?.properties ?? [])).toEqual({
      format: 'canal-json',
      schema: '*',
      table: '*',
      kind: 'CREATE',
      rows: '0',
      first: 'progress/1:1#0',
      last: 'progress/1:1#0',
      stream: expect.any(String) as unknown,
      epoch: '1',
      sequence: '1',
      resume: expect.any(String) as unknown,
      lanes: String(LANES),
      optional: 'resume,lanes',
    });
    await run.stop();
  });

  it('say what was read, with the commit time of the newest transaction', async () => {
    const run = await started();
    await run.read(before(16));
    await run.clock.advance(PROGRESS_MS);
    expect(setsOf(run)).toEqual(times(LANES, `${SERVER}:1-15`));
    const [{ es, position } = { es: 0, position: '' }] = progressOf(run);
    expect(es).toBeGreaterThan(SERVER_MS);
    const { file, offset } = run.relay.status().position ?? EARLIEST;
    expect(position).toBe(`${file}:${offset}`);
    await run.stop();
  });

  it('say nothing of a transaction whose end was not read', async () => {
    const run = await started();
    // Its GTID, BEGIN and rows.
    await run.read(events.slice(0, (starts[11] ?? 0) + 4));
    await run.clock.advance(PROGRESS_MS);
    expect(setsOf(run)).toEqual(times(LANES, `${SERVER}:1-11`));
    await run.stop();
  });

  it('say the time of the server only when everything that it had then was read', async () => {
    const run = await started();
    let head = { ...EARLIEST, gtidSet: `${SERVER}:1-99`, serverUuid: SERVER, asOfMs: 9_000_000_000_000 };
    run.source.onHead = () => Promise.resolve(head);
    await run.read(events);
    await run.clock.advance(PROGRESS_MS);
    const committedMs = progressOf(run)[0]?.es;
    await run.clock.advance(PROGRESS_MS);
    expect(progressOf(run).map(({ es }) => es)).toEqual(Array.from({ length: 2 * LANES }, () => committedMs));
    head = { ...head, gtidSet: `${SERVER}:1-2` };
    await run.clock.advance(PROGRESS_MS);
    await run.clock.advance(PROGRESS_MS);
    expect(progressOf(run).at(-1)?.es).toBe(9_000_000_000_000);
    await run.stop();
  });

  it('wait until it is known of when they speak', async () => {
    const run = new RelayRun({ progressMs: PROGRESS_MS, lanes: LANES });
    await run.start();
    await run.clock.advance(PROGRESS_MS);
    expect(progressOf(run)).toEqual([]);
    // Due since then.
    await run.read(before(3));
    expect(setsOf(run)).toEqual(times(LANES, `${SERVER}:1`));
    await run.stop();
  });

  describe('while the broker takes nothing', () => {
    it('do not pile up, and the one that waits says the newest', async () => {
      const run = await started();
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      for (let round = 1; round <= 10; round += 1) {
        await run.clock.advance(PROGRESS_MS);
        // None of these is published.
        await run.read(round === 5 ? before(2) : []);
      }
      gate.open();
      await run.clock.advance(1);
      expect(progressOf(run)).toHaveLength(2 * LANES);
      expect(setsOf(run)).toEqual([...times(LANES, ''), ...times(LANES, `${SERVER}:1`)]);
      expect(run.relay.status().heldBytes).toBe(0);
      await run.stop();
    });

    it('stand once between rows, where the first of them was said', async () => {
      const run = await started({ lanes: 1 });
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(before(12));
      await run.clock.advance(PROGRESS_MS);
      await run.read(events.slice(before(12).length, starts[13]));
      await run.clock.advance(PROGRESS_MS);
      await run.clock.advance(PROGRESS_MS);
      gate.open();
      await run.clock.advance(1);
      expect(setsOf(run)).toEqual([`${SERVER}:1-11`]);
      expect(run.sink.taken.at(-1)?.tag).not.toBe('progress');
      await run.clock.advance(PROGRESS_MS);
      expect(setsOf(run).at(-1)).toBe(`${SERVER}:1-13`);
      await run.stop();
    });

    it('are left out while as much is held as may be', async () => {
      const run = await started({ heldBytes: 4 << 10 });
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(events);
      const { sourcePaused, heldBytes } = run.relay.status();
      expect([sourcePaused, heldBytes >= 4 << 10]).toEqual([true, true]);
      for (let round = 1; round <= 10; round += 1) await run.clock.advance(PROGRESS_MS);
      expect(run.relay.status().heldBytes).toBe(heldBytes);
      gate.open();
      await run.clock.advance(1);
      await run.clock.advance(PROGRESS_MS);
      expect(setsOf(run).at(-1)).toBe(run.relay.status().position?.gtidSet);
      await run.stop();
    });
  });

  it('wait for a statement that is published, and are said when it is acknowledged', async () => {
    const run = await started({ ddl: 'publish', lanes: 1 });
    const gate = new Gate();
    run.sink.onSend = () => gate.passed;
    await run.read(before(2));
    expect(run.relay.status().ddlWaits).toBe(true);
    await run.clock.advance(PROGRESS_MS);
    gate.open();
    await run.clock.advance(1);
    expect(run.sink.taken.map(({ tag }) => tag)).toEqual(['ddl', 'progress']);
    expect(setsOf(run)).toEqual([`${SERVER}:1`]);
    await run.stop();
  });

  it('neither hold the checkpoint back nor move it', async () => {
    const run = await started({ lanes: 1 });
    let isOpen = false;
    const gate = new Gate();
    run.sink.onSend = ({ tag }) => (isOpen || tag === 'progress' ? Promise.resolve() : gate.passed);
    await run.clock.advance(PROGRESS_MS);
    await run.read(events);
    await run.clock.advance(PROGRESS_MS);
    // Rows wait: it stays before the first of them.
    const waits = run.store.last?.gtidSet;
    expect(waits).not.toBe(run.relay.status().position?.gtidSet);
    run.sink.onSend = ({ tag }) => (tag === 'progress' ? new Promise(() => undefined) : Promise.resolve());
    isOpen = true;
    gate.open();
    await run.clock.advance(PROGRESS_MS);
    await run.clock.advance(PROGRESS_MS);
    // One that is not acknowledged is before everything that is still to be read, and after all rows.
    expect(run.relay.status().lanesBusy).toBe(1);
    expect(run.store.last?.gtidSet).toBe(run.relay.status().position?.gtidSet);
    await run.stop();
  });

  it('do not make a relay look alive that stands still', async () => {
    const run = await started();
    run.source.onHead = () =>
      Promise.resolve({ ...EARLIEST, gtidSet: `${SERVER}:1-99`, serverUuid: SERVER, asOfMs: SERVER_MS });
    await run.read(events);
    for (let round = 1; round <= 40; round += 1) await run.clock.advance(PROGRESS_MS);
    const { progress, counters } = run.relay.status();
    expect(progress).toBe('stuck');
    expect(counters.progressAcknowledged).toBe(40 * LANES);
    expect(counters.messagesAcknowledged).toBe(run.sink.taken.length - 40 * LANES);
    await run.stop();
  });

  describe('end with the run', () => {
    it('that is stopped: no timer remains', async () => {
      const run = await started();
      await run.clock.advance(PROGRESS_MS);
      await run.stop();
      expect(run.outcome).toBe('stopped');
      expect(run.clock.sleeping).toBe(0);
      const count = run.sink.taken.length;
      await run.clock.advance(10 * PROGRESS_MS);
      expect(run.sink.taken).toHaveLength(count);
    });

    it('that fails: none is said while the lanes are drained', async () => {
      const run = await started();
      await run.read(before(5));
      const gate = new Gate();
      run.sink.onSend = () => gate.passed;
      await run.read(events.slice(before(5).length));
      run.source.session.fail(new RelayError('BINLOG_PURGED', 'the binlog is gone'));
      await settled();
      await run.clock.advance(PROGRESS_MS);
      gate.open();
      await run.end();
      expect(run.outcome).toMatchObject({ code: 'BINLOG_PURGED' });
      expect(progressOf(run)).toEqual([]);
      expect(run.clock.sleeping).toBe(0);
    });
  });

  it('count from 1 in the next run, which says how far it is itself', async () => {
    const run = await started();
    await run.read(events);
    await run.clock.advance(PROGRESS_MS);
    await run.stop();
    const next = new RelayRun({ progressMs: PROGRESS_MS, lanes: LANES, store: run.store });
    next.source.onHead = () =>
      Promise.resolve({ ...EARLIEST, gtidSet: `${SERVER}:1`, serverUuid: SERVER, asOfMs: SERVER_MS });
    await next.start();
    await next.clock.advance(PROGRESS_MS);
    expect(setsOf(next)).toEqual(setsOf(run));
    expect(progressOf(next)[0]).toMatchObject({ source: 'progress/2', changes: ['1#0'], es: SERVER_MS, id: 1 });
    await next.stop();
  });

  it('are left out when no message can hold the set', async () => {
    const gtidSet = Array.from({ length: 600 }, (_, i) => `${SERVER}:${2 * i + 1}`).join();
    const small = new RelayRun({ progressMs: PROGRESS_MS, lanes: LANES });
    small.source.onHead = () => Promise.resolve({ ...EARLIEST, serverUuid: SERVER, asOfMs: SERVER_MS });
    small.source.prepare = () =>
      Promise.resolve({ start: { ...EARLIEST, gtidSet }, flavour: 'mysql', serverUuid: SERVER, warnings: [] });
    small.sink.open = () =>
      Promise.resolve({
        destination: 'a list',
        queues: 1,
        maxBodyBytes: 2000,
        laneNames,
      });
    await small.start();
    await small.clock.advance(PROGRESS_MS);
    expect(small.sink.taken).toEqual([]);
    expect(small.outcome).toBeUndefined();
    await small.stop();
  });
});

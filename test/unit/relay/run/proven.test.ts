import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type Code } from '../../../../src/base/error-codes.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { fixtureEvents } from '../../../support/binlog-fixture.ts';
import { RelayRun } from '../../../support/relay-ends.ts';
import { settled } from '../../../support/sink/manual-clock.ts';

const events = fixtureEvents('shop.9.7');
const codes = Object.keys(ERROR_CODES) as Code[];
// A missing topic is waited for at first: run.test.ts.
const unproven = codes.filter((code) => ERROR_CODES[code].retried !== 'always' && code !== 'SINK_TOPIC_MISSING');
const mayPass = codes.filter((code) => ERROR_CODES[code].retried !== 'never');
const final = codes.filter((code) => ERROR_CODES[code].retried === 'never');
const refusing = (code: Code) => () => Promise.reject(new RelayError(code, 'refused'));
const working = (): Promise<void> => Promise.resolve();

describe('an error ends a run whose configuration has not worked yet', () => {
  it.each(unproven)('%s, of the source', async (code) => {
    const run = new RelayRun();
    run.source.onOpen = refusing(code);
    await run.start();
    expect(run.outcome).toMatchObject({ code });
  });

  it.each(unproven)('%s, of the sink', async (code) => {
    const run = new RelayRun();
    run.sink.onOpen = refusing(code);
    await run.start();
    expect(run.outcome).toMatchObject({ code });
  });

  it.each(unproven)('%s, of the checkpoint', async (code) => {
    const run = new RelayRun();
    run.store.onSave = refusing(code);
    await run.start();
    expect(run.outcome).toMatchObject({ code });
  });

  it('SINK_UNAUTHORIZED of the first message: that the topic could be looked at is no right to publish', async () => {
    const run = await started();
    run.sink.onSend = refusing('SINK_UNAUTHORIZED');
    await run.read(events);
    await run.end();
    expect(run.outcome).toMatchObject({ code: 'SINK_UNAUTHORIZED' });
  });
});

describe('what has worked before is tried again until it works again, and health says why it does not', () => {
  it.each(mayPass)('%s, of the source', async (code) => {
    const run = await started();
    await run.read(events);
    run.source.onOpen = refusing(code);
    run.source.session.fail(new RelayError(code, 'refused'));
    await run.clock.advance(60_000);
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status().parts.source.ok).toBe(false);
    expect(run.relay.status().lastError).toMatchObject({ code });
    run.source.onOpen = working;
    await run.clock.advance(10_000);
    expect(run.relay.status().parts.source.ok).toBe(true);
    await run.stop();
    expect(run.outcome).toBe('stopped');
  });

  it.each(mayPass)('%s, of the sink', async (code) => {
    const run = await started();
    await run.read(events);
    run.sink.onSend = refusing(code);
    await sendMore(run);
    await run.clock.advance(60_000);
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status().parts.sink.ok).toBe(false);
    expect(run.relay.status().lastError).toMatchObject({ code });
    run.sink.onSend = working;
    await run.clock.advance(10_000);
    expect(run.relay.status().parts.sink.ok).toBe(true);
    await run.stop();
    expect(run.outcome).toBe('stopped');
  });

  it.each(mayPass)('%s, of the checkpoint', async (code) => {
    const run = await started();
    run.store.onSave = refusing(code);
    await run.read(events);
    await run.clock.advance(60_000);
    expect(run.outcome).toBeUndefined();
    expect(run.relay.status().parts.checkpoint).toEqual({ ok: false, reason: 'refused' });
    run.store.onSave = working;
    await run.clock.advance(1000);
    expect(run.relay.status().parts.checkpoint.ok).toBe(true);
    await run.stop();
    expect(run.outcome).toBe('stopped');
  });

  it('a sink that an earlier run has published to, while its checkpoint names it', async () => {
    const first = await started();
    await first.stop();
    const run = new RelayRun({ store: first.store });
    run.sink.onSend = refusing('SINK_UNAUTHORIZED');
    await run.start();
    await run.read(events);
    await run.clock.advance(10_000);
    expect(run.outcome).toBeUndefined();
    run.sink.onSend = working;
    await run.clock.advance(10_000);
    await run.stop();
    expect(run.outcome).toBe('stopped');
  });

  it('and a stop meanwhile is an orderly one', async () => {
    const run = await started();
    run.source.onOpen = refusing('SOURCE_ACCESS_DENIED');
    run.source.session.fail(new RelayError('SOURCE_UNREACHABLE', 'killed'));
    await run.clock.advance(5000);
    await run.stop();
    expect(run.outcome).toBe('stopped');
    expect(run.clock.sleeping).toBe(0);
  });
});

describe('what no waiting mends ends the run, whatever worked before', () => {
  it.each(final)('%s', async (code) => {
    const run = await started();
    run.source.session.fail(new RelayError(code, 'refused'));
    await run.end();
    expect(run.outcome).toMatchObject({ code });
  });
});

it('a server that lets the relay in and ends every session at once is not asked without a pause', async () => {
  const run = await started();
  for (let i = 0; i < 30; i += 1) {
    run.source.session.fail(new RelayError('SOURCE_ERROR', 'ended'));
    await run.clock.advance(1000);
  }
  expect(run.outcome).toBeUndefined();
  expect(run.source.sessions.length).toBeLessThan(12);
  await run.stop();
});

async function started(): Promise<RelayRun> {
  const run = new RelayRun();
  await run.start();
  expect(run.relay.status().state).toBe('live');
  return run;
}

/** The same transactions once more, as after a lost connection without an acknowledged position. */
async function sendMore(run: RelayRun): Promise<void> {
  run.source.session.read(events);
  await settled();
}

import { expect, it } from 'vitest';
import { RelayError } from '../../../../src/base/errors.ts';
import { RelayRun } from '../../../support/relay-ends.ts';

const notFifo = new RelayError('SINK_TOPIC_NOT_FIFO', 'a list accepts messages of type NORMAL now', {
  remedy: 'Make it FIFO again.',
});

it('shows what the sink has seen without sending, since when and with the remedy, until it is over', async () => {
  const run = new RelayRun();
  await run.start();
  expect(run.relay.status().parts.sink.ok).toBe(true);
  run.sink.see(notFifo);
  const first = run.relay.status().parts.sink;
  expect(first).toEqual({ ok: false, reason: expect.stringMatching(/type NORMAL now \(since 20.*Z\)$/) as string });
  expect(run.relay.status().lastError).toMatchObject({ code: 'SINK_TOPIC_NOT_FIFO', remedy: 'Make it FIFO again.' });
  await run.clock.advance(15_000);
  run.sink.see(notFifo);
  expect(run.relay.status().parts.sink).toEqual(first);
  expect(run.log.filter((line) => line === 'the sink would take no message now')).toHaveLength(1);
  run.sink.see(undefined);
  expect(run.relay.status().parts.sink.ok).toBe(true);
  expect(run.log).toContain('the sink would take messages again');
  await run.stop();
  expect(run.outcome).toBe('stopped');
});

it('ends the run when going on would do harm, though nothing is sent', async () => {
  const run = new RelayRun();
  await run.start();
  run.sink.see(new RelayError('SINK_QUEUES_CHANGED', 'a list had 8 queues and now has 16'));
  await run.end();
  expect(run.outcome).toMatchObject({ code: 'SINK_QUEUES_CHANGED' });
});

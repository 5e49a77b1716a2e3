import { expect, it } from 'vitest';
import { createApplyPages } from '../../../src/admin/apply-pages.ts';
import type { ApplyStatus } from '../../../src/apply/apply.ts';
import { systemClock } from '../../../src/base/clock.ts';

const RUNNING: ApplyStatus = {
  state: 'live',
  sinceMs: 5000,
  reason: 'what comes is written at once',
  remedy: undefined,
  stream: 's1',
  parts: { topic: { ok: true, reason: '' }, target: { ok: true, reason: '' } },
  lanes: [
    { lane: 'lane-0', epoch: 1, sequence: 7, gtid: 'u:7', committedMs: 1000, appliedMs: 2500, waitsFor: undefined },
  ],
  complete: { epoch: 1, round: 3, gtidSet: 'u:1-7', position: 'binlog.000001:4', asOfMs: 2000 },
  blocked: [],
  awaited: [],
  lastLagSeconds: 1.5,
  counters: {
    rows: 12,
    messages: 7,
    transactions: 3,
    repeated: 1,
    torn: 0,
    passed: 0,
    retries: 0,
    resumesProved: 2,
    resumesUndecided: 1,
  },
  lastError: undefined,
};

const pages = (status: ApplyStatus): ReturnType<typeof createApplyPages> =>
  createApplyPages({ status: () => status, clock: systemClock, version: '1.2.3' });

it('shows how far each lane is', async () => {
  const page = await pages(RUNNING)('/healthz');
  expect(page?.code).toBe(200);
  expect(JSON.parse(page?.body ?? '')).toMatchObject({
    healthy: true,
    state: 'live',
    since: '1970-01-01T00:00:05.000Z',
    reason: 'what comes is written at once',
    remedy: null,
    lastLagSeconds: 1.5,
    lanes: [{ lane: 'lane-0', sequence: 7, gtid: 'u:7', committedAt: '1970-01-01T00:00:01.000Z', waitsFor: null }],
    complete: { gtidSet: 'u:1-7', position: 'binlog.000001:4', asOf: '1970-01-01T00:00:02.000Z' },
  });
  const metrics = (await pages(RUNNING)('/metrics'))?.body;
  expect(metrics).toContain('binlog_relay_apply_rows_total 12');
  expect(metrics).toContain('binlog_relay_apply_lane_sequence{lane="lane-0"} 7');
  expect(metrics).toContain('binlog_relay_apply_resumes_total{is="proved"} 2');
  expect(metrics).toContain('binlog_relay_apply_complete_seconds 2');
  expect((await pages(RUNNING)('/readyz'))?.body).toBe('ready\n');
  expect(await pages(RUNNING)('/copies')).toBeUndefined();
});

it('says nothing of what is complete before it is known', async () => {
  const unknown = pages({ ...RUNNING, complete: undefined });
  expect(JSON.parse((await unknown('/healthz'))?.body ?? '')).toMatchObject({ complete: null });
  expect((await unknown('/metrics'))?.body).not.toMatch(/^binlog_relay_apply_complete_seconds/m);
});

it('says why a lane does not go on', async () => {
  const blocked = [{ lane: 'lane-0', code: 'TARGET_FULL' as const, message: 'full', remedy: 'room', sinceMs: 0 }];
  const page = await pages({ ...RUNNING, blocked })('/healthz');
  expect(page?.code).toBe(503);
  expect(page?.body).toContain('lane lane-0: TARGET_FULL: full');
});

it('is alive unless it has failed', async () => {
  const lastError = { code: 'VALUE_REFUSED' as const, message: 'no', remedy: 'mend', at: '2026-01-02T03:04:05.000Z' };
  expect((await pages({ ...RUNNING, state: 'starting' })('/livez'))?.code).toBe(200);
  const failed = await pages({ ...RUNNING, state: 'failed', lastError })('/livez');
  expect(failed).toMatchObject({ code: 503, body: 'failed: VALUE_REFUSED: no\n' });
});

/** Found by the chaos run, fault `target-freeze`: a MySQL that was stopped by a signal was called well for 17 s. */
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Status } from '../../../../src/apply/run/status.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { systemClock } from '../../../../src/base/clock.ts';

let nowMs = 50_000;
const clock = { ...systemClock, monotonic: () => nowMs };

const logger = pino({ level: 'silent' });

it('a target that does not answer is not called well for longer than 8 s, and is again once it answers', () => {
  let asked: number | undefined = nowMs;
  const status = new Status(clock, logger, () => asked);
  status.started();
  nowMs += 7900;
  expect(status.shown('')).toMatchObject({ state: 'live', parts: { target: { ok: true, reason: '' } } });
  nowMs += 4200;
  const reason = expect.stringContaining('no answer to a statement for 12 s') as string;
  expect(status.shown('')).toMatchObject({ state: 'blocked', reason, parts: { target: { ok: false, reason } } });
  asked = nowMs;
  expect(status.shown('')).toMatchObject({ state: 'live', parts: { target: { ok: true, reason: '' } } });
  asked = undefined;
  expect(status.shown('').parts.target).toEqual({ ok: true, reason: '' });
});

it('what is known of the target goes before that it does not answer', () => {
  const status = new Status(clock, logger, () => nowMs - 60_000);
  status.away('target', new RelayError('TARGET_UNREACHABLE', 'connect ECONNREFUSED'));
  expect(status.shown('').parts.target.reason).toContain('ECONNREFUSED');
  const at = expect.stringMatching(/Z$/) as string;
  expect(status.shown('').lastError).toMatchObject({
    code: 'TARGET_UNREACHABLE',
    remedy: expect.stringContaining('target.host') as string,
    at,
  });
});

/** Found by the chaos run, fault `target-freeze`: a MySQL that was stopped by a signal was called well for 17 s. */
import { expect, it } from 'vitest';
import { Status } from '../../../../src/apply/run/status.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { systemClock } from '../../../../src/base/clock.ts';

let nowMs = 50_000;
const clock = { ...systemClock, monotonic: () => nowMs };

it('a target that does not answer is not called well for longer than 8 s, and is again once it answers', () => {
  const status = new Status(clock);
  const asked = nowMs;
  nowMs += 7900;
  expect(status.shown('', asked).parts.target).toEqual({ ok: true, reason: '' });
  nowMs += 4200;
  expect(status.shown('', asked).parts.target).toEqual({
    ok: false,
    reason: expect.stringContaining('no answer to a statement for 12 s') as string,
  });
  expect(status.shown('', nowMs).parts.target).toEqual({ ok: true, reason: '' });
  expect(status.shown('', undefined).parts.target).toEqual({ ok: true, reason: '' });
});

it('what is known of the target goes before that it does not answer', () => {
  const status = new Status(clock);
  status.away('target', new RelayError('TARGET_UNREACHABLE', 'connect ECONNREFUSED'));
  expect(status.shown('', nowMs - 60_000).parts.target.reason).toContain('ECONNREFUSED');
});

import { expect, it } from 'vitest';
import { SessionPool } from '../../../../src/apply/run/pool.ts';
import type { Session } from '../../../../src/apply/target/target.ts';
import type { Code } from '../../../../src/base/error-codes.ts';
import { systemClock } from '../../../../src/base/clock.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { FakeSession } from '../fake-session.ts';

/** A pool, and the sessions that it has opened so far. */
function poolOf(size: number, clock = systemClock): { readonly pool: SessionPool; readonly sessions: Session[] } {
  const sessions: Session[] = [];
  const open = (): Promise<Session> => {
    const session = new FakeSession('7');
    sessions.push(session);
    return Promise.resolve(session);
  };
  return { pool: new SessionPool(size, open, clock), sessions };
}

it.each<[Code, number]>([
  // What is set anew for all holds for a new session only.
  ['TARGET_UNSUITABLE', 2],
  ['TARGET_READ_ONLY', 2],
  ['TARGET_GRANT_MISSING', 2],
  // A session that is there is worth more than one that the server may refuse.
  ['TARGET_BUSY', 1],
])('after %s the next try has session %i', async (code, opened) => {
  const { pool, sessions } = poolOf(1);
  await expect(pool.with(() => Promise.reject(new RelayError(code, 'no')))).rejects.toMatchObject({ code });
  expect(await pool.with((session) => Promise.resolve(session))).toBe(sessions[opened - 1]);
  expect(sessions).toHaveLength(opened);
});

it('a session that was not used for a minute is ended, and one that was used since is kept', async () => {
  let nowMs = 0;
  const { pool, sessions } = poolOf(2, { ...systemClock, monotonic: () => nowMs });
  const used = (): Promise<Session> => pool.with((session) => Promise.resolve(session));
  await Promise.all([used(), used()]);
  const [first, second] = sessions;
  for (nowMs = 30_000; nowMs <= 300_000; nowMs += 30_000) expect(await used()).toBe(second);
  expect([first?.isOver, second?.isOver, sessions.length]).toEqual([true, false, 2]);
  expect([...pool.sessions()]).toEqual([second]);
  nowMs += 60_000;
  expect(await used()).toBe(sessions[2]);
  expect(second?.isOver).toBe(true);
});

it('those that are not in use are ended when a line was dead, and those in use are not', async () => {
  const { pool, sessions } = poolOf(2);
  await pool.with(async (inUse) => {
    await pool.with(() => Promise.resolve());
    pool.endIdle();
    expect(sessions.map(({ isOver }) => isOver)).toEqual([false, true]);
    expect([...pool.sessions()]).toEqual([inUse]);
  });
});

import { expect, it } from 'vitest';
import { SessionPool } from '../../../../src/apply/run/pool.ts';
import type { Session } from '../../../../src/apply/target/target.ts';
import type { Code } from '../../../../src/base/error-codes.ts';
import { RelayError } from '../../../../src/base/errors.ts';

/** A session that only knows whether it is over. */
function sessionOf(): Session {
  let isOver = false;
  return {
    server: { flavour: 'mysql', version: '9.7.4', maxPacketBytes: 1024 },
    get isOver() {
      return isOver;
    },
    waitsSinceMs: undefined,
    query: () => Promise.resolve([]),
    run: () => Promise.resolve([]),
    destroy: () => {
      isOver = true;
    },
  };
}

it.each<[Code, number]>([
  // What is set anew for all holds for a new session only.
  ['TARGET_UNSUITABLE', 2],
  ['TARGET_READ_ONLY', 2],
  ['TARGET_GRANT_MISSING', 2],
  // A session that is there is worth more than one that the server may refuse.
  ['TARGET_BUSY', 1],
])('after %s the next try has session %i', async (code, opened) => {
  const sessions: Session[] = [];
  const pool = new SessionPool(1, () => {
    const session = sessionOf();
    sessions.push(session);
    return Promise.resolve(session);
  });
  await expect(pool.with(() => Promise.reject(new RelayError(code, 'no')))).rejects.toMatchObject({ code });
  expect(await pool.with((session) => Promise.resolve(session))).toBe(sessions[opened - 1]);
  expect(sessions).toHaveLength(opened);
});

/** Packets of statements as bytes, whatever their length, against a real MySQL. */
import { expect, it } from 'vitest';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';

const KB = 1024;

it.each([
  { tls: 'disabled', lengths: [1, 2, 3] },
  { tls: 'preferred', lengths: [70 * KB, 1, 80 * KB, 90 * KB, 2] },
  { tls: 'disabled', lengths: [70 * KB, 1, 80 * KB, 90 * KB, 2] },
  { tls: 'disabled', lengths: [1, 5 * KB * KB, 5 * KB * KB] },
  // More than one packet of the protocol holds.
  { tls: 'disabled', lengths: [7, 9 * KB * KB, 8 * KB * KB] },
] as const)('sends statements of $lengths bytes, with TLS $tls', { timeout: 60_000 }, async ({ tls, lengths }) => {
  const target = await freshDatabase({ prefix: 'packets' });
  const session = await openSession(
    { ...targetOf(sharedMysql()), tls: { mode: tls } },
    systemClock,
    new AbortController().signal,
  );
  try {
    await target.connection.query('CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
    const table = `\`${target.name}\`.t`;
    const sql = lengths.map((length, i) => Buffer.from(`INSERT INTO ${table} VALUES (${i}, "${'x'.repeat(length)}")`));
    const outcomes = await session.run([Buffer.from('BEGIN'), ...sql, Buffer.from('COMMIT')]);
    expect(outcomes.map(({ found }) => found)).toEqual([0, ...lengths.map(() => 1), 0]);
    const found = await session.query(`SELECT LENGTH(v) AS length FROM ${table} ORDER BY id`);
    expect(found.map((row) => Number(row['length']))).toEqual([...lengths]);
  } finally {
    session.destroy();
    await target.drop();
  }
});

it('says since when the server has not answered, and no longer when it has', async () => {
  const session = await openSession(targetOf(sharedMysql()), systemClock, new AbortController().signal);
  try {
    expect(session.waits).toBeUndefined();
    const beforeMs = systemClock.monotonic();
    const answer = session.query('SELECT SLEEP(0.3)');
    expect(session.waits?.sinceMs).toBeGreaterThanOrEqual(beforeMs);
    expect(session.waits?.bytes).toBe('SELECT SLEEP(0.3)'.length);
    await answer;
    expect(session.waits).toBeUndefined();
    await expect(session.query('SELECT nothing')).rejects.toThrow();
    expect(session.waits).toBeUndefined();
  } finally {
    session.destroy();
  }
});

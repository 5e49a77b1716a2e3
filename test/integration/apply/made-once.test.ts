/** A table that several lanes find missing at once. */
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Tables } from '../../../src/apply/tables/tables.ts';
import { openSession } from '../../../src/apply/target/session.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { targetOf } from '../../support/round-trip/apply-sink.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';

it('is said to be made once', async () => {
  const target = await freshDatabase({ prefix: 'target' });
  const { signal } = new AbortController();
  const sessions = await Promise.all(
    Array.from({ length: 6 }, () => openSession(targetOf(sharedMysql()), systemClock, signal)),
  );
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const tables = new Tables({
    rename: { shop: target.name },
    create: true,
    keepsUniqueKeys: false,
    softDelete: undefined,
    logger,
  });
  try {
    const made = async (): Promise<void> => {
      await Promise.all(
        sessions.map((session) => tables.create(session, 'shop', 'orders', 'CREATE TABLE `orders` (`id` int)')),
      );
    };
    await made();
    await made();
    expect(lines).toEqual([expect.stringContaining('made a table')]);
    await target.connection.query('DROP TABLE orders');
    await made();
    expect(lines).toHaveLength(2);
  } finally {
    for (const session of sessions) session.destroy();
    await target.drop();
  }
});

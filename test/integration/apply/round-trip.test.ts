/**
 * Exactness of `apply`: random values of all types and charsets in random tables with names of any characters, with and
 * without keys, changed in every way, through the real relay into a copy that apply writes, compared by checksums of
 * every column.
 *
 * ROUND_TRIP_SEED repeats a run, with the ROUND_TRIP_ROWS that it had.
 */
import { expect, test } from 'vitest';
import type { MysqlAddress } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { ApplySink } from '../../support/round-trip/apply-sink.ts';
import { runRounds, type Rounds } from '../../support/round-trip/rounds.ts';
import { sharedMysql } from '../../support/servers.ts';

const SEED = process.env['ROUND_TRIP_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['ROUND_TRIP_ROWS'] ?? 10_000);
const REPEAT = `ROUND_TRIP_SEED=${SEED} ROUND_TRIP_ROWS=${ROWS}`;
const PATIENCE = { timeout: 240_000 + 20 * ROWS, retry: 0 };

async function expectExact(server: MysqlAddress, kinds: Omit<Rounds, 'seed' | 'rows'>): Promise<void> {
  const ends = { source: server, copy: server, createReader: ApplySink.create.bind(ApplySink) };
  const counts = await runRounds(ends, { seed: SEED, rows: ROWS, ...kinds }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nrepeat with ${REPEAT}`);
  });
  console.log(`applied ${JSON.stringify(counts)}; ${REPEAT}`);
  expect(counts.changes).toBeGreaterThan(ROWS / 2);
}

test('what apply writes into MySQL 9.7 is exact', PATIENCE, () => expectExact(sharedMysql(), { isModern: true }));

test('what apply writes into MariaDB 10.11 is exact', PATIENCE, async () => {
  const mariadb = await startMysql({ version: 'mariadb-10.11', own: true, progress: () => undefined });
  try {
    await expectExact(mariadb, { isModern: false, isMariadb: true });
  } finally {
    await mariadb.remove();
  }
});

/**
 * Exactness of `apply`: random values of all types and charsets in random tables with names of any characters, with and
 * without keys, changed in every way, through the real relay and a topic of a real broker into a copy that apply
 * writes, compared by checksums of every column, and by verify.
 *
 * ROUND_TRIP_ROWS is how many rows are changed. ROUND_TRIP_SEED repeats a run, with the rows that it had.
 */
import { expect, test } from 'vitest';
import type { MysqlAddress } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { TableResult } from '../../../src/verify/verify.ts';
import { exactness, type Ends } from '../../support/round-trip/attempt.ts';
import type { Sides } from '../../support/round-trip/compare.ts';
import { runRounds, type Rounds } from '../../support/round-trip/rounds.ts';
import { TopicSink } from '../../support/round-trip/topic-sink.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';
import { verify } from '../../support/verifying.ts';

const SEED = process.env['ROUND_TRIP_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['ROUND_TRIP_ROWS'] ?? 10_000);
const REPEAT = `ROUND_TRIP_SEED=${SEED} ROUND_TRIP_ROWS=${ROWS}`;
const PATIENCE = { timeout: 240_000 + 20 * ROWS, retry: 0 };

async function expectExact(server: MysqlAddress, kinds: Omit<Rounds, 'seed' | 'rows'>): Promise<void> {
  const startMs = performance.now();
  const verified = { tables: 0, rows: 0 };
  const examine: Ends['examine'] = async (sides, tables, kept) => {
    const examined = await exactness(sides, tables, kept);
    if (examined.problem !== undefined) return examined;
    const wrong: string[] = [];
    for (const { table, state, reason, rows, differences } of await verifiedBy(server, sides)) {
      verified.tables += 1;
      verified.rows += rows;
      if (state !== 'equal') wrong.push(`${table} is ${state} for verify ${reason} ${JSON.stringify(differences)}`);
    }
    return wrong.length === 0 ? examined : { ...examined, problem: { what: wrong.join('; ') } };
  };
  const ends: Ends = { source: server, copy: server, createReader: TopicSink.create.bind(TopicSink), examine };
  const counts = await runRounds(ends, { seed: SEED, rows: ROWS, ...kinds }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nrepeat with ${REPEAT}`);
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`applied ${JSON.stringify(counts)}, verified ${JSON.stringify(verified)} in ${seconds} s; ${REPEAT}`);
  expect(counts.changes).toBeGreaterThan(ROWS / 2);
  expect(verified).toEqual({ tables: counts.tables, rows: counts.rows });
}

async function verifiedBy(server: MysqlAddress, { database, copyDatabase }: Sides): Promise<readonly TableResult[]> {
  const ledger = await freshDatabase({ prefix: 'ledger', mysql: server });
  try {
    const databases = { sourceDatabase: database, targetDatabase: copyDatabase, ledger: ledger.name };
    return await verify({ ...databases, source: server, target: server });
  } finally {
    await ledger.drop();
  }
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

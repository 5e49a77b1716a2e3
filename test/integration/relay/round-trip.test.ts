/**
 * Exactness, from end to end: random values of all types and charsets in random tables of a real server, changed in
 * every way that a row can be changed, through the real source and relay, read back from the text alone into an empty
 * copy, and compared by checksums of every column.
 *
 * ROUND_TRIP_SEED repeats a run, with the ROUND_TRIP_ROWS that it had.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MARIADB_VERSIONS } from '../../../dev/servers/servers.ts';
import { sharedMysql } from '../../support/servers.ts';
import { runRounds, type Counts } from '../../support/round-trip/rounds.ts';
import { startOtherServers, type OtherServers } from '../../support/other-servers.ts';

const SEED = process.env['ROUND_TRIP_SEED'] ?? String(Date.now());
const ROWS = Number(process.env['ROUND_TRIP_ROWS'] ?? 20_000);
const REPEAT = `ROUND_TRIP_SEED=${SEED} ROUND_TRIP_ROWS=${ROWS}`;
const TIMEOUT_MS = 240_000 + 20 * ROWS;

const newest = sharedMysql();
let others: OtherServers;

beforeAll(async () => {
  // Rows and statements of more than 60 bytes are logged compressed.
  const flags = ['--log-bin-compress=ON', '--log-bin-compress-min-len=60'];
  others = await startOtherServers(flags);
}, 300_000);

afterAll(() => others.remove());

async function expectExact(rounds: () => Promise<Counts>): Promise<void> {
  const startMs = performance.now();
  const counts = await rounds().catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nrepeat with ${REPEAT}`);
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`round trip ${JSON.stringify(counts)} in ${seconds} s; ${REPEAT}`);
  expect(counts.changes).toBeGreaterThan(ROWS / 2);
}

test(
  'a copy of MySQL 9.7 is exact (invariant 5)',
  () => expectExact(() => runRounds({ source: newest, copy: newest }, { seed: SEED, rows: ROWS, isModern: true })),
  TIMEOUT_MS,
);

test(
  'a copy of MySQL 8.0.12 on MySQL 9.7 is exact',
  () =>
    expectExact(() => runRounds({ source: others.oldest, copy: newest }, { seed: SEED, rows: ROWS, isModern: false })),
  TIMEOUT_MS,
);

test.each(MARIADB_VERSIONS)(
  'a copy of %s is exact',
  (version) => {
    const mariadb = others.mariadbs[MARIADB_VERSIONS.indexOf(version)];
    if (mariadb === undefined) throw new Error(`${version} was not started`);
    return expectExact(() =>
      runRounds(
        { source: mariadb, copy: mariadb },
        { seed: SEED, rows: ROWS, isModern: false, isMariadb: true, hasGenerated: version === 'mariadb-10.11' },
      ),
    );
  },
  TIMEOUT_MS,
);

test(
  'one wrong digit in one message is found, and reduced to one row',
  async () => {
    // Behind the head of the body: a digit of the server's uuid would change nothing.
    const tamper = (body: string): string => body.replace(/("data":[^]*?":"-?)7/, '$18');
    const wrong = runRounds({ source: newest, copy: newest }, { seed: '1', rows: 2_000, isModern: true, tamper });
    const report = await wrong.then(String, (error: unknown) => (error instanceof Error ? error.message : ''));
    expect(report).toContain('reduced to:');
    expect(report.match(/CREATE TABLE/g)).toHaveLength(1);
    expect(report.match(/^(INSERT|REPLACE|UPDATE|DELETE)/gm)?.length).toBeLessThanOrEqual(3);
    expect(report).toMatch(/published: /);
  },
  TIMEOUT_MS,
);

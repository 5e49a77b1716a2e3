/** A comparison that is cut off in the middle goes on where it was. */
import { expect, it } from 'vitest';
import { VerifiedPair } from '../../support/verified-pair.ts';
import { verifierOf, type Verifying } from '../../support/verifying.ts';

const pair = new VerifiedPair();

it('goes on after a stop in the middle, and keeps what it has found', { timeout: 120_000 }, async () => {
  const sql =
    'CREATE TABLE a (id INT PRIMARY KEY, v INT); INSERT INTO a VALUES (1, 1); CREATE TABLE b (id INT PRIMARY KEY, v INT); ' +
    'SET SESSION cte_max_recursion_depth = 40000; INSERT INTO b WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 30000) SELECT n, n FROM s';
  await pair.both(sql);
  await pair.target.connection.query('UPDATE a SET v = 2; UPDATE b SET v = 0 WHERE id = 29990');
  const verifying: Verifying = {
    ...pair.names,
    options: { chunkMs: 10 },
  };
  const places = async (): Promise<readonly { table: string; done: number; place: string | null; rows: number }[]> => {
    const [rows] = await pair.target.connection.query(
      "SELECT CONVERT(table_name USING utf8mb4) AS `table`, verified_at IS NOT NULL AS done, CONVERT(place USING utf8mb4) AS place, row_count AS `rows` FROM verify_table WHERE table_name != '' ORDER BY table_name",
    );
    return rows as unknown as Awaited<ReturnType<typeof places>>;
  };

  const stop = new AbortController();
  const first = verifierOf(verifying);
  const cut = first.run(stop.signal);
  await expect
    .poll(async () => (await places().catch(() => [])).find(({ table, rows }) => table === 'b' && rows > 0), {
      timeout: 60_000,
    })
    .toBeDefined();
  stop.abort();
  await cut;
  const [a, b] = await places();
  expect([a?.done, b?.done]).toEqual([1, 0]);
  expect(b?.rows).toBeLessThan(30_000);

  // What is behind the place is not looked at again: a difference there would be found otherwise.
  const rest = await verifierOf(verifying).run(new AbortController().signal);
  expect(rest.map(({ table, state, different }) => [table, state, different])).toEqual([
    ['a', 'different', 1],
    ['b', 'different', 1],
  ]);
  expect(rest[1]?.rows).toBe(30_000);
  const [again] = await verifierOf(verifying).run(new AbortController().signal);
  expect(again?.verifiedAt).not.toBe(rest[0]?.verifiedAt);
});

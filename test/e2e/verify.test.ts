/** `verify` as its operators run it: real MySQL, relay, RocketMQ, apply and target. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createShop } from '../../dev/shop.ts';
import type { TableResult } from '../../src/verify/verify.ts';
import type { VerifyHealth } from '../../src/admin/verify-pages.ts';
import { AppliedShop } from '../support/applied-shop.ts';
import type { Program } from '../support/program.ts';
import { ShopLoad } from '../support/shop-load.ts';
import { sharedMysql, uniqueName } from '../support/servers.ts';

/** VERIFY_SECONDS=3600 for a long run, VERIFY_RATE for more transactions a second. */
const SECONDS = Number(process.env['VERIFY_SECONDS'] ?? 20);
const RATE = Number(process.env['VERIFY_RATE'] ?? 100);
const PATIENCE_MS = 240_000;
/** Several chunks. */
const BIG_ROWS = 30_000;

let shop: AppliedShop | undefined;
let load: ShopLoad | undefined;
let verifying: Program | undefined;

afterEach(async () => {
  verifying?.signal('SIGKILL');
  await load?.stop();
  await shop?.remove();
  shop = undefined;
  load = undefined;
  verifying = undefined;
});

async function open(): Promise<AppliedShop> {
  shop = await AppliedShop.create({ relay: { publish: { progress: '1s' } } });
  await createShop(shop.source, shop.sourceDatabase);
  await createShop(shop.target, shop.targetDatabase);
  await shop.both('CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)');
  await shop.startRelay();
  await shop.startApply();
  return shop;
}

it(
  'raises no alarm while customers shop and apply lags, however often tables are compared',
  { timeout: 300_000 + 3_000 * SECONDS, retry: 0 },
  async () => {
    const moving = await open();
    load = new ShopLoad(sharedMysql(), moving.sourceDatabase, RATE, 1);
    await moving.apply.until('running', ({ complete }) => complete !== null);
    const endMs = performance.now() + 1000 * SECONDS;
    let passes = 0;
    do {
      const file = join(tmpdir(), uniqueName('verify-'));
      const running = await moving.verify(['--report', file]);
      // Away, and back with much to do.
      await moving.apply.kill9();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await moving.startApply();
      const { stdout, stderr } = await running.outcome(PATIENCE_MS);
      const report = JSON.parse(await readFile(file, 'utf8').catch(() => 'null')) as { tables: TableResult[] } | null;
      await rm(file, { force: true });
      expect(
        (report?.tables ?? []).map(({ state }) => state),
        `${stdout}\n${stderr}`,
      ).not.toContain('different');
      expect(stdout).not.toContain('DIFFERENT');
      passes += 1;
    } while (performance.now() < endMs);
    const { rows, transactions } = await load.stop();
    console.log(`verified ${passes} times beside ${transactions} transactions of ${rows} rows`);
    const { code, stdout, stderr } = await (await moving.verify()).outcome(PATIENCE_MS);
    expect(stdout, stderr).toMatch(/tables, [1-9][\d,]* rows: \d+ equal\n$/);
    expect(code).toBe(0);
  },
);

it('finds what is wrong, and has the relay mend it, key by key and whole tables', { timeout: 400_000 }, async () => {
  const wrong = await open();
  load = new ShopLoad(sharedMysql(), wrong.sourceDatabase, 100, 1);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await load.stop();
  await wrong.source.query(
    "CREATE TABLE notes (id VARCHAR(9) PRIMARY KEY, note TEXT); INSERT INTO notes VALUES ('a', 'x'), ('b', NULL), ('c', 'y')",
  );
  await wrong.target.query('CREATE TABLE notes (id VARCHAR(9) PRIMARY KEY, note TEXT)');
  await wrong.untilEqual();
  await wrong.target.query(
    "DELETE FROM notes WHERE id = 'a'; UPDATE notes SET note = '' WHERE id = 'b'; INSERT INTO notes VALUES ('z', 'z'); DELETE FROM visits LIMIT 1",
  );
  const found = await (await wrong.verify()).outcome(PATIENCE_MS);
  expect(found.code, found.stderr).toBe(1);
  expect(found.stdout).toContain(`${wrong.sourceDatabase}.notes: DIFFERENT, 3 rows, 3 different`);
  for (const line of ['id="a": missing in the target', 'id="b": changed: note', 'id="z": in the target only'])
    expect(found.stdout).toContain(line);
  expect(found.stdout).toContain(`${wrong.sourceDatabase}.visits: DIFFERENT`);
  const mended = await (await wrong.verify(['--repair'])).outcome(PATIENCE_MS);
  expect(mended.stdout, mended.stderr).toContain('3 repaired');
  expect(mended.code, `${mended.stdout}\n${mended.stderr}`).toBe(0);
  await wrong.untilEqual();
});

it('says what to look at when the target does not say how far it is', { timeout: 200_000 }, async () => {
  const quiet = await open();
  await quiet.source.query("INSERT INTO visits VALUES (NOW(6), '/')");
  await quiet.untilEqual();
  await quiet.relay.kill9();
  await quiet.source.query("INSERT INTO visits VALUES (NOW(6), '/later')");
  const { code, stderr } = await (await quiet.verify([], { patience: '3s' })).outcome(PATIENCE_MS);
  expect(stderr).toContain('VERIFY_NO_PROGRESS');
  expect(stderr).toContain('publish.progress');
  expect(code).toBe(1);
});

it('goes on after a kill -9 in the middle, at the row where it was', { timeout: 300_000 }, async () => {
  const cut = await open();
  await cut.both('CREATE TABLE big (id INT PRIMARY KEY, v INT)');
  await cut.source.query(
    `SET SESSION cte_max_recursion_depth = ${BIG_ROWS}; INSERT INTO big WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${BIG_ROWS}) SELECT n, n FROM s`,
  );
  await expect
    .poll(() => cut.targetRows('SELECT COUNT(*) AS n FROM big'), { timeout: PATIENCE_MS })
    .toEqual([{ n: BIG_ROWS }]);
  // While it is looked at again, the place stays before it.
  await cut.target.query(`UPDATE big SET v = 0 WHERE id = ${BIG_ROWS / 2}`);
  const big = ['--tables', `${cut.sourceDatabase}.big`];
  const cutOff = await cut.verify(big, { chunkTime: '10ms' });
  verifying = cutOff;
  const compared = async (): Promise<number> => {
    const [row] = await cut
      .targetRows(
        `SELECT row_count AS n FROM ${cut.ledger}.verify_table WHERE table_name = 'big' AND place IS NOT NULL`,
      )
      .catch(() => []);
    return Number(row?.['n'] ?? 0);
  };
  await expect.poll(compared, { timeout: PATIENCE_MS, interval: 50 }).toBeGreaterThan(0);
  cutOff.signal('SIGKILL');
  await cutOff.outcome();
  expect(await compared()).toBeLessThan(BIG_ROWS);

  await cut.target.query(`UPDATE big SET v = 0 WHERE id IN (1, ${BIG_ROWS})`);
  const rest = await (await cut.verify(big)).outcome(PATIENCE_MS);
  expect(rest.stderr).toContain('going on with the pass');
  const changed = (...ids: readonly number[]): string =>
    [`${ids.length} different`, ...ids.map((id) => `  id=${id}: changed: v`)].join('\n');
  expect(rest.stdout).toContain(`DIFFERENT, 30,000 rows, ${changed(BIG_ROWS / 2, BIG_ROWS)}`);
  const all = await (await cut.verify([...big, '--restart'])).outcome(PATIENCE_MS);
  expect(all.stdout).toContain(`DIFFERENT, 30,000 rows, ${changed(1, BIG_ROWS / 2, BIG_ROWS)}`);
  expect([rest.code, all.code]).toEqual([1, 1]);
});

it('shows what it has found, pass after pass', { timeout: 200_000 }, async () => {
  const watched = await open();
  await watched.both('CREATE TABLE notes (id INT PRIMARY KEY, note TEXT)');
  await watched.source.query("INSERT INTO notes VALUES (1, 'a'), (2, 'b')");
  await watched.untilEqual();
  const notes = ['--tables', `${watched.sourceDatabase}.notes`];
  const forEver = await watched.verify([...notes, '--forever'], { admin: { port: 0 } });
  verifying = forEver;
  await forEver.until(() => addressIn(forEver) !== undefined);
  const page = async (path: string): Promise<{ readonly code: number; readonly body: string }> => {
    const response = await fetch(`${addressIn(forEver) ?? ''}${path}`);
    return { code: response.status, body: await response.text() };
  };
  const health = async (): Promise<VerifyHealth> => JSON.parse((await page('/healthz')).body) as VerifyHealth;
  await expect.poll(async () => (await health()).passes, { timeout: PATIENCE_MS }).toBeGreaterThan(1);
  expect(await health()).toMatchObject({ healthy: true, reasons: [], tables: [{ table: 'notes', state: 'equal' }] });
  expect(await page('/readyz')).toEqual({ code: 200, body: 'ready\n' });

  await watched.target.query("UPDATE notes SET note = 'c' WHERE id = 2");
  await expect.poll(async () => (await page('/healthz')).code, { timeout: PATIENCE_MS }).toBe(503);
  expect(await health()).toMatchObject({
    healthy: false,
    reasons: [`${watched.sourceDatabase}.notes is different in 1 rows`],
    tables: [{ table: 'notes', state: 'different', rows: 2, different: 1, undecided: 0 }],
  });
  // It does what it is there for.
  expect((await page('/readyz')).code).toBe(200);
  const metrics = (await page('/metrics')).body;
  expect(metrics).toMatch(/^binlog_relay_verify_differences(\{.*\})? 1$/m);
  expect(metrics).toMatch(/^binlog_relay_verify_tables\{.*state="different".*\} 1$/m);
  expect(metrics).toMatch(/^binlog_relay_verify_passes_total [1-9]/m);
  expect(metrics).toMatch(/^binlog_relay_verify_rows_total [1-9]/m);
  expect((await forEver.stop()).code).toBe(0);
});

/** As the log names it. */
const addressIn = ({ stderr }: Program): string | undefined => /"address":"(http[^"]+)"/.exec(stderr)?.[1];

/** `verify` as its operators run it: real MySQL, relay, RocketMQ, apply and target. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createShop } from '../../dev/shop.ts';
import type { TableResult } from '../../src/verify/verify.ts';
import { AppliedShop } from '../support/applied-shop.ts';
import { ShopLoad } from '../support/shop-load.ts';
import { sharedMysql, uniqueName } from '../support/servers.ts';

/** VERIFY_SECONDS=3600 for a long run. */
const SECONDS = Number(process.env['VERIFY_SECONDS'] ?? 20);
const PATIENCE_MS = 240_000;

let shop: AppliedShop | undefined;
let load: ShopLoad | undefined;

afterEach(async () => {
  await load?.stop();
  await shop?.remove();
  shop = undefined;
  load = undefined;
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
    load = new ShopLoad(sharedMysql(), moving.sourceDatabase, 300, 1);
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

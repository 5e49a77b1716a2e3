/** `apply` as its operators run it: real MySQL, relay, RocketMQ and target. */
import { afterEach, expect, it } from 'vitest';
import { createShop } from '../../dev/shop.ts';
import { mulberry32 } from '../../dev/mulberry32.ts';
import { sharedMysql } from '../support/servers.ts';
import { ShopLoad } from '../support/shop-load.ts';
import { AppliedShop, type AppliedShopOptions } from '../support/applied-shop.ts';

let shop: AppliedShop | undefined;
let load: ShopLoad | undefined;

async function open(options?: AppliedShopOptions): Promise<AppliedShop> {
  shop = await AppliedShop.create(options);
  return shop;
}

afterEach(async () => {
  await load?.stop();
  await shop?.remove();
  shop = undefined;
  load = undefined;
});

it(
  'makes the tables of an empty target, and holds the same rows after a copy beside a stream',
  { timeout: 300_000 },
  async () => {
    const made = await open({ relay: { source: { start: 'copy' } }, apply: { create: true } });
    await createShop(made.source, made.sourceDatabase);
    await made.source.query(
      'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL); ' +
        'CREATE TABLE `o``dd "tä.ble|%` (`1` INT PRIMARY KEY, `__proto__` VARCHAR(9) UNIQUE, `a "b\\``` TEXT, g INT AS (`1` * 2) STORED); ' +
        'CREATE TABLE child (id INT PRIMARY KEY, parent INT, CHECK (id > 0), FOREIGN KEY (parent) REFERENCES `o``dd "tä.ble|%` (`1`) ON DELETE CASCADE); ' +
        "INSERT INTO `o``dd \"tä.ble|%` (`1`, `__proto__`, `a \"b\\```) VALUES (1, 'x', 'é😀'), (2, NULL, '\\\\'), (3, 'z', NULL); " +
        'INSERT INTO child VALUES (1, 1), (2, 3)',
    );
    await made.source.query(
      "INSERT INTO visits SELECT NOW(6), CONCAT('/', seq) FROM (WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 800) SELECT seq FROM n) s",
    );
    await made.startRelay();
    await made.startApply();
    load = new ShopLoad(sharedMysql(), made.sourceDatabase, 60, 1);
    await made.relay.until('copied', ({ copies }) => copies.every(({ endedAt }) => endedAt !== undefined), 120_000);
    await made.source.query(
      "UPDATE `o``dd \"tä.ble|%` SET `1` = 10, `__proto__` = 'y' WHERE `1` = 2; DELETE FROM child WHERE id = 2",
    );
    await load.stop();
    expect(await made.untilEqual()).toBeGreaterThan(500);
    const health = await made.apply.until('idle', ({ blocked }) => blocked.length === 0);
    expect(health).toMatchObject({ healthy: true, state: 'running', reasons: [] });
    expect(health.lanes.every(({ sequence, gtid }) => sequence > 0 && typeof gtid === 'string')).toBe(true);
    expect((await made.apply.stop()).code).toBe(0);
  },
);

it(
  'writes tables without a key, and a count, exactly once, however often it is killed',
  { timeout: 300_000 },
  async () => {
    const killed = await open();
    await createShop(killed.source, killed.sourceDatabase);
    await createShop(killed.target, killed.targetDatabase);
    await killed.both(
      'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL); CREATE TABLE marks (at DATETIME(6), page VARCHAR(9), n INT)',
    );
    await killed.startRelay();
    load = new ShopLoad(sharedMysql(), killed.sourceDatabase, 100, 1);
    const random = mulberry32(7);
    for (let i = 0; i < 12; i += 1) {
      await killed.startApply();
      for (let n = 0; n < 10; n += 1) {
        await killed.source.query(
          `INSERT INTO marks VALUES (NOW(6), '/${i}', ${n}), ('2026-01-01', '/same', 1), ('2026-01-01', '/same', 1); ` +
            "UPDATE marks SET n = n + 1 WHERE page = '/same' LIMIT 3; DELETE FROM marks WHERE page = '/same' LIMIT 1",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 600 + (random() % 1500)));
      await killed.apply.kill9();
      // The relay publishes again what its checkpoint does not have yet: the same changes, in other messages.
      if (i % 4 === 3) {
        await killed.relay.kill9();
        await killed.startRelay();
      }
    }
    await load.stop();
    await killed.startApply();
    expect(await killed.untilEqual()).toBeGreaterThan(100);
    const [rows] = await killed.targetRows(`SELECT SUM(sequence) AS n FROM ${killed.ledger}.apply_lane`);
    expect(Number(rows?.['n'])).toBeGreaterThan(0);
  },
);

it.each(['table', 'total'])('follows keys that change, with ordering %s', async (ordering) => {
  const swapped = await open({ relay: { ordering } });
  await swapped.both('CREATE TABLE places (a INT, b VARCHAR(9), v INT, PRIMARY KEY (a, b))');
  await swapped.startRelay();
  await swapped.startApply();
  await swapped.source.query(
    "INSERT INTO places VALUES (1, 'x', 1), (2, 'x', 2), (3, 'x', 3); UPDATE places SET a = a + 1 ORDER BY a DESC; " +
      "UPDATE places SET a = 99 WHERE a = 2; UPDATE places SET a = 2 WHERE a = 3; UPDATE places SET a = 3, b = 'X' WHERE a = 99",
  );
  expect(await swapped.untilEqual()).toBe(3);
});

/**
 * The whole way, each part of which is killed again and again: afterwards both databases hold the same rows.
 *
 *   npm run build && KILLS=50 npx vitest run --project integration test/e2e/apply-kills.test.ts
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mulberry32 } from '../../dev/mulberry32.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { createShop } from '../../dev/shop.ts';
import { AppliedShop } from '../support/applied-shop.ts';
import { ShopLoad } from '../support/shop-load.ts';

const KILLS = Number(process.env['KILLS'] ?? 5);
const SEED = Number(process.env['KILLS_SEED'] ?? 1);
const PARTS = ['apply', 'relay', 'target', 'broker', 'source'] as const;
const PATIENCE_MS = 240_000;

let mysql: MysqlServer;
let target: MysqlServer;
let rocketmq: RocketmqServer;
let shop: AppliedShop | undefined;
let load: ShopLoad | undefined;

beforeAll(async () => {
  const options = { own: true, progress: (): void => undefined };
  [mysql, target, rocketmq] = await Promise.all([startMysql(options), startMysql(options), startRocketmq(options)]);
}, PATIENCE_MS);

afterAll(async () => {
  await load?.stop();
  await shop?.remove();
  await Promise.all([mysql, target, rocketmq].map((server) => server.remove()));
});

it('is equal after kills of every part, tables without a key too', { timeout: 600_000 + KILLS * 30_000 }, async () => {
  shop = await AppliedShop.create({ mysql, target, rocketmq, relay: { publish: { progress: '1s' } } });
  await createShop(shop.source, shop.sourceDatabase);
  await createShop(shop.target, shop.targetDatabase);
  await shop.both('CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)');
  await shop.startRelay();
  await shop.startApply();
  load = new ShopLoad(mysql, shop.sourceDatabase, 200, SEED);
  const random = mulberry32(SEED);
  const below = (n: number): number => random() % n;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const kill: Readonly<Record<(typeof PARTS)[number], (of: AppliedShop) => Promise<unknown>>> = {
    apply: async (of) => {
      await of.apply.kill9();
      await pause(below(500));
      return of.startApply();
    },
    relay: async (of) => {
      await of.relay.kill9();
      await pause(below(500));
      return of.startRelay();
    },
    target: () => killed(target),
    broker: () => killed(rocketmq),
    source: () => killed(mysql),
  };
  const killed = async (server: MysqlServer | RocketmqServer): Promise<void> => {
    await server.kill9();
    await pause(below(2000));
    await server.start();
  };
  for (let i = 0; i < KILLS; i += 1) {
    await pause(500 + below(2500));
    const part = PARTS[i < PARTS.length ? i : below(PARTS.length)] ?? 'apply';
    await kill[part](shop);
  }
  await pause(2000);
  await load.stop();
  await shop.connectSource();
  await shop.connectTarget();
  const distinct = await shop.untilEqual(undefined, PATIENCE_MS);
  const { code, stdout, stderr } = await (await shop.verify()).outcome(PATIENCE_MS);
  console.log(`${KILLS} kills: ${distinct} distinct rows on both sides, equal`);
  expect(stdout, stderr).toMatch(/4 tables, [1-9][\d,]* rows: 4 equal\n$/);
  expect(code).toBe(0);
});

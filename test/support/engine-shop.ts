/** What tests of other makers' readers begin with: a shop, a table of every type, a topic, a folder of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { createShop, fillShop, SHOP_TABLES } from '../../dev/shop.ts';
import { EXTREMES, KINDS } from './kinds-table.ts';
import { connectMysql, freshTopic, uniqueName, type FreshTopic } from './servers.ts';

export const ENGINE_TABLES = [...SHOP_TABLES, 'kinds'] as const;
export type EngineTable = (typeof ENGINE_TABLES)[number];
/** The key of a table is made of its first columns. */
export const KEY_COLUMNS: Readonly<Record<EngineTable, number>> = { orders: 1, order_items: 2, payments: 1, kinds: 1 };

export interface EngineShop {
  /** Name of the database. */
  readonly shop: string;
  /** In UTC, with the shop selected. */
  readonly source: Connection;
  readonly topic: FreshTopic;
  readonly folder: string;
}

export async function createEngineShop(orders: number): Promise<EngineShop> {
  const shop = uniqueName('shop_');
  const source = await connectMysql();
  await createShop(source, shop);
  // The load has visitors, too; nobody reads of them here.
  await source.query('CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)');
  await source.query("SET time_zone = '+00:00'");
  await fillShop(source, orders);
  await source.query(KINDS);
  await source.query(EXTREMES);
  const topic = await freshTopic();
  return { shop, source, topic, folder: await mkdtemp(join(tmpdir(), 'binlog-relay-engine-')) };
}

export async function removeEngineShop({ shop, source, folder }: Omit<EngineShop, 'topic'>): Promise<void> {
  await source.query(`DROP DATABASE ${shop}`);
  await source.end();
  await rm(folder, { recursive: true, force: true });
}

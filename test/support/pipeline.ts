/**
 * The whole way of a row, for end-to-end tests: a shop on a real MySQL, the relay in a process of its own, a topic of a
 * real RocketMQ, and a reader that keeps a copy of the shop. `npm run build` must have been run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { compareTables, type Comparison } from './compare.ts';
import { CopyReader } from './copy-reader.ts';
import { RelayProcess, type Health } from '../../dev/relay-process.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { createShop, SHOP_TABLES } from '../../dev/shop.ts';
import { holdsGtids, newestGtids } from './gtids.ts';
import {
  connectMysql,
  freshDatabase,
  freshTopic,
  sharedMysql,
  sharedRocketmq,
  uniqueName,
  type FreshDatabase,
  type FreshTopic,
  type SharedRocketmq,
} from './servers.ts';
import { ShopLoad } from './shop-load.ts';

type Section = Readonly<Record<string, unknown>>;

export interface PipelineOptions {
  /** Where the shop is; the copy is always on the shared server, which no test stops. */
  readonly mysql?: MysqlAddress;
  readonly rocketmq?: SharedRocketmq;
  /** How the table of visits is made: with a key where a server takes no table without. */
  readonly visits?: string;
  /** Added to the sections of the relay's configuration. */
  readonly source?: Section;
  readonly sink?: Section;
  readonly limits?: Section;
  readonly publish?: Section;
  /** Whole sections. */
  readonly sections?: Section;
}

/** Appends rows only; without a key, so that a change that is applied twice shows. */
const VISITS = 'CREATE TABLE visits (at DATETIME(6) NOT NULL, page VARCHAR(64) NOT NULL)';
const CATCH_UP_MS = 60_000;

export class Pipeline {
  /** Where the shop is by now; after a failover a test names another one. */
  mysql: MysqlAddress;
  readonly rocketmq: SharedRocketmq;
  /** Name of the shop's schema. */
  readonly source: string;
  readonly copy: FreshDatabase;
  readonly topic: FreshTopic;
  readonly reader: CopyReader;
  readonly folder: string;
  readonly #options: PipelineOptions;
  readonly #loads: ShopLoad[] = [];
  readonly #relays: RelayProcess[] = [];

  private constructor(
    options: PipelineOptions,
    places: Pick<Pipeline, 'mysql' | 'rocketmq' | 'source' | 'copy' | 'topic' | 'reader' | 'folder'>,
  ) {
    this.#options = options;
    this.mysql = places.mysql;
    this.rocketmq = places.rocketmq;
    this.source = places.source;
    this.copy = places.copy;
    this.topic = places.topic;
    this.reader = places.reader;
    this.folder = places.folder;
  }

  /** The shop, its empty copy, the topic and its reader; the relay is not started. */
  static async create(options: PipelineOptions = {}): Promise<Pipeline> {
    const { mysql = sharedMysql(), rocketmq = sharedRocketmq(), visits = VISITS } = options;
    const source = uniqueName('shop_');
    const connection = await connectMysql(mysql);
    await createShop(connection, source);
    await connection.query(visits);
    await connection.end();
    const copy = await freshDatabase({ prefix: 'copy' });
    await createShop(copy.connection, copy.name);
    await copy.connection.query(visits);
    const topic = await freshTopic({ rocketmq });
    const address = { endpoint: rocketmq.endpoint, topic: topic.topic, group: topic.group };
    // The shortest that RocketMQ knows: a broker that was away has lost acknowledgements.
    const reader = new CopyReader({ ...address, invisibleMs: 10_000 }, sharedMysql(), copy.name);
    const folder = await mkdtemp(join(tmpdir(), 'binlog-relay-e2e-'));
    return new Pipeline(options, { mysql, rocketmq, source, copy, topic, reader, folder });
  }

  /** The relay that was started last. */
  get relay(): RelayProcess {
    const relay = this.#relays.at(-1);
    if (relay === undefined) throw new Error('the relay was not started');
    return relay;
  }

  /**
   * Resolves as soon as the process runs; the next start continues from the checkpoint of the one before. `name`: of a
   * folder of its own for configuration and log, for one that runs beside others. `more`: added to its source.
   */
  async startRelay(name = '', more: Section = {}): Promise<RelayProcess> {
    const { source = {}, sink = {}, limits = {}, publish = {}, sections = {} } = this.#options;
    const { host, port, relayUser, relayPassword } = this.mysql;
    const address = 'hosts' in source ? {} : { host, port };
    const relay = await RelayProcess.start({
      folder: join(this.folder, name),
      config: {
        source: { ...address, user: relayUser, password: relayPassword, ...source, ...more },
        tables: { include: [`${this.source}.*`] },
        sink: { endpoint: this.rocketmq.endpoint, topic: this.topic.topic, ...sink },
        // Every test of the whole way has these among its messages.
        publish: { progress: '1s', ...publish },
        limits,
        ...sections,
      },
    });
    this.#relays.push(relay);
    return relay;
  }

  /** Customers from now until the load's `stop`; `seed` is to be another one for each load of a pipeline. */
  load(transactionsPerSecond: number, seed = 1): ShopLoad {
    const load = new ShopLoad(this.mysql, this.source, transactionsPerSecond, seed);
    this.#loads.push(load);
    return load;
  }

  /** Runs one statement in the shop, on a connection of its own, since the server may have been away. */
  async sql(statement: string, values: readonly string[] = []): Promise<RowDataPacket[]> {
    const connection = await connectMysql(this.mysql);
    try {
      await connection.query(`USE ${this.source}`);
      const [rows] = await connection.query<RowDataPacket[]>(statement, [...values]);
      return rows;
    } finally {
      await connection.end();
    }
  }

  /**
   * Resolves when everything that the source has committed by now is acknowledged, as the relay's low-water mark says.
   */
  async untilDrained(timeoutMs = CATCH_UP_MS, relay = this.relay): Promise<Health> {
    const executed = await this.#newestGtids();
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const health = await relay.ready(Math.max(1, deadlineMs - performance.now()));
      const mark = health.lowWaterMark?.gtidSet ?? '';
      if (holdsGtids(mark, executed)) return health;
      if (performance.now() > deadlineMs) {
        throw new Error(`the relay did not catch up in ${timeoutMs / 1000} s: ${JSON.stringify(health)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * Waits until the relay has published everything and the reader has read it: both sides are equal, every value of
   * every table. Returns the rows.
   */
  async expectEqual(relay = this.relay): Promise<number> {
    await this.untilDrained(CATCH_UP_MS, relay);
    const deadlineMs = performance.now() + CATCH_UP_MS;
    for (;;) {
      // After an outage of the broker a pause is not the end: it may keep messages from the reader for a while.
      await this.reader.idle();
      const { rows, difference } = await this.#compare();
      if (difference !== undefined && performance.now() < deadlineMs) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      expect(JSON.stringify(difference, asText)).toBeUndefined();
      expect(rows).toBeGreaterThan(0);
      return rows;
    }
  }

  /** Ends and removes everything but the servers. */
  async remove(): Promise<void> {
    for (const load of this.#loads) await load.stop();
    for (const relay of this.#relays) await relay.kill9();
    await this.reader.stop();
    await this.sql(`DROP DATABASE ${this.source}`);
    await this.copy.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #newestGtids(): Promise<string> {
    const connection = await connectMysql(this.mysql);
    try {
      return await newestGtids(connection);
    } finally {
      await connection.end();
    }
  }

  async #compare(): Promise<Comparison> {
    const connection = await connectMysql(this.mysql);
    try {
      return await compareTables(
        { connection, database: this.source },
        { connection: this.copy.connection, database: this.copy.name },
        [...SHOP_TABLES, 'visits'],
      );
    } finally {
      await connection.end();
    }
  }
}

function asText(_key: string, value: unknown): unknown {
  const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
  return isBuffer && 'data' in value ? Buffer.from(value.data as number[]).toString() : value;
}

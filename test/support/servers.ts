/**
 * Servers for integration tests.
 *
 * `sharedMysql()` and `sharedRocketmq()` were started by global-setup.ts for the whole run; no other file uses them at
 * the same time. A test takes a schema and a topic of its own (`freshDatabase`, `freshTopic`) and never stops,
 * freezes or reconfigures them. A test that has to starts its own with `startServers`, `startMysql` or `startRocketmq`
 * of dev/servers/servers.ts, with `own: true`, and removes them after itself.
 */
import type { Connection, ConnectionOptions } from 'mysql2/promise';
import { inject } from 'vitest';
import type { MysqlAddress, RocketmqAddress, RocketmqServer } from '../../dev/servers/servers.ts';
import { rocketmqAdmin } from '../../dev/servers/start.ts';
import type { SharedServers } from './global-setup.ts';
import { openMysql } from './mysql-session.ts';

export type SharedRocketmq = RocketmqAddress & Pick<RocketmqServer, 'createTopic' | 'createGroup'>;

export function sharedMysql(): MysqlAddress {
  return ofThisWorker().mysql;
}

export function sharedRocketmq(): SharedRocketmq {
  const address = ofThisWorker().rocketmq;
  const admin = rocketmqAdmin(address);
  return {
    ...address,
    createTopic: (name, options) => admin.createTopic(name, options),
    createGroup: (name, options) => admin.createGroup(name, options),
  };
}

function ofThisWorker(): SharedServers {
  const worker = process.env['VITEST_POOL_ID'] ?? '';
  const servers = inject('shared')[Number(worker) - 1];
  if (servers === undefined) throw new Error(`There are no servers for the worker ${worker} of vitest.`);
  return servers;
}

/** See openMysql; of the shared server unless another one is given. */
export function connectMysql(address: MysqlAddress = sharedMysql(), options?: ConnectionOptions): Promise<Connection> {
  return openMysql(address, options);
}

export interface FreshDatabase {
  readonly name: string;
  /** With the schema selected. */
  readonly connection: Connection;
  /** Drops the schema and ends the connection. */
  drop(): Promise<void>;
}

/** A schema that no other test uses: `<prefix>_<unique>`. */
export async function freshDatabase(
  options: { readonly prefix?: string; readonly mysql?: MysqlAddress } = {},
): Promise<FreshDatabase> {
  const name = uniqueName(`${options.prefix ?? 'orders'}_`);
  const connection = await connectMysql(options.mysql);
  await connection.query(`CREATE DATABASE \`${name}\`; USE \`${name}\``);
  return {
    name,
    connection,
    drop: async () => {
      await connection.query(`DROP DATABASE IF EXISTS \`${name}\``);
      await connection.end();
    },
  };
}

export interface FreshTopic {
  readonly topic: string;
  /** An ordered consumer group that nobody else uses. */
  readonly group: string;
}

/** A FIFO topic that no other test uses, and a group to read it with; topics are never deleted, the servers are. */
export async function freshTopic(
  options: { readonly queues?: number; readonly prefix?: string; readonly rocketmq?: SharedRocketmq } = {},
): Promise<FreshTopic> {
  const { queues = 8, prefix = 'order-binlog', rocketmq = sharedRocketmq() } = options;
  const topic = uniqueName(`${prefix}-`);
  const group = `${topic}-readers`;
  await rocketmq.createTopic(topic, { queues, fifo: true });
  await rocketmq.createGroup(group, { ordered: true });
  return { topic, group };
}

let count = 0;

/** Unique among all runs on servers that outlive a run: the environment may name such. */
export function uniqueName(prefix: string): string {
  return `${prefix}${Date.now().toString(36)}${process.pid.toString(36)}${(count++).toString(36)}`;
}

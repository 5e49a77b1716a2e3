/** The servers of a run: two MySQL and one RocketMQ, and what can be put between them and relay or apply. */
import { join } from 'node:path';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { smallDisk, type SmallDisk } from './small-disk.ts';
import { BinlogTruth } from './truth.ts';

/** Memory takes it only as far as it is used. */
const STORE_SIZE = '4g';

/** Lines between relay or apply and a server. */
export type LineName = 'source' | 'broker' | 'topic' | 'target';

export interface ChaosServers {
  readonly source: MysqlServer;
  readonly target: MysqlServer;
  readonly rocketmq: RocketmqServer;
  readonly truth: BinlogTruth;
  /** `source` and `broker` are the relay's, `topic` and `target` those of apply. */
  readonly lines: Readonly<Record<LineName, FaultProxy>>;
  /** Where the broker keeps messages, if that is a disk of its own. */
  readonly store: string | undefined;
  /** Folders with another `node` each. */
  readonly nodePaths: readonly string[];
  stop(): Promise<void>;
}

export interface ChaosServersOptions {
  /** The broker gets a disk of its own, if this process may mount one. */
  readonly hasStoreDisk: boolean;
  readonly nodePaths: readonly string[];
  readonly progress: (line: string) => void;
}

export async function startChaosServers(given: ChaosServersOptions): Promise<ChaosServers> {
  const { progress, nodePaths } = given;
  if (await usesDocker())
    throw new Error('This needs servers from packages, whose files can be read: set BINLOG_RELAY_SERVERS=packages.');
  const options = { own: true, progress };
  const [source, target, rocketmq] = await Promise.all([
    startMysql(options),
    startMysql(options),
    startRocketmq(options),
  ]);
  const [host = '', port = ''] = rocketmq.endpoint.split(':');
  const proxy = { host, port: Number(port) };
  const [toSource, toBroker, toTopic, toTarget] = await Promise.all(
    [source, proxy, proxy, target].map((server) => FaultProxy.to(server)),
  );
  if (toSource === undefined || toBroker === undefined || toTopic === undefined || toTarget === undefined)
    throw new Error('a line is missing');
  const store = given.hasStoreDisk ? await storeDisk(rocketmq) : undefined;
  const lines = { source: toSource, broker: toBroker, topic: toTopic, target: toTarget };
  return {
    source,
    target,
    rocketmq,
    truth: new BinlogTruth(source.folder),
    lines,
    store: store?.isMounted === true ? store.path : undefined,
    nodePaths,
    stop: async () => {
      await rocketmq.kill9();
      await store?.unmount();
      await Promise.all([source.remove(), target.remove(), rocketmq.remove()]);
      await Promise.all(Object.values(lines).map((line) => line.close()));
    },
  };
}

/** It begins empty there: nothing is in the store yet. */
async function storeDisk(rocketmq: RocketmqServer): Promise<SmallDisk> {
  await rocketmq.stop();
  const disk = await smallDisk(join(rocketmq.folder, 'store'), STORE_SIZE);
  await rocketmq.start();
  // A full disk makes it remove messages that nobody has read yet.
  await rocketmq.mqadmin([
    'updateBrokerConfig',
    '-c',
    'DefaultCluster',
    '-k',
    'cleanFileForciblyEnable',
    '-v',
    'false',
  ]);
  return disk;
}

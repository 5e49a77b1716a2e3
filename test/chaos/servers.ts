/** The servers of a run: two MySQL and one RocketMQ, and what can be put between them and relay or apply. */
import { join } from 'node:path';
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { smallDisk, type SmallDisk } from './small-disk.ts';
import { Sources } from './sources.ts';

/** A broker that is killed may deliver the message that it was storing in part: readers have to drop it. */
const AS_SHIPPED = { enabledAppendPropCRC: false, forceVerifyPropCRC: false };
/** Memory takes it only as far as it is used. */
const STORE_SIZE = '4g';

/** Lines between relay or apply and a server: the first two are the relay's, the others those of apply. */
export type LineName = 'source' | 'broker' | 'topic' | 'target';

/** Each relay has its own. */
export interface RelayLines {
  /** To the two servers of which one replicates the other; without a replica only the first is used. */
  readonly sources: readonly [FaultProxy, FaultProxy];
  readonly broker: FaultProxy;
}

export interface ChaosServers {
  readonly sources: Sources;
  /** The primary of the moment. */
  readonly source: MysqlServer;
  readonly target: MysqlServer;
  readonly rocketmq: RocketmqServer;
  /** Of apply. */
  readonly lines: Readonly<Record<'topic' | 'target', FaultProxy>>;
  /** Of the relay, and of one that stands by. */
  readonly relayLines: readonly [RelayLines, RelayLines];
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
    startRocketmq({ ...options, broker: AS_SHIPPED }),
  ]);
  const [host = '', port = ''] = rocketmq.endpoint.split(':');
  const proxy = { host, port: Number(port) };
  const [topicLine, targetLine] = [await FaultProxy.to(proxy), await FaultProxy.to(target)];
  const relayLines = [await linesOf(source, proxy), await linesOf(source, proxy)] as const;
  const sources = new Sources(source);
  for (const lines of relayLines) sources.leads(lines.sources);
  const store = given.hasStoreDisk ? await storeDisk(rocketmq) : undefined;
  const lines = { topic: topicLine, target: targetLine };
  return {
    sources,
    get source() {
      return sources.primary;
    },
    target,
    rocketmq,
    lines,
    relayLines,
    store: store?.isMounted === true ? store.path : undefined,
    nodePaths,
    stop: async () => {
      await rocketmq.kill9();
      await store?.unmount();
      await Promise.all([sources.remove(), target.remove(), rocketmq.remove()]);
      const ofRelays = relayLines.flatMap(({ sources: both, broker }) => [...both, broker]);
      await Promise.all([...Object.values(lines), ...ofRelays].map((line) => line.close()));
    },
  };
}

async function linesOf(source: Place, broker: Place): Promise<RelayLines> {
  return {
    sources: [await FaultProxy.to(source), await FaultProxy.to(source)],
    broker: await FaultProxy.to(broker),
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
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

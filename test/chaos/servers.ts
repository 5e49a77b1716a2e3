/** The servers of a run: two MySQL and one RocketMQ, and what can be put between them and relay or apply. */
import { usesDocker } from '../../dev/servers/container.ts';
import type { MysqlServer, RocketmqServer } from '../../dev/servers/servers.ts';
import { startMysql, startRocketmq } from '../../dev/servers/start.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { BinlogTruth } from './truth.ts';

/** Lines between relay or apply and a server. */
export type LineName = 'source' | 'broker' | 'topic' | 'target';

export interface ChaosServers {
  readonly source: MysqlServer;
  readonly target: MysqlServer;
  readonly rocketmq: RocketmqServer;
  readonly truth: BinlogTruth;
  /** `source` and `broker` are the relay's, `topic` and `target` those of apply. */
  readonly lines: Readonly<Record<LineName, FaultProxy>>;
  stop(): Promise<void>;
}

export async function startChaosServers(progress: (line: string) => void): Promise<ChaosServers> {
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
  const lines = { source: toSource, broker: toBroker, topic: toTopic, target: toTarget };
  return {
    source,
    target,
    rocketmq,
    truth: new BinlogTruth(source.folder),
    lines,
    stop: async () => {
      await Promise.all([source.remove(), target.remove(), rocketmq.remove()]);
      await Promise.all(Object.values(lines).map((line) => line.close()));
    },
  };
}

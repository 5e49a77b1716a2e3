import { mkdirSync, writeFileSync } from 'node:fs';
import type { RunFolder } from './run-folder.ts';
import type { RocketmqOptions, RocketmqSecurity } from './servers.ts';

/** The broker listens on two more ports, `broker` - 2 and + 1. */
export interface RocketmqPorts {
  readonly namesrv: number;
  readonly broker: number;
  readonly grpc: number;
  readonly remoting: number;
  /** Of proxies in processes of their own. */
  readonly proxies: readonly Pick<RocketmqPorts, 'grpc' | 'remoting'>[];
}

export function rocketmqPorts({ firstPort }: RunFolder): RocketmqPorts {
  const proxies = [
    { grpc: firstPort + 7, remoting: firstPort + 8 },
    { grpc: firstPort + 9, remoting: firstPort + 2 },
  ];
  return { namesrv: firstPort, broker: firstPort + 3, grpc: firstPort + 5, remoting: firstPort + 6, proxies };
}

/**
 * Writes namesrv.conf, broker.conf and proxy.json into the run folder's `conf`. The proxy runs the broker in its own
 * process ("local mode"); those of `proxies` are alone in theirs. `storeFolder`: undefined leaves the store where the
 * image has it.
 */
export function writeRocketmqConfig(
  folder: RunFolder,
  storeFolder: string | undefined,
  { secured, broker: brokerSettings, proxies = [] }: Omit<RocketmqOptions, 'version'> = {},
): void {
  const ports = rocketmqPorts(folder);
  const namesrv = `127.0.0.1:${ports.namesrv}`;
  mkdirSync(folder.file('conf'));
  writeFileSync(folder.file('conf/namesrv.conf'), `listenPort=${ports.namesrv}\n`);
  const broker = {
    brokerClusterName: 'DefaultCluster',
    brokerName: 'broker-a',
    brokerId: 0,
    namesrvAddr: namesrv,
    brokerIP1: '127.0.0.1',
    listenPort: ports.broker,
    ...(storeFolder !== undefined && {
      storePathRootDir: storeFolder,
      storePathCommitLog: `${storeFolder}/commitlog`,
    }),
    mappedFileSizeCommitLog: 256 << 20,
    autoCreateTopicEnable: false,
    // A group made by its first use is unordered, and nobody would notice until an acknowledgement is missing.
    autoCreateSubscriptionGroup: false,
    // Killed, it comes back without the message that it was storing. Only for a store that is new: docs/operations.md,
    // "A broker that is killed".
    enabledAppendPropCRC: true,
    forceVerifyPropCRC: true,
    // A developer's disk may be fuller than RocketMQ likes.
    diskMaxUsedSpaceRatio: 98,
    ...(secured !== undefined && accessControl(secured)),
    ...brokerSettings,
  };
  const lines = Object.entries(broker).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(folder.file('conf/broker.conf'), lines.join(''));
  const proxy = {
    rocketMQClusterName: 'DefaultCluster',
    namesrvAddr: namesrv,
    grpcServerPort: ports.grpc,
    remotingListenPort: ports.remoting,
    proxyMode: 'LOCAL',
    ...(secured !== undefined && {
      ...accessControl(secured),
      // Of the same name as the broker, in whose process it is, it has the same users.
      proxyName: 'broker-a',
      tlsTestModeEnable: false,
      tlsCertPath: secured.certificate,
      tlsKeyPath: secured.certificateKey,
    }),
  };
  writeFileSync(folder.file('conf/proxy.json'), JSON.stringify(proxy));
  for (const [index, settings] of proxies.entries()) {
    const alone = {
      ...proxy,
      proxyName: `proxy-${index}`,
      proxyMode: 'CLUSTER',
      grpcServerPort: ports.proxies[index]?.grpc,
      remotingListenPort: ports.proxies[index]?.remoting,
      ...settings,
    };
    writeFileSync(folder.file(`conf/proxy-${index}.json`), JSON.stringify(alone));
  }
}

/** org.apache.rocketmq.auth.config.AuthConfig */
function accessControl({ accessKey, accessSecret }: RocketmqSecurity): Readonly<Record<string, string | boolean>> {
  const auth = 'org.apache.rocketmq.auth';
  return {
    authenticationEnabled: true,
    authenticationProvider: `${auth}.authentication.provider.DefaultAuthenticationProvider`,
    authenticationMetadataProvider: `${auth}.authentication.provider.LocalAuthenticationMetadataProvider`,
    initAuthenticationUser: JSON.stringify({ username: accessKey, password: accessSecret }),
    innerClientAuthenticationCredentials: JSON.stringify({ accessKey, secretKey: accessSecret }),
    authorizationEnabled: true,
    authorizationProvider: `${auth}.authorization.provider.DefaultAuthorizationProvider`,
    authorizationMetadataProvider: `${auth}.authorization.provider.LocalAuthorizationMetadataProvider`,
  };
}

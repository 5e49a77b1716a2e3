import { Container } from './container.ts';
import { rocketmqPorts, writeRocketmqConfig } from './rocketmq-config.ts';
import type { RunningRocketmq } from './running-rocketmq.ts';
import { makeRunFolder } from './run-folder.ts';
import type { ServerSettings, RocketmqVersion } from './servers.ts';
import { runTool } from './tool.ts';

/**
 * Two containers of the official image with one network: the broker announces 127.0.0.1 and its port, which must lead
 * to it from outside the containers as well as from inside.
 */
export async function rocketmqInDocker(
  version: RocketmqVersion,
  broker: ServerSettings | undefined,
): Promise<RunningRocketmq> {
  const image = `apache/rocketmq:${version}`;
  const folder = await makeRunFolder();
  writeRocketmqConfig(folder, undefined, broker === undefined ? {} : { broker });
  const ports = rocketmqPorts(folder);
  const name = (part: string): string => `binlog-relay-${part}-${folder.firstPort}`;
  const common = [
    `--volume=${folder.file('conf')}:/conf:ro`,
    '--env=JAVA_OPT_EXT=-Xms256m -Xmx768m -Xmn128m -XX:MaxDirectMemorySize=768m',
  ];
  const publish = [ports.namesrv, ports.broker - 2, ports.broker, ports.grpc].map(
    (port) => `--publish=127.0.0.1:${port}:${port}`,
  );
  const namesrvRun = [...common, ...publish, image, 'sh', 'mqnamesrv', '-c', '/conf/namesrv.conf'];
  const proxy = ['sh', 'mqproxy', '-pc', '/conf/proxy.json', '-bc', '/conf/broker.conf', '-pm', 'local'];
  const brokerRun = [...common, `--network=container:${name('namesrv')}`, image, ...proxy];
  return {
    folder,
    namesrv: new Container(name('namesrv'), namesrvRun, folder),
    broker: new Container(name('broker'), brokerRun, folder),
    proxies: [],
    mqadmin: (args) =>
      runTool('docker', ['exec', name('broker'), 'sh', 'mqadmin', ...args, '-n', `127.0.0.1:${ports.namesrv}`]),
  };
}

import { connect } from 'node:net';
import { usesDocker } from './container.ts';
import { controls, firstStart } from './controls.ts';
import { untilReady, type Program } from './program.ts';
import { RocketmqAdmin } from './rocketmq-admin.ts';
import { rocketmqPorts } from './rocketmq-config.ts';
import { rocketmqInDocker } from './rocketmq-docker.ts';
import { rocketmqFromPackage } from './rocketmq-package.ts';
import type { Progress, RocketmqOptions, RocketmqServer, RocketmqVersion } from './servers.ts';

const READY_TIMEOUT_MS = 90_000;

/** Starts a RocketMQ of our own. */
export async function runRocketmq(
  version: RocketmqVersion,
  progress: Progress,
  options: Omit<RocketmqOptions, 'version'> = {},
): Promise<RocketmqServer> {
  const { secured, proxies: apartSettings = [] } = options;
  const inDocker = secured === undefined && apartSettings.length === 0 && (await usesDocker());
  const running = inDocker
    ? await rocketmqInDocker(version, options.broker)
    : await rocketmqFromPackage(version, progress, options);
  const { folder, namesrv, broker, proxies } = running;
  const ports = rocketmqPorts(folder);
  const admin = new RocketmqAdmin(`127.0.0.1:${ports.namesrv}`, secured);
  const startProxy = async (proxy: Program, port: number): Promise<void> => {
    await proxy.start();
    await untilReady('The proxy', [proxy], READY_TIMEOUT_MS, () => canConnect(port));
  };
  const apart = proxies.map((program, index) => ({ program, port: ports.proxies[index]?.grpc ?? 0 }));
  const control = controls([namesrv, broker, ...proxies], folder, async () => {
    await namesrv.start();
    await untilReady('The name server', [namesrv], READY_TIMEOUT_MS, () => canConnect(ports.namesrv));
    await broker.start();
    await untilReady('The broker', [namesrv, broker], READY_TIMEOUT_MS, async () => {
      await canConnect(ports.grpc);
      await admin.announce(`127.0.0.1:${ports.broker}`);
      await admin.brokers();
    });
    await Promise.all(apart.map(({ program, port }) => startProxy(program, port)));
  });
  await firstStart(`RocketMQ ${version}`, control, progress);
  return {
    endpoint: `127.0.0.1:${ports.grpc}`,
    namesrv: `127.0.0.1:${ports.namesrv}`,
    ...control,
    proxies: apart.map(({ program, port }) => ({
      endpoint: `127.0.0.1:${port}`,
      start: () => startProxy(program, port),
      kill9: () => program.kill9(),
      freeze: () => program.freeze(),
      thaw: () => program.thaw(),
    })),
    createTopic: (name, topic) => admin.createTopic(name, topic),
    deleteTopic: (name) => admin.deleteTopic(name),
    configureBroker: (settings) => admin.configureBrokers(settings),
    createGroup: (name, group) => admin.createGroup(name, group),
    createUser: (name, secret, permissions) => admin.createUser(name, secret, permissions),
    changeSecret: (name, secret) => admin.changeSecret(name, secret),
    mqadmin: (args) => running.mqadmin(args),
  };
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

import { connect } from 'node:net';
import { usesDocker } from './container.ts';
import { controls, firstStart } from './controls.ts';
import { untilReady } from './program.ts';
import { RocketmqAdmin } from './rocketmq-admin.ts';
import { rocketmqPorts } from './rocketmq-config.ts';
import { rocketmqInDocker } from './rocketmq-docker.ts';
import { rocketmqFromPackage } from './rocketmq-package.ts';
import type { Progress, RocketmqSecurity, RocketmqServer, RocketmqVersion } from './servers.ts';

const READY_TIMEOUT_MS = 90_000;

/** Starts a RocketMQ of our own. */
export async function runRocketmq(
  version: RocketmqVersion,
  progress: Progress,
  secured?: RocketmqSecurity,
): Promise<RocketmqServer> {
  const inDocker = secured === undefined && (await usesDocker());
  const running = inDocker ? await rocketmqInDocker(version) : await rocketmqFromPackage(version, progress, secured);
  const { folder, namesrv, broker } = running;
  const ports = rocketmqPorts(folder);
  const admin = new RocketmqAdmin(`127.0.0.1:${ports.namesrv}`, secured);
  const control = controls([namesrv, broker], folder, async () => {
    await namesrv.start();
    await untilReady('The name server', [namesrv], READY_TIMEOUT_MS, () => canConnect(ports.namesrv));
    await broker.start();
    await untilReady('The broker', [namesrv, broker], READY_TIMEOUT_MS, async () => {
      await canConnect(ports.grpc);
      await admin.announce(`127.0.0.1:${ports.broker}`);
      await admin.brokers();
    });
  });
  await firstStart(`RocketMQ ${version}`, control, progress);
  return {
    endpoint: `127.0.0.1:${ports.grpc}`,
    namesrv: `127.0.0.1:${ports.namesrv}`,
    ...control,
    createTopic: (name, options) => admin.createTopic(name, options),
    createGroup: (name, options) => admin.createGroup(name, options),
    createUser: (name, secret, permissions) => admin.createUser(name, secret, permissions),
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

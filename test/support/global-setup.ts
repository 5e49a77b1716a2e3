/** Once per run of the integration project: real servers that all its test files share. */
import type { TestProject } from 'vitest/node';
import type { MysqlAddress, RocketmqAddress, Servers } from '../../dev/servers/servers.ts';
import { startServers } from '../../dev/servers/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    mysql: MysqlAddress;
    rocketmq: RocketmqAddress;
  }
}

let servers: Servers | undefined;
let project: TestProject | undefined;

export async function setup(ofProject: TestProject): Promise<void> {
  project = ofProject;
  servers = await startServers({ progress: (line) => console.error(`servers: ${line}`) });
  const { mysql, rocketmq } = servers;
  project.provide('mysql', {
    host: mysql.host,
    port: mysql.port,
    user: mysql.user,
    password: mysql.password,
    relayUser: mysql.relayUser,
    relayPassword: mysql.relayPassword,
    version: mysql.version,
  });
  project.provide('rocketmq', { endpoint: rocketmq.endpoint, namesrv: rocketmq.namesrv });
}

export async function teardown(): Promise<void> {
  const hasFailed = (project?.vitest.state.getCountOfFailedTests() ?? 0) > 0;
  if (servers !== undefined && hasFailed) {
    const folders = [servers.mysql.folder, servers.rocketmq.folder].filter((folder) => folder !== '');
    console.error(`servers: tests failed, so data and logs are kept: ${folders.join(' ')}`);
  }
  await servers?.stop({ keepFolder: hasFailed });
}

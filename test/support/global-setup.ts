/**
 * Once per run of the integration project: real servers that its test files share, a MySQL and a RocketMQ for each of
 * the files that run at the same time.
 */
import type { TestProject } from 'vitest/node';
import type { MysqlAddress, RocketmqAddress, Servers } from '../../dev/servers/servers.ts';
import { startServers } from '../../dev/servers/start.ts';

/** Of one worker of vitest. */
export interface SharedServers {
  readonly mysql: MysqlAddress;
  readonly rocketmq: RocketmqAddress;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the worker 1, 2, … as VITEST_POOL_ID has it. */
    shared: readonly SharedServers[];
  }
}

const started: Servers[] = [];
let project: TestProject | undefined;

export async function setup(ofProject: TestProject): Promise<void> {
  project = ofProject;
  const files = project.vitest.state.getPaths().length;
  const workers = Math.min(files, project.config.maxWorkers);
  const starts = Array.from({ length: workers }, () => startServers({ progress }));
  const results = await Promise.allSettled(starts);
  for (const result of results) if (result.status === 'fulfilled') started.push(result.value);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await teardown();
    throw failed.reason;
  }
  project.provide('shared', started.map(addressesOf));
}

export async function teardown(): Promise<void> {
  const hasFailed = (project?.vitest.state.getCountOfFailedTests() ?? 0) > 0;
  if (hasFailed) {
    const folders = started.flatMap(({ mysql, rocketmq }) => [mysql.folder, rocketmq.folder]);
    const kept = folders.filter((folder) => folder !== '');
    console.error(`servers: tests failed, so data and logs are kept: ${kept.join(' ')}`);
  }
  await Promise.all(started.splice(0).map((servers) => servers.stop({ keepFolder: hasFailed })));
}

function progress(line: string): void {
  console.error(`servers: ${line}`);
}

function addressesOf({ mysql, rocketmq }: Servers): SharedServers {
  const { host, port, user, password, relayUser, relayPassword, version } = mysql;
  return {
    mysql: { host, port, user, password, relayUser, relayPassword, version },
    rocketmq: { endpoint: rocketmq.endpoint, namesrv: rocketmq.namesrv },
  };
}

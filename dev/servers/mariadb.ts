/**
 * MariaDB without installing it: where the files come from, how mariadbd is called in them, and how it makes a data
 * folder.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cached } from './cache.ts';
import type { CommandLine } from './child.ts';
import { unpackDebianPackages } from './debian.ts';
import type { MariadbVersion, Progress } from './servers.ts';

/**
 * The Debian that ships it, and what the package calls its folders. Since Debian 13 the C library is below /usr as
 * well.
 */
const RELEASES: Readonly<Record<MariadbVersion, { suite: string; name: string; loader: string }>> = {
  'mariadb-10.11': { suite: 'bookworm', name: 'mysql', loader: join('lib', 'x86_64-linux-gnu') },
  'mariadb-11.8': { suite: 'trixie', name: 'mariadb', loader: join('usr', 'lib', 'x86_64-linux-gnu') },
};

const SHARE = '--lc-messages-dir=';
/** In the order in which MariaDB's own script for the same feeds them to the server. */
const SYSTEM_TABLES = ['system_tables.sql', 'performance_tables.sql', 'system_tables_data.sql'];

/** mariadbd with the flags that tell it where its own files are. */
export async function unpackMariadb(version: MariadbVersion, progress: Progress): Promise<CommandLine> {
  const { suite, name, loader } = RELEASES[version];
  const folder = await cached(version, progress, (unfinished) => {
    progress(`fetching ${version} from Debian (${suite}), about 20 MB`);
    return unpackDebianPackages(unfinished, suite, ['mariadb-server-core']);
  });
  const root = join(folder, 'root');
  const libraries = ['lib', join('usr', 'lib')].map((path) => join(root, path, 'x86_64-linux-gnu'));
  const usr = join(root, 'usr');
  return {
    // Through the loader of the C library that it was built with: the machine's may be older.
    command: join(root, loader, 'ld-linux-x86-64.so.2'),
    args: [
      '--library-path',
      libraries.join(':'),
      join(usr, 'sbin', 'mariadbd'),
      '--no-defaults',
      `--basedir=${usr}`,
      `${SHARE}${join(usr, 'share', name)}`,
      `--plugin-dir=${join(usr, 'lib', name, 'plugin')}`,
    ],
  };
}

/** Fills an empty data folder: reads its system tables as statements from `file`, which is written first. */
export async function mariadbInitialization(mariadbd: CommandLine, file: string): Promise<CommandLine> {
  const share = mariadbd.args.find((arg) => arg.startsWith(SHARE))?.slice(SHARE.length) ?? '';
  const scripts = SYSTEM_TABLES.map((name) => readFileSync(join(share, `${basename(share)}_${name}`), 'utf8'));
  await writeFile(file, ['CREATE DATABASE mysql;\nUSE mysql;\n', ...scripts].join('\n'));
  return {
    command: '/bin/sh',
    args: ['-c', 'exec "$@" < "$STATEMENTS"', 'sh', mariadbd.command, ...mariadbd.args, '--bootstrap'],
    env: { STATEMENTS: file },
  };
}

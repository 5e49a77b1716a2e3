/** MariaDB without installing it: where the files come from, how mariadbd is called in them, and how it makes a data folder. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { CommandLine } from './child.ts';
import { unpackDebianPackages } from './debian.ts';
import type { Progress } from './servers.ts';

const SHARE = '--lc-messages-dir=';
/** In the order in which MariaDB's own script for the same feeds them to the server. */
const SYSTEM_TABLES = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];

/** mariadbd with the flags that tell it where its own files are. */
export async function unpackMariadb(progress: Progress): Promise<CommandLine> {
  const folder = await cached('mariadb-10.11', progress, (unfinished) => {
    progress('fetching MariaDB 10.11 from Debian (bookworm), about 20 MB');
    return unpackDebianPackages(unfinished, 'bookworm', ['mariadb-server-core']);
  });
  const root = join(folder, 'root');
  const libraries = ['lib', join('usr', 'lib')].map((path) => join(root, path, 'x86_64-linux-gnu'));
  const usr = join(root, 'usr');
  return {
    // Through the loader of the C library that it was built with: the machine's may be older.
    command: join(root, 'lib', 'x86_64-linux-gnu', 'ld-linux-x86-64.so.2'),
    args: [
      '--library-path',
      libraries.join(':'),
      join(usr, 'sbin', 'mariadbd'),
      '--no-defaults',
      `--basedir=${usr}`,
      `${SHARE}${join(usr, 'share', 'mysql')}`,
      `--plugin-dir=${join(usr, 'lib', 'mysql', 'plugin')}`,
    ],
  };
}

/** Fills an empty data folder: reads its system tables as statements from `file`, which is written first. */
export async function mariadbInitialization(mariadbd: CommandLine, file: string): Promise<CommandLine> {
  const share = mariadbd.args.find((arg) => arg.startsWith(SHARE))?.slice(SHARE.length) ?? '';
  const scripts = SYSTEM_TABLES.map((name) => readFileSync(join(share, name), 'utf8'));
  await writeFile(file, ['CREATE DATABASE mysql;\nUSE mysql;\n', ...scripts].join('\n'));
  return {
    command: '/bin/sh',
    args: ['-c', 'exec "$@" < "$STATEMENTS"', 'sh', mariadbd.command, ...mariadbd.args, '--bootstrap'],
    env: { STATEMENTS: file },
  };
}

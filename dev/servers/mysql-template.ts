import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { Child, type CommandLine } from './child.ts';
import { mariadbInitialization } from './mariadb.ts';
import { isMariadb, relayUserSql } from './mysql-flags.ts';
import { makeRunFolder, type RunFolder } from './run-folder.ts';
import type { MysqlVersion, Progress } from './servers.ts';

/** Flags that a data folder is made with and cannot change later. */
const INITIAL =
  /^--(lower[-_]case[-_]table[-_]names|innodb[-_](page[-_]size|data|undo|log|redo)|default[-_]table[-_]encryption)/;

/**
 * A data folder ready to be copied: initialized, with the relay's user and the TLS certificates that mysqld makes at
 * its first start. It has no auto.cnf, so every copy gives itself a server uuid of its own.
 */
export async function mysqlTemplate(
  version: MysqlVersion,
  mysqld: CommandLine,
  flags: readonly string[],
  progress: Progress,
): Promise<string> {
  const initial = flags.filter((flag) => INITIAL.test(flag));
  const recipe = createHash('sha256')
    .update(JSON.stringify([initial, relayUserSql(version)]))
    .digest('hex')
    .slice(0, 8);
  const template = await cached(`mysql-${version}-data-${recipe}`, progress, async (folder) => {
    const data = join(folder, 'data');
    await mkdir(data);
    const run = await makeRunFolder();
    try {
      const isMaria = isMariadb(version);
      const common = [
        `--datadir=${data}`,
        `--tmpdir=${temporaryFolder(run)}`,
        `--user=${userInfo().username}`,
        ...(isMaria ? [] : ['--mysqlx=0']),
        ...initial,
      ];
      const server = { ...mysqld, args: [...mysqld.args, ...common] };
      const initialize = isMaria
        ? await mariadbInitialization(server, run.file('system-tables.sql'))
        : { ...server, args: [...server.args, '--initialize-insecure'] };
      await runToEnd(new Child(initialize, run, 'initialize.log'));
      const sql = run.file('users.sql');
      await writeFile(sql, [...relayUserSql(version), 'SHUTDOWN'].map((statement) => `${statement};\n`).join(''));
      const first = [`--init-file=${sql}`, '--skip-networking', '--disable-log-bin', `--socket=${run.file('socket')}`];
      await runToEnd(new Child({ ...server, args: [...server.args, ...first] }, run, 'first-start.log'));
      run.remove();
    } catch (thrown) {
      run.remove({ keepFolder: true });
      throw thrown;
    }
    await rm(join(data, 'auto.cnf'), { force: true });
  });
  return join(template, 'data');
}

/**
 * Of one server alone: at its start a server removes every `#sql…` of its `tmpdir` (mysql_rm_tmp_tables in
 * sql/sql_base.cc), also what another one is using.
 */
export function temporaryFolder(run: RunFolder): string {
  const folder = run.file('tmp');
  mkdirSync(folder);
  return folder;
}

async function runToEnd(program: Child): Promise<void> {
  await program.start();
  if ((await program.exitCode()) !== 0)
    throw new Error(`mysqld could not make a data folder.\n${await program.logTail()}`);
}

/** mysqldump, which the server's package does not bring: of Debian, kept in the cache of dev/servers like servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cached } from '../../dev/servers/cache.ts';
import { unpackDebianPackages } from '../../dev/servers/debian.ts';
import type { MysqlAddress } from '../../dev/servers/servers.ts';
import { cpuSeconds, peakRssMbOf } from '../measure/processes.ts';
import { say } from '../measure/say.ts';

export interface DumpFigures {
  readonly seconds: number;
  readonly cpuUs: number;
  readonly rssMb: number;
}

const LOOK_MS = 20;

/** Dumps one table into nowhere, with the settings that take no lock. */
export async function mysqldump({ host, port, user, password }: MysqlAddress, table: string): Promise<DumpFigures> {
  const folder = await cached('mysql-client-9.7', say, async (unfinished) => {
    say('fetching mysqldump from Debian (sid), about 20 MB');
    await unpackDebianPackages(unfinished, 'sid', ['mysql-client-core']);
  });
  const usr = join(folder, 'root', 'usr');
  const lib = join(usr, 'lib', 'x86_64-linux-gnu');
  const libraries = ['--library-path', `${lib}:${join(usr, 'lib', 'mysql', 'private')}`];
  const options = ['--no-defaults', '--single-transaction', '--quick', '--no-tablespaces', '--set-gtid-purged=OFF'];
  const account = [`--host=${host}`, `--port=${port}`, `--user=${user}`, `--password=${password}`];
  const startMs = performance.now();
  const dump = spawn(
    join(lib, 'ld-linux-x86-64.so.2'),
    [...libraries, join(usr, 'bin', 'mysqldump'), ...options, ...account, ...table.split('.')],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  dump.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const pid = dump.pid ?? 0;
  let figures = { cpuUs: 0, rssMb: 0 };
  const look = setInterval(() => {
    void Promise.all([cpuSeconds([pid]), peakRssMbOf(pid)]).then(
      ([seconds, rssMb]) => (figures = { cpuUs: seconds * 1e6, rssMb }),
      () => undefined,
    );
  }, LOOK_MS);
  const [code] = (await once(dump, 'exit')) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`mysqldump ended with ${code}: ${errors}`);
  return { seconds: (performance.now() - startMs) / 1000, ...figures };
}

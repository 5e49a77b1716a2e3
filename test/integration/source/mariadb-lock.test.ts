/** The lock of src/source/control.ts on MariaDB, after its connection was lost. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MysqlServer } from '../../../dev/servers/servers.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import { BreakableLine } from '../../support/broken-line.ts';
import { asRoot, controlOf } from './both-servers.ts';

let mariadb: MysqlServer;
beforeAll(async () => {
  mariadb = await startMysql({ version: 'mariadb-10.11', own: true, progress: () => undefined });
  await asRoot(
    mariadb,
    'SET GLOBAL max_statement_time = 0.5',
    "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
  );
});
afterAll(() => mariadb.remove());

test('the lock is taken back within moments from our own session, and waited for longer than a statement may take', async () => {
  const line = await BreakableLine.to(mariadb);
  const ours = controlOf(mariadb, { port: line.port });
  await ours.lock('broken line');
  const term = ours.lockTerm;
  line.break();
  await expect.poll(() => ours.lockTerm).not.toBe(term);
  await expect.poll(() => ours.lockTerm, { timeout: 15_000 }).toBeDefined();
  const other = controlOf(mariadb);
  const waiting = other.lock('broken line');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await ours.close();
  await waiting;
  await other.close();
  line.close();
});

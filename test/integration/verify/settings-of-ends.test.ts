/** Which settings an error of a connection names, and what a setting of a server keeps verify from. */
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { VerifyEnds } from '../../../src/cli/verify-ends.ts';
import { startMysql } from '../../../dev/servers/start.ts';
import type { TableResult } from '../../../src/verify/verify.ts';
import { settingsOf, verify } from '../../support/verifying.ts';
import { freshDatabase, sharedMysql } from '../../support/servers.ts';

let ends: VerifyEnds | undefined;
afterEach(() => ends?.drop());

const source = settingsOf(sharedMysql(), 'verify.source');
const target = settingsOf(sharedMysql(), 'target');
const withSource = (changes: Partial<typeof source>): Promise<unknown> => {
  ends = new VerifyEnds({ ...source, ...changes }, target, systemClock, new AbortController().signal);
  return ends.source();
};
const text = (part: string): unknown => expect.stringContaining(part);

it.each<[string, Partial<typeof source>, string, string]>([
  [
    'a wrong password',
    { password: 'wrong' },
    'SOURCE_ACCESS_DENIED',
    'Check verify.source.user and verify.source.pass',
  ],
  ['a wrong port', { port: 1 }, 'SOURCE_UNREACHABLE', 'check verify.source.host and verify.source.port'],
  ['an unknown host', { host: 'nowhere.invalid' }, 'SOURCE_HOST_UNKNOWN', 'Check verify.source.host'],
  ['a file that is missing', { tls: { mode: 'verify-ca', ca: '/nowhere' } }, 'SOURCE_TLS', 'Give verify.source.tls.ca'],
  ['an unknown certificate', { tls: { mode: 'verify-ca' } }, 'SOURCE_TLS', 'Check verify.source.tls: '],
])('of the source: %s', async (_what, changes, code, remedy) => {
  await expect(withSource(changes)).rejects.toMatchObject({ code, remedy: text(remedy) });
});

it.each<[string, Partial<typeof target>, string, string]>([
  ['a wrong password', { password: 'wrong' }, 'TARGET_ACCESS_DENIED', 'Check target.user and target.password'],
  ['a wrong port', { port: 1 }, 'TARGET_UNREACHABLE', 'check target.host and target.port'],
  ['an unknown certificate', { tls: { mode: 'verify-ca' } }, 'TARGET_TLS', 'Check target.tls: '],
])('of the target: %s', async (_what, changes, code, remedy) => {
  ends = new VerifyEnds(source, { ...target, ...changes }, systemClock, new AbortController().signal);
  await expect(ends.target()).rejects.toMatchObject({ code, remedy: text(remedy) });
});

it('a JSON document that is longer than a packet of the server is neither equal nor different', async () => {
  const server = await startMysql({ version: '9.7', own: true, progress: () => undefined });
  const [from, to] = [await freshDatabase({ mysql: server }), await freshDatabase({ mysql: server })];
  try {
    await from.connection.query("CREATE TABLE t (id INT PRIMARY KEY, j JSON); INSERT INTO t VALUES (1, '[]')");
    await to.connection.query('CREATE TABLE t (id INT PRIMARY KEY, j LONGTEXT)');
    await from.connection.query("INSERT INTO t VALUES (2, JSON_OBJECT('a', REPEAT('x', 300000)))");
    await to.connection.query(`INSERT INTO t SELECT id, CAST(j AS CHAR) FROM ${from.name}.t`);
    const compare = (): Promise<readonly TableResult[]> =>
      verify({ sourceDatabase: from.name, targetDatabase: to.name, ledger: to.name, source: server, target: server });
    for (const type of ['LONGTEXT', 'JSON']) {
      await to.connection.query(`ALTER TABLE t MODIFY j ${type}; SET GLOBAL max_allowed_packet = 131072`);
      await expect(compare()).rejects.toMatchObject({ code: 'VERIFY_UNHASHABLE' });
      await to.connection.query('SET GLOBAL max_allowed_packet = 1073741824');
      expect(await compare()).toMatchObject([{ state: 'equal', rows: 2 }]);
    }
  } finally {
    await from.drop();
    await to.drop();
    await server.remove();
  }
}, 120_000);

/** Which settings an error of a connection names. */
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { VerifyEnds } from '../../../src/cli/verify-ends.ts';
import { settingsOf } from '../../support/verifying.ts';
import { sharedMysql } from '../../support/servers.ts';

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

import { describe, expect, it } from 'vitest';
import { targetError } from '../../../../src/apply/target/target-errors.ts';

describe('an error of the TLS handshake, which mysql2 always calls HANDSHAKE_SSL_ERROR', () => {
  it.each([
    ['TARGET_UNREACHABLE', 'read ECONNRESET', { errno: -104, syscall: 'read' }],
    ['TARGET_UNREACHABLE', 'Client network socket disconnected before secure TLS connection was established', {}],
    ['TARGET_TLS', 'self-signed certificate in certificate chain', {}],
  ])('is %s: %s', (code, text, facts) => {
    const error = Object.assign(new Error(text), facts, { code: 'HANDSHAKE_SSL_ERROR', fatal: true });
    expect(targetError(error, 'db:3306, as apply')).toMatchObject({ code });
  });
});

const ofServer = (errno: number, text: string): Error =>
  Object.assign(new Error(text), { errno, code: 'ER_SOMETHING' });

it.each([
  ['TARGET_BUSY', 1205, 'Lock wait timeout exceeded', /sys\.innodb_lock_waits/],
  ['TARGET_BUSY', 1226, "User 'a' has exceeded the 'max_user_connections' resource", /MAX_USER_CONNECTIONS 0/],
  ['TARGET_BUSY', 1040, 'Too many connections', /max_connections/],
  ['TARGET_FULL', 1114, "The table 't' is full", /Make room/],
  ['TARGET_FULL', 1026, "Error writing file '/tmp/MLfd=43' (OS errno 28 - No space left on device)", /Make room/],
  ['TARGET_FULL', 1030, 'Got error 28 - "No space left on device" from storage engine', /Make room/],
  ['TARGET_READ_ONLY', 1290, 'running with the --read-only option', /SET GLOBAL read_only = OFF/],
  ['TARGET_UNSUITABLE', 1153, 'Got a packet bigger than max_allowed_packet', /max_allowed_packet = 67108864/],
  ['TARGET_ERROR', 1814, 'Tablespace has been discarded for table t', /Look up the number/],
])('is %s for the error %i of the server, with what to do: %s', (code, errno, text, remedy) => {
  const error = targetError(ofServer(errno, text), 'db:3306, as apply', true);
  expect(error).toMatchObject({ code, remedy: expect.stringMatching(remedy) as string });
  expect(error.message).toMatch(new RegExp(`^the target \\(db:3306, as apply\\): .* \\(${errno}\\)$`));
});

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

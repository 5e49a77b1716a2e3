import { expect, it } from 'vitest';
import { factsOf } from '../../../src/mysql/thrown.ts';

const HANDSHAKE = 'HANDSHAKE_SSL_ERROR';
const openssl = (reason: string): string =>
  `80BC90B7F87F0000:error:0A000119:SSL routines:function:${reason}:file.c:616:\n`;

it.each([
  // Damaged on the way.
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', openssl('decryption failed or bad record mac'), 'ECONNRESET'],
  [HANDSHAKE, openssl('decryption failed or bad record mac'), 'ECONNRESET'],
  [HANDSHAKE, openssl('sslv3 alert bad record mac'), 'ECONNRESET'],
  [HANDSHAKE, '80AC:error:0800006B:elliptic curve routines:f:point is not on curve:ec_lib.c:874:\n', 'ECONNRESET'],
  // Not agreed on.
  [HANDSHAKE, openssl('unsupported protocol'), HANDSHAKE],
  [HANDSHAKE, openssl('tlsv1 alert protocol version'), HANDSHAKE],
  [HANDSHAKE, openssl('sslv3 alert handshake failure'), HANDSHAKE],
  [HANDSHAKE, openssl('sslv3 alert certificate unknown'), HANDSHAKE],
  [HANDSHAKE, openssl('tlsv1 alert unknown ca'), HANDSHAKE],
  [HANDSHAKE, openssl('tlsv13 alert certificate required'), HANDSHAKE],
  [HANDSHAKE, openssl('dh key too small'), HANDSHAKE],
  [HANDSHAKE, '80AC:error:0480006C:PEM routines:get_name:no start line:pem_lib.c:763:\n', HANDSHAKE],
  // Of Node.js.
  [HANDSHAKE, 'self-signed certificate in certificate chain', HANDSHAKE],
  [HANDSHAKE, 'Client network socket disconnected before secure TLS connection was established', 'ECONNRESET'],
])('%s: %s', (code, message, known) => {
  expect(factsOf(Object.assign(new Error(message), { code })).code).toBe(known);
});

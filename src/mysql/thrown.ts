/** What mysql2 throws, taken apart. */
import { getSystemErrorName } from 'node:util';

export interface ThrownFacts {
  /** Above 0: the server's own number. */
  readonly errno: number | undefined;
  /** The server's name of it, or one of mysql2, Node.js or the system. */
  readonly code: string | undefined;
  readonly message: string;
  readonly isFatal: boolean;
}

/** Names of errors that say of the line, or of this machine, that the server was not reached. */
export const LINE_ERRORS: readonly string[] = [
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_PACKETS_OUT_OF_ORDER',
  'PROTOCOL_SEQUENCE_TIMEOUT',
];

export function factsOf(thrown: unknown): ThrownFacts {
  if (!(thrown instanceof Error)) return { ...NOTHING, message: String(thrown) };
  // A host with several addresses: Node.js gives one error for each, and no text of its own.
  if (thrown instanceof AggregateError && thrown.message === '') {
    const errors: readonly unknown[] = thrown.errors;
    const inner = errors.map(factsOf);
    return { ...(inner[0] ?? NOTHING), message: inner.map(({ message }) => message).join('; ') };
  }
  return {
    errno: 'errno' in thrown && typeof thrown.errno === 'number' ? thrown.errno : undefined,
    code: codeOf(thrown),
    message: thrown.message,
    isFatal: 'fatal' in thrown && thrown.fatal === true,
  };
}

/** The server has no TLS; the error is mysql2's. */
export function isWithoutTls(thrown: unknown): boolean {
  return factsOf(thrown).code === 'HANDSHAKE_NO_SSL_SUPPORT';
}

/**
 * mysql2 gives every error of a TLS handshake the same code, that of a refused certificate. What the socket said stays
 * beside it: the number of the system's error, or Node.js's and OpenSSL's texts. What OpenSSL says is mostly that bytes
 * were lost or damaged on the way, in the handshake or later.
 */
function codeOf(thrown: Error): string | undefined {
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  if (OF_OPENSSL.test(thrown.message) && !OF_SETTINGS.test(thrown.message)) return 'ECONNRESET';
  if (code !== 'HANDSHAKE_SSL_ERROR') return code;
  if (CUT_HANDSHAKE.test(thrown.message)) return 'ECONNRESET';
  const errno = 'errno' in thrown && typeof thrown.errno === 'number' ? thrown.errno : 0;
  const name = errno < 0 ? getSystemErrorName(errno) : '';
  return name === 'ENOTFOUND' || LINE_ERRORS.includes(name) ? name : code;
}

/** Of a line that brings nothing: to be taken for what Node.js throws of one, by who knows which line it is. */
export function lineError(text: string): Error {
  return Object.assign(new Error(text), { code: 'ETIMEDOUT' });
}

/** `…:error:0A000119:SSL routines:ssl3_get_record:decryption failed or bad record mac:…` */
const OF_OPENSSL = /:error:[0-9A-F]{8}:/;
/** What the two sides do not agree in: no other attempt ends otherwise. Reasons of OpenSSL, ssl/ssl_err.c. */
const OF_SETTINGS =
  /PEM|certificate|unknown ca|protocol|handshake failure|insufficient security|no shared|no ciphers|too small|too weak|access denied/;
const CUT_HANDSHAKE = /disconnected before secure TLS connection|unexpected eof while reading/;

const NOTHING: ThrownFacts = { errno: undefined, code: undefined, message: '', isFatal: false };

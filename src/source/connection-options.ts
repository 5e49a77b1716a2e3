import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import { RelayError } from '../base/errors.ts';
import { currentSecret, type SourceConfig } from '../config/config.ts';

/** How to reach the server; a SourceConfig is one. */
export type ConnectionSettings = Pick<
  SourceConfig,
  'host' | 'port' | 'user' | 'password' | 'passwordFile' | 'tls' | 'connectTimeoutMs'
>;
type TlsSettings = ConnectionSettings['tls'];

/**
 * What mysql2 and zongji are given. Throws SOURCE_TLS when a file of `tls` cannot be read, or the mode cannot be kept.
 *
 * With `preferred` the options ask for encryption, and mysql2 refuses a server without it (HANDSHAKE_NO_SSL_SUPPORT):
 * only then the caller connects once more with `plainOptions`.
 */
export function connectionOptions(settings: ConnectionSettings): ConnectionOptions {
  const ssl = sslOptions(settings.tls, settings.host);
  return ssl === undefined ? plainOptions(settings) : { ...plainOptions(settings), ssl };
}

/**
 * The same connection in plain text. caching_sha2_password then sends the password under the RSA key that the server
 * offers.
 */
export function plainOptions(settings: ConnectionSettings): ConnectionOptions {
  const { host, port, user, connectTimeoutMs } = settings;
  return {
    host,
    port,
    user,
    password: currentPassword(settings),
    connectTimeout: connectTimeoutMs,
    charset: 'utf8mb4',
    // 64-bit numbers and times as MySQL's own text.
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    // A dead peer on an idle line is noticed by the kernel as well.
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    // LOCAL INFILE would let a server ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'binlog-relay' },
  };
}

/** Throws SOURCE_ACCESS_DENIED when its file cannot be read. */
export function currentPassword({ password, passwordFile }: ConnectionSettings): string {
  return currentSecret(password, passwordFile, 'source.password', 'SOURCE_ACCESS_DENIED');
}

/** True when what is sent to the host does not leave this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

function sslOptions(tls: TlsSettings, host: string): SslOptions | undefined {
  switch (tls.mode) {
    case 'disabled':
      return undefined;
    case 'preferred':
    case 'required':
      return { ...ownCertificate(tls), rejectUnauthorized: false };
    case 'verify-ca':
      return { ...ownCertificate(tls), ...authorities(tls), rejectUnauthorized: true };
    case 'verify-identity':
      requireName(host);
      return { ...ownCertificate(tls), ...authorities(tls), rejectUnauthorized: true, verifyIdentity: true };
  }
}

/**
 * mysql2 compares the certificate of a server that is reached by its address with the name `localhost`: it would take a
 * wrong one for right.
 */
function requireName(host: string): void {
  if (isIP(host.replace(/^\[|\]$/g, '')) === 0) return;
  throw new RelayError('SOURCE_TLS', `source.tls.mode is verify-identity, but source.host is the address ${host}`, {
    remedy: 'Set source.host to the name that the certificate was made for, or use verify-ca.',
  });
}

function ownCertificate({ cert, key }: TlsSettings): SslOptions {
  return {
    ...(cert !== undefined && { cert: readPem('source.tls.cert', cert) }),
    ...(key !== undefined && { key: readPem('source.tls.key', key) }),
  };
}

function authorities({ ca }: TlsSettings): SslOptions {
  return ca === undefined ? {} : { ca: readPem('source.tls.ca', ca) };
}

function readPem(setting: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new RelayError('SOURCE_TLS', `${setting}: ${path} cannot be read`, {
      remedy: `Give ${setting} a PEM file that the relay may read.`,
      cause: error,
    });
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new RelayError('SOURCE_TLS', `${setting}: ${path} is not a PEM file`, {
    remedy: `Give ${setting} a file with a -----BEGIN … block.`,
  });
}

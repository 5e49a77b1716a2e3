import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import { RelayError } from '../../base/errors.ts';
import { currentSecret, type TargetConfig } from '../../config/config.ts';

/**
 * What mysql2 is given to reach the target. With mode `preferred` they ask for encryption: a server without it
 * refuses, and the caller connects once more with `plainOptions`.
 */
export function connectionOptions(target: TargetConfig): ConnectionOptions {
  const ssl = sslOptions(target);
  return ssl === undefined ? plainOptions(target) : { ...plainOptions(target), ssl };
}

export function plainOptions(target: TargetConfig): ConnectionOptions {
  const { host, port, user, password, passwordFile, connectTimeoutMs } = target;
  return {
    host,
    port,
    user,
    password: currentSecret(password, passwordFile, 'target.password', 'TARGET_ACCESS_DENIED'),
    connectTimeout: connectTimeoutMs,
    // Statements are bytes in UTF-8, and several travel together.
    charset: 'utf8mb4',
    multipleStatements: true,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    // LOCAL INFILE would let a server ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'binlog-relay apply' },
  };
}

function sslOptions({ tls, host }: TargetConfig): SslOptions | undefined {
  const own: SslOptions = {
    ...(tls.cert !== undefined && { cert: readPem('target.tls.cert', tls.cert) }),
    ...(tls.key !== undefined && { key: readPem('target.tls.key', tls.key) }),
  };
  const ca: SslOptions = tls.ca === undefined ? {} : { ca: readPem('target.tls.ca', tls.ca) };
  switch (tls.mode) {
    case 'disabled':
      return undefined;
    case 'preferred':
    case 'required':
      return { ...own, rejectUnauthorized: false };
    case 'verify-ca':
      return { ...own, ...ca, rejectUnauthorized: true };
    case 'verify-identity':
      requireName(host);
      return { ...own, ...ca, rejectUnauthorized: true, verifyIdentity: true };
  }
}

/** mysql2 compares the certificate of a server that is reached by its address with the name `localhost`. */
function requireName(host: string): void {
  if (isIP(host.replace(/^\[|\]$/g, '')) === 0) return;
  throw new RelayError('TARGET_TLS', `target.tls.mode is verify-identity, but target.host is the address ${host}`, {
    remedy: 'Set target.host to the name that the certificate was made for, or use verify-ca.',
  });
}

function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RelayError('TARGET_TLS', `${setting}: ${path} cannot be read`, {
      remedy: `Give ${setting} a PEM file that can be read.`,
      cause,
    });
  }
}

import { isIP } from 'node:net';
import type { ConnectionOptions } from 'mysql2';
import { currentSecret, type MysqlHost, type SourceConfig } from '../config/config.ts';
import { tlsOptions } from '../mysql/tls-options.ts';

/** How to reach one server. */
export type ConnectionSettings = MysqlHost &
  Pick<SourceConfig, 'user' | 'password' | 'passwordFile' | 'tls' | 'connectTimeoutMs'> & {
    /** Where they stand in the configuration, for errors. */
    readonly section: 'source' | 'copy.source' | 'verify.source';
  };

/** How to reach one of the hosts of `source`. */
export const settingsAt = (source: SourceConfig, { host, port }: MysqlHost): ConnectionSettings => ({
  ...source,
  host,
  port,
});

/**
 * What mysql2 and zongji are given. Throws SOURCE_TLS when a file of `tls` cannot be read, or the mode cannot be kept.
 *
 * With `preferred` the options ask for encryption, and mysql2 refuses a server without it (HANDSHAKE_NO_SSL_SUPPORT):
 * only then the caller connects once more with `plainOptions`.
 */
export function connectionOptions(settings: ConnectionSettings): ConnectionOptions {
  const { section, host } = settings;
  const ssl = tlsOptions(settings.tls, { section, code: 'SOURCE_TLS', host });
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
export function currentPassword({ password, passwordFile, section }: ConnectionSettings): string {
  return currentSecret(password, passwordFile, `${section}.password`, 'SOURCE_ACCESS_DENIED');
}

/** True when what is sent to the host does not leave this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

import type { ConnectionOptions } from 'mysql2';
import { currentSecret, type TargetConfig } from '../../config/config.ts';
import { tlsOptions } from '../../mysql/tls-options.ts';

/**
 * What mysql2 is given to reach the target. With mode `preferred` they ask for encryption: a server without it
 * refuses, and the caller connects once more with `plainOptions`.
 */
export function connectionOptions(target: TargetConfig): ConnectionOptions {
  const { section, host } = target;
  const ssl = tlsOptions(target.tls, { section, code: 'TARGET_TLS', host });
  return ssl === undefined ? plainOptions(target) : { ...plainOptions(target), ssl };
}

export function plainOptions(target: TargetConfig): ConnectionOptions {
  const { host, port, user, password, passwordFile, connectTimeoutMs, section } = target;
  return {
    host,
    port,
    user,
    password: currentSecret(password, passwordFile, `${section}.password`, 'TARGET_ACCESS_DENIED'),
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

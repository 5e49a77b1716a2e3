import { systemClock } from '../../../src/base/clock.ts';
import { RelayError } from '../../../src/base/errors.ts';
import type { ConnectionSettings } from '../../../src/source/connection-options.ts';
import { ControlConnection, type ControlOptions } from '../../../src/source/control.ts';
import type { MysqlAddress, MysqlVersion } from '../../../dev/servers/servers.ts';
import { connectMysql } from '../../support/servers.ts';

/** The oldest and the newest server that the relay reads. */
export const VERSIONS: readonly MysqlVersion[] = ['9.7', '8.0'];

/** As the relay's account, which may do nothing but replicate; `changes` make it another one. */
export function relaySettings(mysql: MysqlAddress, changes: Partial<ConnectionSettings> = {}): ConnectionSettings {
  return {
    host: mysql.host,
    port: mysql.port,
    user: mysql.relayUser,
    password: mysql.relayPassword,
    connectTimeoutMs: 5000,
    tls: { mode: 'preferred' },
    section: 'source',
    ...changes,
  };
}

export function controlOf(
  mysql: MysqlAddress,
  changes: Partial<ConnectionSettings> = {},
  options: Partial<ControlOptions> = {},
): ControlConnection {
  return new ControlConnection({ settings: () => relaySettings(mysql, changes), clock: systemClock, ...options });
}

/** Runs statements as the user who may do everything. */
export async function asRoot(mysql: MysqlAddress, ...statements: readonly string[]): Promise<void> {
  const connection = await connectMysql(mysql);
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

export async function errorOf(promise: Promise<unknown>): Promise<RelayError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RelayError) return error;
  throw new Error(`expected a RelayError, not ${String(error)}`);
}
